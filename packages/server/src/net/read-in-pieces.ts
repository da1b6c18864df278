import type { Socket } from 'node:net';

/** Node hands over up to 64 KiB at once. */
export const PIECE_BYTES_MAX = 512;

/**
 * Gives undici what came in small pieces. Its parser goes to the end of what it has although it has given the connection up,
 * and past the limit of headers it makes an error for every further name and value: for 64 KiB of tiny headers that took
 * 0.1 s of processor time an answer, in which nothing else was sent.
 */
export function readInPieces(socket: Socket): void {
  const read = socket.read.bind(socket);
  socket.read = (size) => {
    // Node goes on handing over what came before the end.
    if (socket.destroyed) return null;
    const waiting = socket.readableLength;
    return read(size ?? (waiting > PIECE_BYTES_MAX ? PIECE_BYTES_MAX : undefined));
  };
}
