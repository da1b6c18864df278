import { once } from 'node:events';
import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { type Behaviour, gone, inSequence, redirect, respond, sometimes, tooManyRequests } from './behaviour.ts';
import { startReceiver } from './receiver.ts';
import { bodyText, headerOf } from './request.ts';

type Outcome = { status: number; headers: NodeJS.Dict<string | string[]>; body: Buffer; error: string | null };

/** Sends one POST and tells how it ended; `leaveAfter` hangs up after so many bytes of the answer. */
function post(url: string, options: { body?: string; leaveAfter?: number } = {}): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(url, { method: 'POST', agent: false }, (response) => {
      const chunks: Buffer[] = [];
      let length = 0;
      const end = (error: string | null) =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks), error });
      response.on('data', (chunk: Buffer) => {
        chunks.push(chunk);
        length += chunk.length;
        if (options.leaveAfter !== undefined && length >= options.leaveAfter) response.destroy();
      });
      response.on('error', (error: NodeJS.ErrnoException) => end(error.code ?? error.message));
      response.on('end', () => end(null));
      response.on('close', () => end('closed'));
    });
    request.on('error', reject);
    request.end(options.body ?? '{}');
  });
}

async function receiverThat(behaviour: Behaviour) {
  return startReceiver({ scripts: { '/hook': behaviour } });
}

describe('recording requests', () => {
  it('keeps method, path, headers in their order and spelling, body bytes and time', async () => {
    await using receiver = await startReceiver({ now: () => 1_234 });
    const socket = connect(receiver.port, receiver.host);
    socket.write(
      'PUT /a/b?c=1 HTTP/1.1\r\nX-One: 1\r\nhost: x\r\nx-ONE: 2\r\nContent-Length: 3\r\n\r\n\xff\x00a',
      'latin1',
    );
    const [request] = await receiver.waitFor(1);
    socket.destroy();
    expect(request).toEqual({
      number: 1,
      method: 'PUT',
      path: '/a/b',
      target: '/a/b?c=1',
      headers: [
        ['X-One', '1'],
        ['host', 'x'],
        ['x-ONE', '2'],
        ['Content-Length', '3'],
      ],
      body: Buffer.from([0xff, 0x00, 0x61]),
      at: 1_234,
      connection: 1,
    });
    expect(headerOf(request!, 'x-one')).toBe('1');
  });

  it('answers 204 where no script says otherwise, and counts', async () => {
    await using receiver = await startReceiver();
    expect((await post(receiver.url('/any'))).status).toBe(204);
    expect(receiver.counters()).toMatchObject({ received: 1, answered: 1, broken: 0, connections: 1 });
  });

  it('forgets the oldest requests when it has many, and says how many', async () => {
    await using receiver = await startReceiver({ requestsKeptMax: 2 });
    for (const body of ['1', '2', '3']) await post(receiver.url(), { body });
    expect(receiver.requests().map(bodyText)).toEqual(['2', '3']);
    expect(receiver.counters()).toMatchObject({ received: 3, forgotten: 1 });
  });

  it('refuses a body that is too large without keeping it', async () => {
    await using receiver = await startReceiver({ bodyBytesMax: 10 });
    expect((await post(receiver.url(), { body: 'x'.repeat(11) })).status).toBe(413);
    expect(receiver.counters().received).toBe(0);
  });

  it('does not record a request whose body never came whole', async () => {
    await using receiver = await startReceiver();
    const socket = connect(receiver.port, receiver.host);
    socket.end('POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\nabc');
    socket.resume();
    await once(socket, 'close');
    expect(receiver.counters().received).toBe(0);
  });

  it('tells which requests shared a connection', async () => {
    await using receiver = await startReceiver();
    const socket = connect(receiver.port, receiver.host);
    const one = 'GET / HTTP/1.1\r\nhost: x\r\n\r\n';
    socket.write(one + one);
    await receiver.waitFor(2);
    await post(receiver.url());
    socket.destroy();
    expect(receiver.requests().map((request) => request.connection)).toEqual([1, 1, 2]);
  });
});

describe('waiting for requests', () => {
  it('answers at once when they are already there, and else when they come', async () => {
    await using receiver = await startReceiver();
    const two = receiver.waitFor(2);
    const special = receiver.waitFor((request) => request.path === '/special');
    await post(receiver.url('/first'));
    await post(receiver.url('/special'));
    expect((await two).map((request) => request.path)).toEqual(['/first', '/special']);
    expect((await special).map((request) => request.path)).toEqual(['/special']);
    expect(await receiver.waitFor(1)).toHaveLength(2);
    expect(await receiver.waitFor((request) => request.path === '/first')).toHaveLength(1);
  });

  it('gives up at its timeout and says what was there', async () => {
    await using receiver = await startReceiver();
    await post(receiver.url());
    await expect(receiver.waitFor(2, { timeoutMs: 5 })).rejects.toThrow('5 ms for 2 requests; 1 were received');
  });

  it('gives up when the receiver stops', async () => {
    const receiver = await startReceiver();
    const waiting = receiver.waitFor(1);
    await Promise.all([expect(waiting).rejects.toThrow('stopped'), receiver.stop()]);
    await expect(receiver.waitFor(1)).rejects.toThrow('stopped');
  });
});

