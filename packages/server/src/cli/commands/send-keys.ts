import { CommandFailure } from '../exit.ts';
import type { KeyLine, LineFault } from './key-file.ts';

/** Requests under way at once, so that the server can commit them together. */
const REQUESTS_MAX = 16;
/** How often a line is sent again that the server had no time for, and how long that waits. */
const TRIES_MAX = 120;
const TRY_AGAIN_MS = 1_000;

export type Imported = {
  imported: number;
  /** By an earlier run. */
  alreadyImported: number;
  /** Those of them that keep scopes other than this run gives. */
  otherScopes: number;
  readonly failed: LineFault[];
};

export type SendTools = {
  /** Throws CommandFailure when the server refuses. */
  readonly send: (line: KeyLine) => Promise<unknown>;
  readonly wait: (ms: number) => Promise<unknown>;
  readonly tell: (done: number) => void;
};

/**
 * Sends every line. One that cannot be imported is told at the end and stops no other; anything else that goes wrong ends
 * it all, and the next run goes on from there.
 */
export async function sendKeys(lines: readonly KeyLine[], { send, wait, tell }: SendTools): Promise<Imported> {
  const result: Imported = { imported: 0, alreadyImported: 0, otherScopes: 0, failed: [] };
  const queue = lines.values();
  /** What ends it all; the first of them is told. */
  const failures: unknown[] = [];

  async function importOne(line: KeyLine): Promise<void> {
    for (let tries = 1; ; tries += 1) {
      try {
        await send(line);
        result.imported += 1;
        return;
      } catch (error) {
        if (!(error instanceof CommandFailure)) throw error;
        const { status } = error.facts;
        if ((status === 429 || status === 503) && tries < TRIES_MAX && failures.length === 0) {
          await wait(TRY_AGAIN_MS);
          continue;
        }
        const { errors = [] } = error.facts;
        const [fault] = errors;
        if (fault?.pointer !== '/tokenHash') throw error;
        if (fault.code === 'already_imported') {
          result.alreadyImported += 1;
          if (errors.some(({ code }) => code === 'other_scopes')) result.otherScopes += 1;
        } else result.failed.push({ line: line.number, detail: `its hash ${fault.detail}`, code: fault.code });
        return;
      }
    }
  }

  async function work(): Promise<void> {
    for (const line of queue) {
      if (failures.length > 0) return;
      await importOne(line);
      tell(result.imported + result.alreadyImported + result.failed.length);
    }
  }

  const worker = async (): Promise<void> => {
    try {
      await work();
    } catch (cause) {
      failures.push(cause);
    }
  };
  // The connection is closed behind this, so all of them end before it does.
  await Promise.all(Array.from({ length: Math.min(REQUESTS_MAX, lines.length) }, worker));
  if (failures.length > 0) throw failures[0];
  result.failed.sort((a, b) => a.line - b.line);
  return result;
}
