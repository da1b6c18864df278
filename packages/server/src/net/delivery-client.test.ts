import http from 'node:http';
import net from 'node:net';
import { describe, expect, it } from 'vitest';
import { build, listen, listenRaw, post, SHORT_MS } from './loopback.testing.ts';

describe('a request', () => {
  it('is a POST of exactly these bytes, with the given headers and no others of meaning', async () => {
    const seen: { method?: string; url?: string; headers?: http.IncomingHttpHeaders; body?: string } = {};
    const port = await listen(
      http.createServer((request, response) => {
        const { method, url, headers } = request;
        const chunks: Buffer[] = [];
        request.on('data', (chunk: Buffer) => chunks.push(chunk));
        request.on('end', () => {
          Object.assign(seen, { method, url, headers, body: Buffer.concat(chunks).toString() });
          response.end();
        });
      }),
    );
    const result = await post(build(), `http://127.0.0.1:${port}/a%20b?c=d`, {
      headers: ['content-type', 'text/plain', 'webhook-id', 'evt_1'],
      body: Buffer.from('  ünchanged\n'),
    });
    expect(result).toMatchObject({ kind: 'response', status: 200 });
    expect(seen).toEqual({
      method: 'POST',
      url: '/a%20b?c=d',
      headers: {
        host: `127.0.0.1:${port}`,
        connection: 'keep-alive',
        'accept-encoding': 'identity',
        'content-type': 'text/plain',
        'webhook-id': 'evt_1',
        'content-length': '13',
      },
      body: '  ünchanged\n',
    });
  });

  it('may have an empty body', async () => {
    const port = await listen(
      http.createServer((request, response) => response.end(request.headers['content-length'])),
    );
    const result = await post(build(), `http://127.0.0.1:${port}/`, { body: new Uint8Array(0), capture: 'always' });
    expect(result.kind === 'response' && Buffer.from(result.excerpt ?? []).toString()).toBe('0');
  });

  it('with a header that HTTP does not allow is a value, not an exception', async () => {
    const client = build();
    for (const headers of [
      ['x-bad', 'a\r\nx-injected: 1'],
      ['x bad', 'a'],
      ['transfer-encoding', 'chunked'],
      ['odd'],
    ]) {
      expect(await post(client, 'http://127.0.0.1:9/', { headers })).toMatchObject({ failure: 'invalid_request' });
    }
  });
});

describe('a deadline', () => {
  it('ends a request that is never answered, and closes its connection', async () => {
    const closed = Promise.withResolvers<void>();
    const port = await listenRaw((socket) => socket.on('close', () => closed.resolve()));
    const result = await post(build(), `http://127.0.0.1:${port}/`, { deadlineMs: SHORT_MS });
    expect(result).toMatchObject({
      kind: 'failure',
      failure: 'timeout',
      detail: 'No response within 150 ms.',
      staleConnection: false,
    });
    expect(result.phases.totalMs).toBeGreaterThanOrEqual(SHORT_MS);
    await closed.promise;
  });

  it.each([
    ['the status line', 'HTTP/1.1 200 OK\r\n'.split('')],
    [
      'headers that never end',
      Array.from({ length: 100 }, (_, index) => `${index === 0 ? 'HTTP/1.1 200 OK\r\n' : ''}x-${index}: y\r\n`),
    ],
    ['informational answers', Array.from({ length: 100 }, () => 'HTTP/1.1 102 Processing\r\n\r\n')],
  ])('is not pushed back by a trickle of %s', async (_name, pieces) => {
    const port = await listenRaw((socket) => {
      const timer = setInterval(() => socket.write(pieces.shift() ?? ''), 20);
      socket.on('close', () => clearInterval(timer));
    });
    expect(await post(build(), `http://127.0.0.1:${port}/`, { deadlineMs: SHORT_MS })).toMatchObject({
      failure: 'timeout',
    });
  });

  it('covers the resolution of the name', async () => {
    const client = build({ resolve: () => new Promise(() => undefined) });
    const result = await post(client, 'http://hung.example/', { deadlineMs: SHORT_MS });
    expect(result).toMatchObject({ failure: 'timeout', detail: 'The host name did not resolve within 150 ms.' });
  });

  it('covers the TLS handshake, and gives the connection up', async () => {
    const closed = Promise.withResolvers<void>();
    const port = await listen(net.createServer((socket) => socket.resume().on('close', () => closed.resolve())));
    const result = await post(build(), `https://127.0.0.1:${port}/`, { deadlineMs: SHORT_MS });
    expect(result).toMatchObject({ failure: 'timeout', detail: 'The TLS handshake was not complete within 150 ms.' });
    expect(result.phases).toMatchObject({ dnsMs: null, tlsMs: null, firstByteMs: null });
    await closed.promise;
  });

  it('that struck before a connection was there leaves nothing behind that is sent later', async () => {
    let requests = 0;
    const port = await listenRaw(() => {
      requests += 1;
    });
    const resolved = Promise.withResolvers<readonly { address: string; family: 4 }[]>();
    const client = build({ resolve: () => resolved.promise });
    expect(await post(client, `http://late.example:${port}/`, { deadlineMs: SHORT_MS })).toMatchObject({
      failure: 'timeout',
    });
    resolved.resolve([{ address: '127.0.0.1', family: 4 }]);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(requests).toBe(0);
  });
});

