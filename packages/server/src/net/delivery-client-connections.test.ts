import http from 'node:http';
import net from 'node:net';
import { describe, expect, it } from 'vitest';
import { answerOf, build, cleanups, listen, listenRaw, post, SHORT_MS } from './loopback.testing.ts';

describe('a connection', () => {
  it('is kept for the next request, which then has no phases of it', async () => {
    const sockets = new Set<net.Socket>();
    const port = await listen(
      http.createServer((request, response) => {
        sockets.add(request.socket);
        response.end('x'.repeat(10_000));
      }),
    );
    const client = build();
    const url = new URL(`http://localhost:${port}/`);
    const first = await post(client, url);
    expect(first.phases).toEqual({
      dnsMs: expect.any(Number),
      connectMs: expect.any(Number),
      tlsMs: null,
      firstByteMs: expect.any(Number),
      totalMs: expect.any(Number),
    });
    for (let round = 0; round < 5; round += 1) {
      const next = await post(client, url);
      expect(next.phases).toMatchObject({ dnsMs: null, connectMs: null, tlsMs: null, firstByteMs: expect.any(Number) });
    }
    expect(sockets.size).toBe(1);
  });

  it('is not kept past the cap of open sockets or past its age', async () => {
    const sockets = new Set<net.Socket>();
    const port = await listen(
      http.createServer((request, response) => {
        sockets.add(request.socket);
        response.end();
      }),
    );
    const capped = build({ keptSocketsMax: 0 });
    for (let round = 0; round < 3; round += 1) await post(capped, `http://127.0.0.1:${port}/`);
    // The first is sent before its socket counts.
    expect(sockets.size).toBeGreaterThanOrEqual(2);
    const before = sockets.size;
    const aging = build({ connectionMsMax: 20 });
    await post(aging, `http://127.0.0.1:${port}/`);
    await new Promise((resolve) => setTimeout(resolve, 50));
    await post(aging, `http://127.0.0.1:${port}/`);
    expect(sockets.size).toBe(before + 2);
  });

  it('that its answer closed is not taken for the next request, which has a deadline on each phase of its own', async () => {
    const port = await listenRaw((socket) => socket.end('HTTP/1.1 204 X\r\nconnection: close\r\n\r\n'));
    let later = 0;
    let isHung = false;
    const client = build({
      // Past the time for which an address is remembered.
      monotonic: () => performance.now() + later,
      resolve: async () => (isHung ? await new Promise(() => undefined) : [{ address: '127.0.0.1', family: 4 }]),
    });
    const url = new URL(`http://receiver.example:${port}/`);
    for (let round = 0; round < 3; round += 1) {
      const { phases } = await post(client, url);
      expect(phases).toMatchObject({ dnsMs: expect.any(Number), connectMs: expect.any(Number) });
    }
    [later, isHung] = [60_000, true];
    const failed = await post(client, url, { deadlineMs: SHORT_MS });
    expect(failed).toMatchObject({ failure: 'timeout', detail: 'The host name did not resolve within 150 ms.' });
  });

  it('that dies under a reused request is a stale one, and the request is not sent again', async () => {
    let requests = 0;
    const port = await listenRaw((socket, count) => {
      requests = count;
      if (count === 1) socket.write('HTTP/1.1 204 X\r\n\r\n');
      else socket.resetAndDestroy();
    });
    const client = build();
    expect(await post(client, `http://127.0.0.1:${port}/`)).toMatchObject({ status: 204 });
    expect(await post(client, `http://127.0.0.1:${port}/`)).toMatchObject({ failure: 'reset', staleConnection: true });
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(requests).toBe(2);
  });

  it.each([
    ['reset', (socket: net.Socket) => socket.resetAndDestroy()],
    ['closed', (socket: net.Socket) => socket.end()],
    ['closed inside the headers', (socket: net.Socket) => socket.end('HTTP/1.1 200 OK\r\nx-a: b\r\n')],
  ])('that is %s without an answer is a reset, and not a stale one', async (_name, ending) => {
    const port = await listenRaw(ending);
    const result = await post(build(), `http://127.0.0.1:${port}/`);
    expect(result).toMatchObject({ kind: 'failure', failure: 'reset', staleConnection: false });
  });

  it.each([
    ['a line that is no header', 'HTTP/1.1 200 OK\r\nbad header\r\n\r\n', 'protocol'],
    ['another protocol', 'SSH-2.0-OpenSSH_9.9\r\n', 'protocol'],
    ['a header without end', `HTTP/1.1 200 OK\r\nx-a: ${'a'.repeat(17_000)}\r\n\r\n`, 'response_too_large'],
    ['headers without end', `HTTP/1.1 200 OK\r\n${'x-a: b\r\n'.repeat(6_000)}\r\n`, 'response_too_large'],
  ])('that says %s fails', async (_name, reply, failure) => {
    expect(await answerOf(reply)).toMatchObject({ kind: 'failure', failure });
  });

  it('that nobody accepts, and a name that nobody knows, are told apart without naming an address', async () => {
    const port = await listen(net.createServer());
    for (const cleanup of cleanups.splice(0)) await cleanup();
    const client = build({
      resolve: async (host) => (host === 'gone.example' ? [{ address: '127.0.0.1', family: 4 }] : []),
    });
    const refused = await post(client, `http://gone.example:${port}/`);
    expect(refused).toMatchObject({ failure: 'connect', detail: 'The connection was refused.' });
    expect(JSON.stringify(refused)).not.toContain('127.');
    expect(await post(client, 'http://unknown.example/')).toMatchObject({ failure: 'dns' });
    expect(await post(build(), 'http://does-not-exist.invalid/')).toMatchObject({ failure: 'dns' });
  });
});
