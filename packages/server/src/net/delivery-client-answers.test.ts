import http from 'node:http';
import type net from 'node:net';
import zlib from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { EXCERPT_BYTES_MAX, RESPONSE_HEADERS_KEPT_MAX } from '../domain/limits.ts';
import { answerOf, build, listen, listenRaw, post } from './loopback.testing.ts';
import type { SendResult } from './sender.ts';

describe('an answer', () => {
  it.each([200, 201, 204, 205, 304, 400, 410, 429, 500, 503])('with status %i is reported as such', async (status) => {
    const length = status === 204 || status === 304 ? '' : 'content-length: 0\r\n';
    expect(await answerOf(`HTTP/1.1 ${status} X\r\n${length}\r\n`)).toMatchObject({ kind: 'response', status });
  });

  it('that redirects is not followed', async () => {
    let hits = 0;
    const port = await listen(
      http.createServer((_request, response) => {
        hits += 1;
        response.writeHead(302, { location: '/elsewhere' }).end();
      }),
    );
    expect(await post(build(), `http://127.0.0.1:${port}/`)).toMatchObject({ kind: 'response', status: 302 });
    expect(hits).toBe(1);
  });

  it('that is only informational is skipped, and an unasked 101 or 100 is a protocol failure', async () => {
    const early = 'HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n';
    expect(await answerOf(`${early}HTTP/1.1 202 OK\r\ncontent-length: 0\r\n\r\n`)).toMatchObject({ status: 202 });
    expect(await answerOf('HTTP/1.1 101 Switching\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n')).toMatchObject({
      failure: 'protocol',
    });
    expect(await answerOf('HTTP/1.1 100 Continue\r\n\r\n')).toMatchObject({ failure: 'protocol' });
  });

  it('brings Retry-After and the verified key as they were written', async () => {
    const huge = '9'.repeat(400);
    const result = await answerOf(
      `HTTP/1.1 429 X\r\nRetry-After: ${huge}\r\nWebhook-Verified-Key: sec_1\r\nwebhook-verified-key: sec_2\r\ncontent-length: 0\r\n\r\n`,
    );
    expect(result).toMatchObject({ retryAfter: huge, verifiedKey: 'sec_1' });
    expect(await answerOf('HTTP/1.1 204 X\r\n\r\n')).toMatchObject({ retryAfter: null, verifiedKey: null });
  });

  it('keeps headers and excerpt of failures, of successes only on request', async () => {
    const reply = (status: number): string =>
      `HTTP/1.1 ${status} X\r\nX-Tag: a\u00e9\r\ncontent-length: 5\r\n\r\nhello`;
    const text = (result: SendResult): unknown =>
      result.kind === 'response' && [result.headers, result.excerpt && Buffer.from(result.excerpt).toString()];
    const port = await listenRaw((socket, count) =>
      socket.write(Buffer.from(reply(count === 1 ? 500 : 200), 'latin1')),
    );
    const client = build();
    const kept = [
      [
        ['X-Tag', 'a\u00e9'],
        ['content-length', '5'],
      ],
      'hello',
    ];
    expect(text(await post(client, `http://127.0.0.1:${port}/`))).toEqual(kept);
    expect(text(await post(client, `http://127.0.0.1:${port}/`))).toEqual([null, null]);
    expect(text(await post(client, `http://127.0.0.1:${port}/`, { capture: 'always' }))).toEqual(kept);
  });

  it('is cut at 4 KiB of body, from chunks of any size', async () => {
    const text = Array.from({ length: 700 }, (_, index) => `line ${index}\n`).join('');
    const port = await listen(
      http.createServer((_request, response) => {
        response.writeHead(500);
        const parts = [text.slice(0, 10), text.slice(10, 4_000), text.slice(4_000)];
        const next = (): void => {
          const part = parts.shift();
          if (part === undefined) response.end();
          else response.write(part, () => setImmediate(next));
        };
        next();
      }),
    );
    const result = await post(build(), `http://127.0.0.1:${port}/`);
    expect(result.kind === 'response' && Buffer.from(result.excerpt ?? []).toString()).toBe(
      text.slice(0, EXCERPT_BYTES_MAX),
    );
  });

  it('keeps a bounded number and size of headers', async () => {
    const many = Array.from({ length: 500 }, (_, index) => `x-${index}: ${index}\r\n`).join('');
    const flood = await answerOf(`HTTP/1.1 500 X\r\n${many}content-length: 0\r\n\r\n`);
    expect(flood.kind === 'response' && flood.headers?.length).toBe(RESPONSE_HEADERS_KEPT_MAX);
    const wide = await answerOf(
      `HTTP/1.1 500 X\r\nx-a: ${'a'.repeat(7_000)}\r\nx-b: ${'b'.repeat(7_000)}\r\ncontent-length: 0\r\n\r\n`,
    );
    expect(wide.kind === 'response' && wide.headers?.map(([name]) => name)).toEqual(['x-a']);
  });

  it('is not inflated', async () => {
    const bomb = zlib.gzipSync(Buffer.alloc(4 * 1024 * 1024));
    const port = await listen(
      http.createServer((_request, response) => response.writeHead(500, { 'content-encoding': 'gzip' }).end(bomb)),
    );
    const result = await post(build(), `http://127.0.0.1:${port}/`);
    expect(result.kind === 'response' && Buffer.from(result.excerpt ?? [])).toEqual(
      bomb.subarray(0, EXCERPT_BYTES_MAX),
    );
  });

  it('with an endless body is an answer, and its connection is closed', async () => {
    const closed = Promise.withResolvers<void>();
    const port = await listen(
      http.createServer((_request, response) => {
        response.writeHead(200);
        const timer = setInterval(() => response.write(Buffer.alloc(16_384)), 1);
        response.on('close', () => {
          clearInterval(timer);
          closed.resolve();
        });
      }),
    );
    expect(await post(build(), `http://127.0.0.1:${port}/`)).toMatchObject({ kind: 'response', status: 200 });
    await closed.promise;
  });

  it.each([200, 500])(
    'with status %i is an answer also when its body is reset, cut off or too slow',
    async (status) => {
      const head = `HTTP/1.1 ${status} X\r\ncontent-length: 1000\r\n\r\npart`;
      const endings = [
        (socket: net.Socket) => socket.write(head, () => socket.resetAndDestroy()),
        (socket: net.Socket) => socket.end(head),
        (socket: net.Socket) => socket.write(head),
        (socket: net.Socket) => socket.write(`HTTP/1.1 ${status} X\r\ntransfer-encoding: chunked\r\n\r\nnot-hex\r\n`),
      ];
      for (const ending of endings) {
        const port = await listenRaw(ending);
        const result = await post(build(), `http://127.0.0.1:${port}/`, { deadlineMs: 400 });
        expect(result).toMatchObject({ kind: 'response', status });
      }
    },
  );
});
