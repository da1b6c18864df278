import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';

/** https://sqlite.org/fileformat2.html#walformat */
const HEADER_BYTES = 32;
const FRAME_HEADER_BYTES = 24;
const BIG_ENDIAN_MAGIC = 0x377f0683;

type Sums = readonly [number, number];

/**
 * Leaves a write-ahead log as a power cut in the middle of a commit does: behind the last frame stands a whole frame of
 * a transaction, and then half of the frame that would have committed it. Nobody was told that it was stored. Answers
 * how many whole frames stood before.
 */
export function tear(logPath: string): number {
  const log = readFileSync(logPath);
  if (log.length < HEADER_BYTES) return 0;
  const pageBytes = log.readUInt32BE(8);
  const isBig = log.readUInt32BE(0) === BIG_ENDIAN_MAGIC;
  const frameBytes = FRAME_HEADER_BYTES + pageBytes;
  let sums: Sums = [log.readUInt32BE(24), log.readUInt32BE(28)];
  let at = HEADER_BYTES;
  for (; at + frameBytes <= log.length; at += frameBytes) {
    const frame = log.subarray(at, at + frameBytes);
    const isOfThisLog = frame.compare(log, 16, 24, 8, 16) === 0;
    const next = sumsOf(frame, sums, isBig);
    if (!isOfThisLog || frame.readUInt32BE(16) !== next[0] || frame.readUInt32BE(20) !== next[1]) break;
    sums = next;
  }
  const salts = log.subarray(16, 24);
  const whole = frameOf({ page: 2, pagesAfter: 0, salts, pageBytes, sums, isBig });
  const last = frameOf({ page: 3, pagesAfter: 1_000, salts, pageBytes, sums: whole.sums, isBig });
  const file = openSync(logPath, 'r+');
  writeSync(file, whole.bytes, 0, frameBytes, at);
  writeSync(file, last.bytes, 0, FRAME_HEADER_BYTES + pageBytes / 2, at + frameBytes);
  closeSync(file);
  return (at - HEADER_BYTES) / frameBytes;
}

function frameOf(options: {
  readonly page: number;
  /** Above 0: this frame commits. */
  readonly pagesAfter: number;
  readonly salts: Uint8Array;
  readonly pageBytes: number;
  readonly sums: Sums;
  readonly isBig: boolean;
}): { bytes: Buffer; sums: Sums } {
  const bytes = Buffer.alloc(FRAME_HEADER_BYTES + options.pageBytes, 0xa5);
  bytes.writeUInt32BE(options.page, 0);
  bytes.writeUInt32BE(options.pagesAfter, 4);
  bytes.set(options.salts, 8);
  const sums = sumsOf(bytes, options.sums, options.isBig);
  bytes.writeUInt32BE(sums[0], 16);
  bytes.writeUInt32BE(sums[1], 20);
  return { bytes, sums };
}

/** Of a frame's first 8 bytes and its page, going on from those of the frame before. */
function sumsOf(frame: Buffer, [first, second]: Sums, isBig: boolean): Sums {
  const word = (at: number): number => (isBig ? frame.readUInt32BE(at) : frame.readUInt32LE(at));
  const add = (from: number, to: number): void => {
    for (let at = from; at < to; at += 8) {
      first = (first + word(at) + second) >>> 0;
      second = (second + word(at + 4) + first) >>> 0;
    }
  };
  add(0, 8);
  add(FRAME_HEADER_BYTES, frame.length);
  return [first, second];
}