describe('the sender', () => {
  it('serves many origins at once', async () => {
    const server = http.createServer((request, response) => setImmediate(() => response.end(request.headers.host)));
    const port = await listen(server);
    const client = build({ resolve: async () => [{ address: '127.0.0.1', family: 4 }] });
    const sends = Array.from({ length: 300 }, async (_, index) => {
      const host = `tenant-${index % 100}.example:${port}`;
      const result = await post(client, `http://${host}/`, { capture: 'always' });
      return result.kind === 'response' && Buffer.from(result.excerpt ?? []).toString() === host;
    });
    expect((await Promise.all(sends)).every(Boolean)).toBe(true);
  });

  it('is not held up by a hundred receivers that hang', async () => {
    const hung = await listen(net.createServer((socket) => socket.resume()));
    const port = await listenRaw((socket) => socket.write('HTTP/1.1 204 X\r\n\r\n'));
    const client = build();
    const hanging = Array.from({ length: 100 }, () => post(client, `http://127.0.0.1:${hung}/`, { deadlineMs: 1_000 }));
    expect(await post(client, `http://127.0.0.1:${port}/`)).toMatchObject({ status: 204 });
    expect(
      (await Promise.all(hanging)).every((result) => result.kind === 'failure' && result.failure === 'timeout'),
    ).toBe(true);
  });

  it('waits on close for what is in flight and takes nothing new', async () => {
    const arrived = Promise.withResolvers<http.ServerResponse>();
    const port = await listen(http.createServer((_request, response) => arrived.resolve(response)));
    const client = build();
    const order: string[] = [];
    const sent = post(client, `http://127.0.0.1:${port}/`).then((result) => {
      order.push('answered');
      return result;
    });
    const response = await arrived.promise;
    const closed = client.close().then(() => order.push('closed'));
    expect(await post(client, `http://127.0.0.1:${port}/`)).toMatchObject({ failure: 'closed' });
    response.writeHead(202).end();
    expect(await sent).toMatchObject({ kind: 'response', status: 202 });
    await closed;
    await client.close();
    expect(order).toEqual(['answered', 'closed']);
  });

  it('leaves no connection behind on destroy that was still being opened', async () => {
    const closed = Promise.withResolvers<void>();
    // Takes the connection and never answers the handshake.
    const port = await listen(net.createServer((socket) => socket.resume().on('close', () => closed.resolve())));
    const client = build();
    const sent = post(client, `https://127.0.0.1:${port}/`);
    await new Promise((resolve) => setTimeout(resolve, 50));
    await client.destroy();
    expect(await sent).toMatchObject({ kind: 'failure', failure: 'closed' });
    await closed.promise;
  });

  it('ends everything on destroy', async () => {
    const port = await listenRaw(() => undefined);
    const client = build();
    const sent = post(client, `http://127.0.0.1:${port}/`);
    const connecting = post(build({ resolve: () => new Promise(() => undefined) }), 'http://hung.example/', {
      deadlineMs: SHORT_MS,
    });
    await new Promise((resolve) => setTimeout(resolve, 50));
    await client.destroy();
    expect(await sent).toMatchObject({ kind: 'failure', failure: 'closed' });
    expect(await connecting).toMatchObject({ kind: 'failure' });
    await client.close();
  });
});
