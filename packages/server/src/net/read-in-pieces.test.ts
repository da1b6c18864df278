import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { PIECE_BYTES_MAX, readInPieces } from './read-in-pieces.ts';

let cleanup: (() => void)[] = [];
afterEach(() => {
  for (const step of cleanup.reverse()) step();
  cleanup = [];
});

/** Everything that a reader is given who asks as undici does: again and again until there is nothing. */
async function piecesOf(sent: Buffer): Promise<readonly Buffer[]> {
  const server = createServer((socket) => socket.end(sent));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanup.push(() => server.close());
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  cleanup.push(() => socket.destroy());
  readInPieces(socket);
  const pieces: Buffer[] = [];
  socket.on('readable', () => {
    for (let piece = socket.read() as Buffer | null; piece !== null; piece = socket.read() as Buffer | null) {
      pieces.push(piece);
    }
  });
  await once(socket, 'end');
  return pieces;
}

describe('reading in pieces', () => {
  it('hands over everything, and never more at once than a piece', async () => {
    const sent = Buffer.from(Array.from({ length: 200_001 }, (_, index) => index % 251));
    const pieces = await piecesOf(sent);
    expect(Math.max(...pieces.map(({ length }) => length))).toBe(PIECE_BYTES_MAX);
    expect(Buffer.concat(pieces).equals(sent)).toBe(true);
  });

  it('hands over nothing more once the connection was given up', async () => {
    const server = createServer((socket) => socket.write(Buffer.alloc(20_000)));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    cleanup.push(() => server.close());
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
    readInPieces(socket);
    await once(socket, 'readable');
    expect(socket.read()).toHaveLength(PIECE_BYTES_MAX);
    socket.destroy();
    expect(socket.readableLength).toBeGreaterThan(0);
    expect(socket.read()).toBeNull();
  });

  it('does not wait for a whole piece', async () => {
    expect(await piecesOf(Buffer.from('little'))).toEqual([Buffer.from('little')]);
    expect(await piecesOf(Buffer.alloc(0))).toEqual([]);
  });
});
