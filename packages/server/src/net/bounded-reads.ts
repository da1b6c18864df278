import type { Socket } from 'node:net';
import { errors } from 'undici';

/** Of one answer, line ends and informational answers before it included. */
export const RESPONSE_HEADER_BYTES_MAX = 16 * 1024;
/** What follows a head is a body, whose pieces cost nothing, or trailers, which are bounded by their pieces. */
export const PIECE_BYTES_MAX = 2 * 1024;

/** How far an answer on one connection is. */
export type AnswerReading = { isHeadRead: boolean };

/** undici parses what it reads before it reads on, and does not say on which connection: this says it during those calls. */
export type ReadContext = { reading: AnswerReading | null };

/**
 * Bounds the head of an answer before undici sees what is past the bound. Its parser goes to the end of what it was given
 * although it has given the connection up, and makes an error for each further name and value: 64 KiB of tiny headers took
 * 0.1 s of processor time an answer, in which nothing else was sent.
 */
export function boundReads(socket: Socket, context: ReadContext): void {
  const read = socket.read.bind(socket);
  const answer: AnswerReading = { isHeadRead: false };
  let written = 0;
  let headBytes = 0;
  socket.read = (size) => {
    // Node goes on handing over what came before the end.
    if (socket.destroyed) return null;
    context.reading = answer;
    const waiting = socket.readableLength;
    if (size !== undefined || waiting === 0) return read(size);
    if (socket.bytesWritten !== written) {
      // Another request went out, so another answer comes in.
      written = socket.bytesWritten;
      answer.isHeadRead = false;
      headBytes = 0;
    }
    if (answer.isHeadRead) return read(Math.min(waiting, PIECE_BYTES_MAX));
    const room = RESPONSE_HEADER_BYTES_MAX - headBytes;
    if (room === 0) {
      socket.destroy(new errors.HeadersOverflowError());
      return null;
    }
    const piece = Math.min(waiting, room);
    headBytes += piece;
    return read(piece);
  };
}
