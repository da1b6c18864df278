import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import http from 'node:http';
import net, { type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import tls from 'node:tls';
import zlib from 'node:zlib';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { EXCERPT_BYTES_MAX, RESPONSE_HEADERS_KEPT_MAX } from '../domain/limits.ts';
import { createAddressPolicy } from './address-policy.ts';
import { createDeliveryClient, type DeliveryClientOptions } from './delivery-client.ts';
import type { Sender, SendRequest, SendResult } from './sender.ts';

const checked = createAddressPolicy({ allowPrivate: ['127.0.0.0/8'] });
if (!checked.ok) throw new Error(checked.detail);
const { policy } = checked;

/** Long enough never to matter on a slow machine. */
const PATIENT_MS = 20_000;
/** For what must run into its deadline. */
const SHORT_MS = 150;

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

function build(options: Partial<DeliveryClientOptions> = {}): Sender {
  const client = createDeliveryClient({ policy, ...options });
  cleanups.push(() => client.destroy());
  return client;
}

async function listen(server: net.Server): Promise<number> {
  const sockets = new Set<net.Socket>();
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  cleanups.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

/** A receiver on the level of bytes: `onRequest` runs when the request's body has arrived. */
function listenRaw(onRequest: (socket: net.Socket, count: number) => void, onConnect?: (socket: net.Socket) => void) {
  let count = 0;
  return listen(
    net.createServer((socket) => {
      let received = '';
      onConnect?.(socket);
      socket.on('data', (data) => {
        received += data.toString('latin1');
        for (let end = received.indexOf('{"a":1}'); end >= 0; end = received.indexOf('{"a":1}')) {
          received = received.slice(end + 7);
          count += 1;
          onRequest(socket, count);
        }
      });
    }),
  );
}

function post(client: Sender, url: string | URL, overrides: Partial<SendRequest> = {}): Promise<SendResult> {
  return client.send({
    url: typeof url === 'string' ? new URL(url) : url,
    headers: ['content-type', 'application/json'],
    body: Buffer.from('{"a":1}'),
    deadlineMs: PATIENT_MS,
    capture: 'failures',
    ...overrides,
  });
}

async function answerOf(reply: string, overrides: Partial<SendRequest> = {}): Promise<SendResult> {
  const port = await listenRaw((socket) => socket.write(reply));
  return post(build(), `http://127.0.0.1:${port}/`, overrides);
}

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

describe('TLS', () => {
  const folder = mkdtempSync(join(tmpdir(), 'hookring-tls-'));
  let identity: { key: Buffer; cert: Buffer };

  beforeAll(() => {
    const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
    const request =
      'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=receiver.example';
    const name = ['-addext', 'subjectAltName=DNS:receiver.example', '-keyout', key, '-out', cert];
    execFileSync('openssl', request.split(' ').concat(name), { stdio: 'ignore' });
    identity = { key: readFileSync(key), cert: readFileSync(cert) };
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const resolve: NonNullable<DeliveryClientOptions['resolve']> = async () => [{ address: '127.0.0.1', family: 4 }];

  async function listenTls(options: tls.TlsOptions = {}): Promise<{ port: number; names: unknown[] }> {
    const names: unknown[] = [];
    const server = tls.createServer({ ...identity, ...options }, (socket) => {
      names.push(socket.servername);
      socket.on('error', () => undefined);
      socket.on('data', () => socket.write('HTTP/1.1 204 X\r\n\r\n'));
    });
    return { port: await listen(server), names };
  }

  it('sends the name of the URL, also with another host header, and times the handshake', async () => {
    const { port, names } = await listenTls();
    const client = build({ resolve, tls: { ca: identity.cert.toString() } });
    const result = await post(client, `https://receiver.example:${port}/`, { headers: ['host', 'other.example'] });
    expect(result).toMatchObject({ status: 204, phases: { dnsMs: expect.any(Number), tlsMs: expect.any(Number) } });
    expect(names).toEqual(['receiver.example']);
  });

  it('refuses a certificate that is unknown, for another name, or an old protocol', async () => {
    const { port } = await listenTls();
    const trusting = { resolve, tls: { ca: [identity.cert.toString()] } };
    expect(await post(build({ resolve }), `https://receiver.example:${port}/`)).toMatchObject({
      failure: 'tls',
      detail: 'The TLS handshake failed (DEPTH_ZERO_SELF_SIGNED_CERT).',
    });
    expect(await post(build(trusting), `https://other.example:${port}/`)).toMatchObject({
      failure: 'tls',
      detail: 'The TLS handshake failed (ERR_TLS_CERT_ALTNAME_INVALID).',
    });
    const old = await listenTls({ minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' });
    expect(await post(build(trusting), `https://receiver.example:${old.port}/`)).toMatchObject({ failure: 'tls' });
  });

  it('tells a receiver that speaks plain HTTP or hangs up during the handshake', async () => {
    const plain = await listen(http.createServer((_request, response) => response.end()));
    expect(await post(build({ resolve }), `https://receiver.example:${plain}/`)).toMatchObject({ failure: 'tls' });
    const hangsUp = await listen(net.createServer((socket) => socket.on('data', () => socket.end())));
    expect(await post(build({ resolve }), `https://receiver.example:${hangsUp}/`)).toMatchObject({ failure: 'tls' });
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
