import { createServer, type IncomingHttpHeaders, type RequestListener, type Server } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { type CollectorClient, createCollectorClient } from './collector-client.ts';

const TYPE = 'application/x-test';
const DEADLINE_MS = 300;
const BODY = new Uint8Array([1, 2, 3]);

let cleanup: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const step of cleanup.reverse()) await step();
  cleanup = [];
});

async function listening(listener: RequestListener): Promise<{ url: string; server: Server }> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  cleanup.push(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return { url: `http://127.0.0.1:${address.port}`, server };
}

function clientOf(url: string, deadlineMs = DEADLINE_MS): CollectorClient {
  const client = createCollectorClient({
    url: new URL(`${url}/v1/traces`),
    headers: [['x-key', 'secret']],
    contentType: TYPE,
    userAgent: 'Hookring/test',
    deadlineMs,
  });
  cleanup.push(async () => await client.destroy());
  return client;
}

describe('the client of the collector', () => {
  it('posts the bytes with the configured headers and answers what it was answered', async () => {
    const seen: { method?: string; url?: string; headers: IncomingHttpHeaders; body: Buffer }[] = [];
    const { url } = await listening((request, response) => {
      const { method = '', url: path = '', headers } = request;
      request.on('data', (body: Buffer) => seen.push({ method, url: path, headers, body }));
      request.on('end', () => response.writeHead(200, { 'content-type': TYPE }).end('ok'));
    });
    const result = await clientOf(url).post(BODY);
    expect(result).toEqual({ kind: 'taken', answer: Buffer.from('ok') });
    expect(seen).toHaveLength(1);
    expect(seen[0]).toMatchObject({ method: 'POST', url: '/v1/traces', body: Buffer.from(BODY) });
    expect(seen[0]?.headers).toMatchObject({
      'x-key': 'secret',
      'content-type': TYPE,
      'content-length': '3',
      'user-agent': 'Hookring/test',
    });
  });

  it('keeps its one connection', async () => {
    const ports = new Set<number | undefined>();
    const { url } = await listening((request, response) => {
      ports.add(request.socket.remotePort);
      request.resume().on('end', () => response.end());
    });
    const client = clientOf(url);
    for (let post = 0; post < 3; post += 1) expect((await client.post(BODY)).kind).toBe('taken');
    expect(ports.size).toBe(1);
  });

  it.each([
    [200, { kind: 'taken' }],
    [202, { kind: 'taken' }],
    [302, { kind: 'refused', status: 302 }],
    [400, { kind: 'refused', status: 400 }],
    [401, { kind: 'refused', status: 401 }],
    [500, { kind: 'refused', status: 500 }],
    [429, { kind: 'unreachable', reason: 'status 429', retryAfterMs: 7_000 }],
    [503, { kind: 'unreachable', reason: 'status 503', retryAfterMs: 7_000 }],
  ])('makes of status %d what OTLP says', async (status, expected) => {
    let asked = 0;
    const { url } = await listening((request, response) => {
      asked += 1;
      request.resume().on('end', () => response.writeHead(status, { 'retry-after': '7', location: '/other' }).end());
    });
    expect(await clientOf(url).post(BODY)).toMatchObject(expected);
    expect(asked).toBe(1);
  });

  it('says why when nobody listens', async () => {
    const { url, server } = await listening(() => undefined);
    await new Promise((resolve) => server.close(resolve));
    expect(await clientOf(url).post(BODY)).toEqual({
      kind: 'unreachable',
      reason: 'ECONNREFUSED',
      retryAfterMs: null,
    });
  });

  it('ends at its deadline when the collector hangs', async () => {
    const { url } = await listening(() => undefined);
    expect(await clientOf(url).post(BODY)).toEqual({ kind: 'unreachable', reason: 'timeout', retryAfterMs: null });
  });

  it('ends at its deadline when an answer drips, and lets the status decide', async () => {
    const { url } = await listening((_request, response) => {
      response.writeHead(200, { 'content-type': TYPE });
      const drip = setInterval(() => response.write('.'), 20);
      response.on('close', () => clearInterval(drip));
    });
    const startedAt = performance.now();
    expect(await clientOf(url).post(BODY)).toEqual({ kind: 'taken', answer: new Uint8Array(0) });
    // Far less than for ever; the exact time is the machine's.
    expect(performance.now() - startedAt).toBeLessThan(20_000);
  });

  it('stops reading an answer that does not end, long before its deadline', async () => {
    const chunk = Buffer.alloc(16 * 1024);
    let sent = 0;
    const closed = Promise.withResolvers<void>();
    const { url } = await listening((_request, response) => {
      response.writeHead(200, { 'content-type': TYPE });
      const pour = (): void => {
        do sent += chunk.length;
        while (response.writable && response.write(chunk));
      };
      response.on('drain', pour).on('close', closed.resolve);
      pour();
    });
    expect(await clientOf(url, 25_000).post(BODY)).toEqual({ kind: 'taken', answer: new Uint8Array(0) });
    await closed.promise;
    // What was on its way in the sockets' buffers, and nothing beyond.
    expect(sent).toBeLessThan(64 * 1024 * 1024);
  });

  it('drops an answer in a format that it did not ask for', async () => {
    const { url } = await listening((request, response) => {
      request.resume().on('end', () => response.writeHead(200, { 'content-type': 'text/html' }).end('<html>'));
    });
    expect(await clientOf(url).post(BODY)).toEqual({ kind: 'taken', answer: Buffer.alloc(0) });
  });

  it('lets go of a post when it is destroyed', async () => {
    const arrived = Promise.withResolvers<void>();
    const { url } = await listening(() => arrived.resolve());
    const client = clientOf(url, 25_000);
    const posting = client.post(BODY);
    await arrived.promise;
    await client.destroy();
    expect((await posting).kind).toBe('unreachable');
  });
});
