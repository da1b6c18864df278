import { writeSync } from 'node:fs';
import type { DestinationStream } from 'pino';

const STDERR = 2;
/** Of lines that could not be written yet. */
const UNWRITTEN_BYTES_MAX = 1_024 * 1_024;
/** A pipe whose reader is a little slow has room again after a moment; one whose reader stands still is not waited for. */
const PAUSE_MS = 10;
const PAUSES_MAX = 50;

/**
 * Standard error, for whole lines. A log that cannot be written, because its disk is full or nobody reads its pipe, must
 * not end or hold up the server: lines wait, are tried again with each line that follows, and are lost past a bound.
 * Pino's own stream throws then, and its `flushSync` never returns.
 */
export function standardError(
  write: (bytes: Uint8Array) => number = (bytes) => writeSync(STDERR, bytes),
): DestinationStream {
  const waiting: Uint8Array[] = [];
  let waitingBytes = 0;
  let isStuck = false;

  function writeWaiting(): void {
    let pauses = 0;
    for (let [first] = waiting; first !== undefined; [first] = waiting) {
      try {
        const written = write(first);
        if (written === 0) return;
        waitingBytes -= written;
        if (written === first.length) waiting.shift();
        else waiting[0] = first.subarray(written);
        isStuck = false;
      } catch (error) {
        if (isStuck || !isBusy(error) || pauses === PAUSES_MAX) {
          isStuck = true;
          return;
        }
        pauses += 1;
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE_MS);
      }
    }
  }

  return {
    write(line) {
      const bytes = Buffer.from(line);
      if (waitingBytes + bytes.length > UNWRITTEN_BYTES_MAX) writeWaiting();
      if (waitingBytes > 0 && waitingBytes + bytes.length > UNWRITTEN_BYTES_MAX) return;
      waiting.push(bytes);
      waitingBytes += bytes.length;
      writeWaiting();
    },
  };
}

function isBusy(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EAGAIN';
}
