import { randomBytes } from 'node:crypto';
import { closeSync, openSync, readdirSync, readFileSync, statSync, writeSync } from 'node:fs';
import path from 'node:path';

const SEGMENT = /^[0-9A-F]{24}$/;
const TORN_BYTES = 4_096;
const ALIGNED_BYTES = 8;

/**
 * Scribbles behind the last record of the log of a dead PostgreSQL, as a power cut in the middle of a write does. The
 * files of a young server are zeros behind their end. Answers where it scribbled; null: there was no room.
 */
export function tearPostgresLog(data: string): number | null {
  const folder = path.join(data, 'pg_wal');
  const segments = readdirSync(folder)
    .filter((name) => SEGMENT.test(name))
    .map((name) => path.join(folder, name))
    .sort((a, b) => statSync(b).mtimeMs - statSync(a).mtimeMs);
  const [current] = segments;
  if (current === undefined) return null;
  const bytes = readFileSync(current);
  let end = bytes.length;
  while (end > 0 && bytes[end - 1] === 0) end -= 1;
  const at = Math.ceil(end / ALIGNED_BYTES) * ALIGNED_BYTES;
  if (end === 0 || at + TORN_BYTES > bytes.length) return null;
  const file = openSync(current, 'r+');
  writeSync(file, randomBytes(TORN_BYTES), 0, TORN_BYTES, at);
  closeSync(file);
  return at;
}
