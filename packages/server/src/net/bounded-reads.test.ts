import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { boundReads, PIECE_BYTES_MAX, RESPONSE_HEADER_BYTES_MAX, type ReadContext } from './bounded-reads.ts';
import { build, listenRaw, post } from './loopback.testing.ts';

let cleanup: (() => void)[] = [];
afterEach(() => {
  for (const step of cleanup.reverse()) step();
  cleanup = [];
});

/** A connection whose other side says `sent` at once, and again after each word that it hears. */
async function connected(sent: Buffer): Promise<{ socket: Socket; context: ReadContext }> {
  const server = createServer((socket) => {
    socket.write(sent);
    socket.on('error', () => {});
    socket.on('data', () => socket.write(sent));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  cleanup.push(() => {
    socket.destroy();
    server.close();
  });
  const context: ReadContext = { reading: null };
  boundReads(socket, context);
  return { socket, context };
}

/** Also when there will never be more. */
async function more(socket: Socket): Promise<void> {
  await new Promise<void>((resolve) => {
    socket.once('readable', resolve);
    socket.once('close', () => resolve());
  });
}

/** Reads as undici does, again and again while there is something, until so many bytes came or the connection ended. */
async function readUntil(socket: Socket, bytes: number, onPiece: () => void = () => {}): Promise<readonly Buffer[]> {
  const pieces: Buffer[] = [];
  let count = 0;
  while (count < bytes && !socket.destroyed) {
    for (let piece = socket.read() as Buffer | null; piece !== null; piece = socket.read() as Buffer | null) {
      pieces.push(piece);
      count += piece.length;
      onPiece();
    }
    if (count < bytes && !socket.destroyed) await more(socket);
  }
  return pieces;
}

describe('reading an answer', () => {
  it('hands over no more than a head may have, until it is known to be read', async () => {
    const { socket } = await connected(Buffer.alloc(100_000, 'a'));
    const errors: Error[] = [];
    socket.on('error', (error) => errors.push(error));
    const pieces = await readUntil(socket, 100_000);
    await more(socket);
    expect(Buffer.concat(pieces)).toHaveLength(RESPONSE_HEADER_BYTES_MAX);
    expect(errors).toMatchObject([{ code: 'UND_ERR_HEADERS_OVERFLOW' }]);
    expect(socket.read()).toBeNull();
  });

  it('hands over everything behind a head, in small pieces', async () => {
    const sent = Buffer.from(Array.from({ length: 200_001 }, (_, index) => index % 251));
    const { socket, context } = await connected(sent);
    const pieces = await readUntil(socket, sent.length, () => {
      if (context.reading !== null) context.reading.isHeadRead = true;
    });
    expect(Buffer.concat(pieces).equals(sent)).toBe(true);
    expect(Math.max(...pieces.slice(1).map(({ length }) => length))).toBe(PIECE_BYTES_MAX);
  });

  it('counts anew for each request', async () => {
    const sent = Buffer.alloc(RESPONSE_HEADER_BYTES_MAX - 1, 'a');
    const { socket } = await connected(sent);
    for (let request = 0; request < 3; request += 1) {
      expect(Buffer.concat(await readUntil(socket, sent.length))).toHaveLength(sent.length);
      socket.write('more');
    }
    expect(socket.destroyed).toBe(false);
  });
});

describe('a receiver', () => {
  it.each([
    ['tiny headers', 'HTTP/1.1 200 OK\r\n', 'a:b\r\n'],
    ['informational answers', '', 'HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n'],
  ])('that sends %s without an end is refused', async (_name, begin, more) => {
    const port = await listenRaw((socket) => socket.write(begin + more.repeat(20_000)));
    const result = await post(build(), `http://127.0.0.1:${port}/`);
    expect(result).toMatchObject({ kind: 'failure', failure: 'response_too_large' });
  });

  it('that has answered may send trailers as it likes: the status stands', async () => {
    const port = await listenRaw((socket) => {
      socket.write('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n');
      socket.write('a:b\r\n'.repeat(20_000));
    });
    expect(await post(build(), `http://127.0.0.1:${port}/`)).toMatchObject({ kind: 'response', status: 200 });
  });
});
