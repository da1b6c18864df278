import type { Writable } from 'node:stream';
import type { Environment } from '../config/load.ts';

/** Everything that a command touches of its surroundings. */
export type Io = {
  readonly stdout: Writable;
  readonly stderr: Writable;
  readonly stdin: AsyncIterable<Uint8Array> & { readonly isTTY?: boolean };
  /** Width of the terminal; null when standard output is not one: then nothing is shortened. */
  readonly columns: number | null;
  readonly color: boolean;
  /** Lines on standard error may overwrite themselves. */
  readonly liveErrors: boolean;
  /** Width of the terminal behind standard error at this moment; it may change. */
  readonly errorColumns?: () => number;
  readonly env: Environment;
  readonly cwd: string;
  readonly now: () => number;
};

const COLUMNS_MIN = 40;
const STDIN_BYTES_MAX = 8 * 1024 * 1024;

export function processIo(): Io {
  const { stdout, stderr, env } = process;
  return {
    stdout,
    stderr,
    stdin: process.stdin,
    columns: stdout.isTTY ? Math.max(COLUMNS_MIN, stdout.columns) : null,
    color: stdout.isTTY && (env['NO_COLOR'] ?? '') === '' && env['TERM'] !== 'dumb',
    liveErrors: stderr.isTTY && env['TERM'] !== 'dumb',
    errorColumns: () => stderr.columns,
    env,
    cwd: process.cwd(),
    now: () => Date.now(),
  };
}

export function writeLine(stream: Writable, text: string): void {
  stream.write(`${text}\n`);
}

/** All of standard input; null when it is longer than any body may be. */
export async function readStdin(io: Io): Promise<Buffer | null> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of io.stdin) {
    length += chunk.length;
    if (length > STDIN_BYTES_MAX) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
