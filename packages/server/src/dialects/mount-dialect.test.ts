import { afterEach, describe, expect, it } from 'vitest';
import { createHttpServer, type HttpServer } from '../http/server.ts';
import type { Services } from './define-dialect.ts';
import { mountDialect, surfaceOf } from './mount-dialect.ts';
import { nativeDialect } from './native/native.ts';

const dialect = nativeDialect();
const servers: HttpServer[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.fastify.close()));
});

/** Requests without a key never reach a use case, so none is given. */
function mountAt(...prefixes: readonly string[]): HttpServer['fastify'] {
  const onCrash = (error: unknown): void => {
    throw error;
  };
  const server = createHttpServer({ fallback: surfaceOf(dialect), requestIds: () => 'id', onCrash, trustProxy: false });
  servers.push(server);
  const services = { telemetry: { accessRefused() {} } } as unknown as Services;
  for (const prefix of prefixes) mountDialect(server, dialect, { services, onCrash, rateLimiter: null }, prefix);
  return server.fastify;
}

describe('a dialect', () => {
  it.each(['', '/v1', '/hookring/v1'])('stands at %j, and its document says so', async (prefix) => {
    const http = mountAt(prefix);
    const asked = await http.inject({ method: 'POST', url: `${prefix}/events` });
    expect([asked.statusCode, asked.json().code]).toEqual([401, 'missing_credentials']);
    const document = await http.inject({ url: `${prefix}/openapi.json` });
    expect(Object.keys(document.json().paths)).toContain(`${prefix}/events`);
    const wrong = await http.inject({ method: 'PUT', url: `${prefix}/events` });
    expect([wrong.statusCode, wrong.headers['allow']]).toEqual([405, 'GET, HEAD, POST']);
  });

  it('stands beside another one', async () => {
    const http = mountAt('', '/hookring/v1');
    for (const url of ['/events', '/hookring/v1/events']) expect((await http.inject({ url })).statusCode).toBe(401);
    expect((await http.inject({ url: '/hookring/v1/nothing' })).json().code).toBe('not_found');
  });
});