describe('behaving as the script says', () => {
  it('answers with status, headers and body', async () => {
    const behaviour = respond(503, { headers: { 'x-a': 'b', 'set-cookie': ['c=1', 'd=2'] }, body: 'no' });
    await using receiver = await receiverThat(behaviour);
    const outcome = await post(receiver.url('/hook'));
    expect(outcome).toMatchObject({ status: 503, headers: { 'x-a': 'b', 'set-cookie': ['c=1', 'd=2'] } });
    expect(outcome.body.toString()).toBe('no');
    expect((await post(receiver.url('/other'))).status).toBe(204);
  });

  it('waits before it answers', async () => {
    await using receiver = await receiverThat(respond(200, { delayMs: 30 }));
    const order: string[] = [];
    const slow = post(receiver.url('/hook')).then(() => order.push('slow'));
    await receiver.waitFor(1);
    await post(receiver.url('/fast')).then(() => order.push('fast'));
    await slow;
    expect(order).toEqual(['fast', 'slow']);
  });

  it('redirects, says gone, and asks for patience', async () => {
    await using receiver = await receiverThat(redirect('http://127.0.0.1:9/', 307));
    expect(await post(receiver.url('/hook'))).toMatchObject({
      status: 307,
      headers: { location: 'http://127.0.0.1:9/' },
    });
    receiver.script('/hook', gone());
    expect((await post(receiver.url('/hook'))).status).toBe(410);
    receiver.script('/hook', tooManyRequests(7));
    expect(await post(receiver.url('/hook'))).toMatchObject({ status: 429, headers: { 'retry-after': '7' } });
  });

  it('hangs until it is stopped', async () => {
    const receiver = await receiverThat({ kind: 'hang' });
    const outcome = post(receiver.url('/hook'));
    await receiver.waitFor(1);
    expect(receiver.counters()).toMatchObject({ answered: 0, openConnections: 1 });
    await Promise.all([expect(outcome).rejects.toMatchObject({ code: 'ECONNRESET' }), receiver.stop()]);
  });

  it('resets the connection', async () => {
    await using receiver = await receiverThat({ kind: 'reset' });
    await expect(post(receiver.url('/hook'))).rejects.toMatchObject({ code: 'ECONNRESET' });
    expect(receiver.counters().received).toBe(1);
  });

  it('closes in the middle of a body', async () => {
    await using receiver = await receiverThat({ kind: 'closeMidBody', bytes: 100 });
    const outcome = await post(receiver.url('/hook'));
    expect(outcome).toMatchObject({ status: 200, headers: { 'content-length': '200' }, error: 'ECONNRESET' });
    expect(outcome.body).toHaveLength(100);
  });

  it('trickles a body', async () => {
    await using receiver = await receiverThat({ kind: 'trickle', chunks: 3, intervalMs: 1, chunk: 'ab' });
    const outcome = await post(receiver.url('/hook'));
    expect(outcome).toMatchObject({ status: 200, error: null });
    expect(outcome.body.toString()).toBe('ababab');
  });

  it('sends an endless body until the sender leaves, and stops then', async () => {
    await using receiver = await receiverThat({ kind: 'endless' });
    const outcome = await post(receiver.url('/hook'), { leaveAfter: 300_000 });
    expect(outcome.body.length).toBeGreaterThanOrEqual(300_000);
    await expect.poll(() => receiver.counters()).toMatchObject({ broken: 1, openConnections: 0 });
    expect(receiver.counters().bytesWritten).toBeLessThan(64 * 1024 * 1024);
  });

  it('sends a small body that unpacks to a large one', async () => {
    const bytes = 8 * 1024 * 1024;
    await using receiver = await receiverThat({ kind: 'gzipBomb', bytes });
    const outcome = await post(receiver.url('/hook'));
    expect(outcome.headers['content-encoding']).toBe('gzip');
    expect(outcome.body.length).toBeLessThan(bytes / 500);
    expect(gunzipSync(outcome.body)).toHaveLength(bytes);
  });

  it('sends what is not HTTP', async () => {
    await using receiver = await receiverThat({ kind: 'garbage' });
    await expect(post(receiver.url('/hook'))).rejects.toMatchObject({ code: 'HPE_INVALID_CONSTANT' });
  });

  it('follows a sequence and then stays with the last', async () => {
    const script = inSequence([respond(500), respond(429), inSequence([respond(418)])], respond(200));
    await using receiver = await startReceiver({ otherwise: script });
    const statuses: number[] = [];
    for (let index = 0; index < 5; index += 1) statuses.push((await post(receiver.url())).status);
    expect(statuses).toEqual([500, 429, 418, 200, 200]);
  });

  it('fails a fraction by the random source it is given', async () => {
    const numbers = [0.29, 0.3, 0.9, 0];
    const random = () => numbers.shift() ?? 1;
    await using receiver = await startReceiver({
      otherwise: sometimes({ fraction: 0.3, random, script: respond(500) }),
    });
    const statuses: number[] = [];
    for (let index = 0; index < 4; index += 1) statuses.push((await post(receiver.url())).status);
    expect(statuses).toEqual([500, 204, 204, 500]);
  });

  it('chooses by the request', async () => {
    await using receiver = await startReceiver({
      otherwise: (request) => respond(bodyText(request) === 'a' ? 200 : 400),
    });
    expect((await post(receiver.url(), { body: 'a' })).status).toBe(200);
    expect((await post(receiver.url(), { body: 'b' })).status).toBe(400);
  });
});

describe('stopping', () => {
  it('frees its port whatever is going on, and may be asked twice', async () => {
    const receiver = await startReceiver({
      scripts: { '/a': { kind: 'hang' }, '/b': respond(200, { delayMs: 60_000 }) },
    });
    const outcomes = [post(receiver.url('/a')), post(receiver.url('/b'))].map((each) => expect(each).rejects.toThrow());
    await receiver.waitFor(2);
    await Promise.all([receiver.stop(), receiver.stop(), ...outcomes]);
    await using next = await startReceiver({ port: receiver.port });
    expect((await post(next.url())).status).toBe(204);
  });

  it('says that a port is taken', async () => {
    await using receiver = await startReceiver();
    await expect(startReceiver({ port: receiver.port })).rejects.toMatchObject({ code: 'EADDRINUSE' });
  });
});
