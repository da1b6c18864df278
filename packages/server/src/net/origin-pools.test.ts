import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type OriginPool, OriginPools } from './origin-pools.ts';

const held: http.ServerResponse[] = [];
const server = http.createServer((request, response) => {
  if (request.url === '/hold') held.push(response);
  else response.writeHead(204, request.url === '/close' ? { connection: 'close' } : {}).end();
});
let origin = '';

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => server.close());

/** One request on a connection of the pool, which is given back as a sender does it. */
async function get(pool: OriginPool, path: string): Promise<number> {
  const connection = pool.take();
  try {
    const { statusCode, body } = await connection.client.request({ path, method: 'GET' });
    await body.dump();
    await new Promise((resolve) => setImmediate(resolve));
    pool.giveBack(connection);
    return statusCode;
  } catch (error) {
    pool.drop(connection);
    throw error;
  }
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}

describe('OriginPools', () => {
  it('gives one pool to an origin until it is too old, and lets the old one end its requests', async () => {
    const pools = new OriginPools({ client: {}, poolMsMax: 1_000 });
    const first = pools.get(origin, 0);
    expect(pools.get(origin, 999)).toBe(first);
    const slow = get(first, '/hold');
    await until(() => held.length === 1);
    const second = pools.get(origin, 1_000);
    expect(second).not.toBe(first);
    expect(await get(second, '/')).toBe(204);
    expect(pools.size).toBe(2);
    held.pop()?.writeHead(200).end();
    expect(await slow).toBe(200);
    await until(() => pools.size === 1);
    await pools.destroy();
  });

  it('forgets an origin without connections, also after a connection that failed', async () => {
    const pools = new OriginPools({ client: {}, poolMsMax: 1_000 });
    expect(await get(pools.get(origin, 0), '/close')).toBe(204);
    await until(() => pools.size === 0);
    await expect(get(pools.get('http://127.0.0.1:1', 0), '/')).rejects.toThrow();
    await until(() => pools.size === 0);
    expect(await get(pools.get(origin, 0), '/close')).toBe(204);
    await pools.close();
  });

  it('closes after the last request, also of a pool that was leaving, and may be closed after destroy', async () => {
    const pools = new OriginPools({ client: {}, poolMsMax: 1_000 });
    const slow = [get(pools.get(origin, 0), '/hold'), get(pools.get(origin, 1_000), '/hold')];
    await until(() => held.length === 2);
    const order: string[] = [];
    const closing = pools.close().then(() => order.push('closed'));
    held.pop()?.end();
    await new Promise((resolve) => setTimeout(resolve, 20));
    order.push('last answer');
    held.pop()?.end();
    expect(await Promise.all(slow)).toEqual([200, 200]);
    await closing;
    expect(order).toEqual(['last answer', 'closed']);
    await pools.destroy();
    await pools.close();
    expect(pools.size).toBe(0);
  });

  it('uses the connection that was used last, and forgets one that ended while nobody used it', async () => {
    const pools = new OriginPools({
      client: { keepAliveTimeout: 200, keepAliveTimeoutThreshold: 0 },
      poolMsMax: 60_000,
    });
    const pool = pools.get(origin, 0);
    const both = [pool.take(), pool.take()];
    for (const { client } of both) await (await client.request({ path: '/', method: 'GET' })).body.dump();
    await new Promise((resolve) => setImmediate(resolve));
    for (const connection of both) pool.giveBack(connection);
    expect(pool.size).toBe(2);
    const again = pool.take();
    expect(again).toBe(both[1]);
    await until(() => pool.size === 1);
    expect(both[0]?.client.destroyed).toBe(true);
    pool.giveBack(again);
    await until(() => pools.size === 0);
  });

  it('drops every idle connection when asked, and never one in use', async () => {
    const pools = new OriginPools({ client: {}, poolMsMax: 60_000 });
    const pool = pools.get(origin, 0);
    const slow = get(pool, '/hold');
    await until(() => held.length === 1);
    expect(await get(pool, '/')).toBe(204);
    expect(pool.size).toBe(2);
    pool.dropIdle();
    expect(pool.size).toBe(1);
    held.pop()?.writeHead(200).end();
    expect(await slow).toBe(200);
    await pools.destroy();
  });

  it('does not keep a connection that the receiver closed after its answer', async () => {
    const pools = new OriginPools({ client: {}, poolMsMax: 60_000 });
    const pool = pools.get(origin, 0);
    const kept = get(pool, '/hold');
    await until(() => held.length === 1);
    expect(await get(pool, '/close')).toBe(204);
    await until(() => pool.size === 1);
    held.pop()?.end();
    expect(await kept).toBe(200);
    expect(pool.size).toBe(1);
    await pools.close();
  });
});
