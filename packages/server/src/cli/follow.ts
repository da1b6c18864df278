import { setTimeout } from 'node:timers/promises';
import { CommandFailure, EXIT } from './exit.ts';
import { type Json, records, textOrNull } from './json.ts';

const POLL_MS = 500;
const LOST_WAIT_MS = [500, 1_000, 2_000, 5_000] as const;

export type FollowTools = {
  /** Ends it at once, whatever is under way. */
  readonly stopped: AbortSignal;
  /** Asks for what comes behind a cursor; null: the first page. Throws CommandFailure. */
  readonly page: (cursor: string | null) => Promise<Json>;
  /** Resolves when there is room for more. */
  readonly show: (items: readonly Json[]) => Promise<void>;
  /** Looks for the server anew: it may have another address and token. Answers whether they have changed. */
  readonly reconnect: () => Promise<boolean>;
  readonly lost: (failure: CommandFailure) => void;
  readonly found: () => void;
  readonly wait?: (ms: number) => Promise<void>;
};

/**
 * Shows each item once, in order, from the first page on until it is stopped. Only the cursor is kept between two pages, and
 * it is moved on when a page has been shown, so nothing is lost or repeated however often the server goes away.
 */
export async function follow(tools: FollowTools): Promise<void> {
  const { stopped } = tools;
  const wait = tools.wait ?? ((ms) => pause(ms, stopped));
  let cursor: string | null = null;
  let failures = 0;
  while (!stopped.aborted) {
    let page: Json;
    try {
      page = await tools.page(cursor);
    } catch (error) {
      if (isStopped(stopped)) return;
      if (!(error instanceof CommandFailure) || cursor === null) throw error;
      if (!(await isPassing(error, tools))) throw error;
      if (failures === 0) tools.lost(error);
      await wait(LOST_WAIT_MS[Math.min(failures, LOST_WAIT_MS.length - 1)] ?? POLL_MS);
      failures += 1;
      if (!isStopped(stopped)) await tools.reconnect();
      continue;
    }
    if (failures > 0) tools.found();
    failures = 0;
    await tools.show(records(page['items']));
    cursor = textOrNull(page, 'nextCursor') ?? cursor;
    if (page['hasMore'] !== true) await wait(POLL_MS);
  }
}

/** The server is away, has no time, or was started again and has another token for the commands of this machine. */
async function isPassing({ facts }: CommandFailure, { reconnect }: FollowTools): Promise<boolean> {
  const { exitCode, status = null } = facts;
  if (exitCode === EXIT.UNREACHABLE) return true;
  if (status === 401) return await reconnect();
  return status !== null && (status === 429 || status >= 500);
}

/** It changes while others are waited for. */
function isStopped(signal: AbortSignal): boolean {
  return signal.aborted;
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await setTimeout(ms, undefined, { signal }).catch(() => undefined);
}
