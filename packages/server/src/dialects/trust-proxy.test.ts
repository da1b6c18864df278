import http from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import type { HttpServerOptions } from '../http/server.ts';
import { createKey } from './testing/native-steps.ts';
import { type RunningDialects, type RunOptions, runDialects } from './testing/running-dialects.ts';

const CLIENT = '203.0.113.9';
const SPOOFED = '198.51.100.66';
const BODY = JSON.stringify({ url: 'https://receiver.example/hook' });

let running: RunningDialects | null = null;
afterEach(async () => {
  await running?.stop();
  running = null;
});

/** A server on a real socket. Requests come from any address of the loopback range: a proxy, or somebody else. */
async function start(options: RunOptions) {
  const started = await runDialects([], options);
  running = started;
  const { port } = new URL(await started.listen());
  return async (peer: string, forwardedFor: string | string[] | null, token = started.bootstrapKey) => {
    const headers = {
      authorization: `Bearer ${token}`,
      'content-type': 'application/json',
      ...(forwardedFor === null ? {} : { 'x-forwarded-for': forwardedFor }),
    };
    const options = { host: '127.0.0.1', port, localAddress: peer, method: 'POST', path: '/v1/endpoints', headers };
    return await new Promise<number | undefined>((resolve, reject) => {
      const request = http.request({ ...options, agent: false }, (response) => {
        response.resume().on('end', () => resolve(response.statusCode));
      });
      request.on('error', reject).end(BODY);
    });
  };
}

async function lastAddress(): Promise<string | null> {
  const authorization = `Bearer ${running?.bootstrapKey}`;
  const answer = await running?.http.inject({ url: '/v1/audit?limit=1', headers: { authorization } });
  return answer?.json().items[0].address;
}

describe('where a request came from', () => {
  it.each<[HttpServerOptions['trustProxy'], string, string | string[] | null, string | null]>([
    // Nobody is believed: the peer it is.
    [false, '127.0.0.1', null, '127.0.0.1'],
    [false, '127.0.0.1', SPOOFED, '127.0.0.1'],
    // One proxy by its address; others that reach the port are not believed.
    [['127.0.0.2'], '127.0.0.2', CLIENT, CLIENT],
    [['127.0.0.2'], '127.0.0.1', SPOOFED, '127.0.0.1'],
    [['127.0.0.2'], '127.0.0.2', null, '127.0.0.2'],
    // What the client itself wrote stands before what the proxy added.
    [['127.0.0.2'], '127.0.0.2', `${SPOOFED}, ${CLIENT}`, CLIENT],
    [['127.0.0.2'], '127.0.0.2', [SPOOFED, CLIENT], CLIENT],
    // Two proxies, by ranges.
    [['127.0.0.2', '10.0.0.0/8'], '127.0.0.2', `${SPOOFED}, ${CLIENT}, 10.1.2.3`, CLIENT],
    [['127.0.0.2', '10.0.0.0/8'], '127.0.0.2', `${SPOOFED}, 11.1.2.3`, '11.1.2.3'],
    [['127.0.0.2', '10.0.0.0/8'], '127.0.0.1', `${CLIENT}, 10.1.2.3`, '127.0.0.1'],
    // So many proxies.
    [1, '127.0.0.1', CLIENT, CLIENT],
    [1, '127.0.0.1', `${SPOOFED}, ${CLIENT}`, CLIENT],
    [1, '127.0.0.1', null, '127.0.0.1'],
    [2, '127.0.0.1', `${SPOOFED}, ${CLIENT}, 10.1.2.3`, CLIENT],
    [2, '127.0.0.1', CLIENT, CLIENT],
    // Everyone: then the client writes what it likes.
    [true, '127.0.0.1', `${SPOOFED}, ${CLIENT}`, SPOOFED],
    // What proxies write besides plain addresses, and what nobody should.
    [1, '127.0.0.1', `${CLIENT}:4711`, CLIENT],
    [1, '127.0.0.1', '[2001:DB8::0:7]:4711', '2001:db8::7'],
    [1, '127.0.0.1', `::ffff:${CLIENT}`, CLIENT],
    [1, '127.0.0.1', 'unknown', null],
    [1, '127.0.0.1', `${CLIENT}, <script>`, null],
    [1, '127.0.0.1', 'x'.repeat(5_000), null],
    [['127.0.0.2'], '127.0.0.2', `${CLIENT}, unknown`, null],
  ])('with the proxies %j, from %s, forwarded for %j, is %s', async (trustProxy, peer, forwardedFor, address) => {
    const post = await start({ trustProxy });
    expect(await post(peer, forwardedFor)).toBe(201);
    expect(await lastAddress()).toBe(address);
  });

  it('is never what the rate limit counts: neither a header nor a proxy makes one caller two', async () => {
    const post = await start({ trustProxy: true, rateLimit: { requests: 3, windowSeconds: 3_600 } });
    if (running === null) throw new Error('it has started');
    const { token } = await createKey(running, { scopes: ['endpoints:write'] });
    const { token: other } = await createKey(running, { scopes: ['endpoints:write'] });
    const addresses = [CLIENT, SPOOFED, '192.0.2.1', '192.0.2.2'];
    const statuses: (number | undefined)[] = [];
    for (const address of addresses) statuses.push(await post('127.0.0.1', address, token));
    expect(statuses).toEqual([201, 201, 201, 429]);
    // Another caller behind the same address is not held up by it.
    expect(await post('127.0.0.1', CLIENT, other)).toBe(201);
  });
});
