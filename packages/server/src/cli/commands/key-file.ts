import { KEY_IMPORT_LINES_MAX, NAME_LENGTH_MAX } from '../../domain/limits.ts';

/** One key of a file that is imported. */
export type KeyLine = {
  /** From 1. */
  readonly number: number;
  /** Lower-case hex. */
  readonly tokenHash: string;
  readonly name: string;
};

/** What is wrong with a line; its text is not repeated, for it might be a token. */
export type LineFault = { readonly line: number; readonly detail: string; readonly code: string };

export type KeyFile =
  | { readonly ok: true; readonly lines: readonly KeyLine[] }
  | { readonly ok: false; readonly faults: readonly LineFault[] };

const HASH = /^[0-9a-f]{64}$/i;

/** Reads `<hash>` or `<hash>,<name>` from each line that is not empty, and finds all that is wrong before anything is done. */
export function readKeyFile(text: string): KeyFile {
  const lines: KeyLine[] = [];
  const faults: LineFault[] = [];
  const seen = new Map<string, number>();
  const texts = text.split('\n');
  for (const [index, each] of texts.entries()) {
    if (each.trim() === '') continue;
    const line = index + 1;
    // Trimming takes the carriage return and a byte order mark, too.
    const comma = each.indexOf(',');
    const tokenHash = (comma === -1 ? each : each.slice(0, comma)).trim().toLowerCase();
    const name = comma === -1 ? '' : each.slice(comma + 1).trim();
    const first = seen.get(tokenHash);
    if (!HASH.test(tokenHash)) {
      faults.push({ line, detail: 'does not begin with a SHA-256 as 64 characters of hex', code: 'wrong_format' });
    } else if (first !== undefined) {
      faults.push({ line, detail: `repeats line ${first}`, code: 'repeated' });
    } else if (name.length > NAME_LENGTH_MAX) {
      faults.push({ line, detail: `has a name of more than ${NAME_LENGTH_MAX} characters`, code: 'too_long' });
    } else {
      seen.set(tokenHash, line);
      lines.push({ number: line, tokenHash, name });
    }
  }
  if (lines.length > KEY_IMPORT_LINES_MAX) {
    const detail = `is one too many: a file may hold ${KEY_IMPORT_LINES_MAX} keys; split it`;
    faults.push({ line: lines[KEY_IMPORT_LINES_MAX]?.number ?? 0, detail, code: 'too_many' });
  }
  if (lines.length === 0 && faults.length === 0) {
    faults.push({ line: 1, detail: 'is empty: there is no key in this file', code: 'empty' });
  }
  return faults.length > 0 ? { ok: false, faults } : { ok: true, lines };
}
