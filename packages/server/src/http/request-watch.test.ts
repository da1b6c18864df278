import { describe, expect, it } from 'vitest';
import { createTelemetry } from '../telemetry/telemetry.ts';
import { createRateLimiter } from './rate-limit.ts';
import { ask, post, type Request, start } from './testing/two-faces.ts';

function watched(level: string, rate = 1_000) {
  const lines: string[] = [];
  const telemetry = createTelemetry({ level, destination: { write: (line) => lines.push(line) } });
  const rateLimiter = createRateLimiter({ requests: rate, windowSeconds: 3_600 }, () => 0);
  const server = start({ watch: telemetry.requests, rateLimiter });
  const count = async (labels: string): Promise<number> => {
    const text = await telemetry.registry.metrics();
    const line = text.split('\n').find((each) => each.startsWith(`${labels} `));
    return Number(line?.slice(labels.length) ?? 0);
  };
  return { server, count, lines, telemetry };
}

const series = (operation: string, status: string, dialect = 'one') =>
  `hookring_http_requests_total{dialect="${dialect}",operation="${operation}",status="${status}"}`;

describe('a request', () => {
  it.each<[string, Request, string, string]>([
    ['that is answered', { method: 'GET', url: '/one/things?limit=1' }, 'GET/things', '2xx'],
    ['of a public route', { method: 'GET', url: '/one/open', token: null }, 'open', '2xx'],
    ['without a key', { method: 'GET', url: '/one/things', token: null }, 'GET/things', '4xx'],
    ['whose key is looked up', { method: 'GET', url: '/one/things', token: 'slow' }, 'GET/things', '2xx'],
    ['whose key cannot be looked up', { method: 'GET', url: '/one/things', token: 'broken' }, 'GET/things', '5xx'],
    ['without the scope', post('{"name":"a"}', { token: 'none' }), 'POST/things', '4xx'],
    ['that is invalid', post('{}'), 'POST/things', '4xx'],
    ['with too long a body', post(`{"name":"${'a'.repeat(200)}"}`), 'POST/things', '4xx'],
    ['that crashes', { method: 'GET', url: '/one/crash' }, 'GET/crash', '5xx'],
    ['that the store refuses', { method: 'GET', url: '/one/busy' }, 'GET/busy', '5xx'],
    ['of an unknown path', { method: 'GET', url: '/one/nothing/ep_1' }, 'unknown', '4xx'],
    ['of an unknown method', { method: 'PUT', url: '/one/things' }, 'unknown', '4xx'],
    ['of a broken path', { method: 'GET', url: '/one/%zz' }, 'unknown', '4xx'],
  ])('%s is counted once, under its operation', async (_name, request, operation, status) => {
    const { server, count, telemetry } = watched('silent');
    await ask(server, request);
    expect(await count(series(operation, status))).toBe(1);
    const text = await telemetry.registry.metrics();
    expect(text.match(/^hookring_http_requests_total\{/gm)).toHaveLength(1);
    const timed = await count(`hookring_http_request_duration_seconds_count{dialect="one",operation="${operation}"}`);
    expect(timed).toBe(operation === 'unknown' ? 0 : 1);
  });

  it('of a path that no dialect has is counted for the one that says so', async () => {
    const { server, count } = watched('silent');
    await ask(server, { method: 'GET', url: '/elsewhere' });
    expect(await count(series('unknown', '4xx', 'two'))).toBe(1);
  });

  it('past the rate of its caller is counted as such', async () => {
    const { server, count } = watched('silent', 1);
    for (let index = 0; index < 3; index += 1) await ask(server, { method: 'GET', url: '/one/things' });
    expect(await count('hookring_http_requests_rate_limited_total{dialect="one"}')).toBe(2);
    expect(await count(series('GET/things', '4xx'))).toBe(2);
  });

  it('makes no line above the level debug', async () => {
    const { server, lines } = watched('info');
    await ask(server, { method: 'GET', url: '/one/things' });
    expect(lines).toEqual([]);
  });

  it('is one line at debug, with who asked what, and nothing of what was in it', async () => {
    const { server, lines } = watched('debug');
    const headers = { 'x-own': 'header-value', cookie: 'a=cookie-value' };
    const { headers: answered } = await ask(server, { method: 'GET', url: '/one/things?tags=query-value', headers });
    await ask(server, post('{"name":"bodyv","size":1}', { headers }));
    await ask(server, { method: 'GET', url: '/one/secret-path', headers });
    expect(lines).toHaveLength(3);
    expect(JSON.parse(lines[0] ?? '')).toEqual({
      level: 'debug',
      time: expect.any(String),
      message: 'request answered',
      requestId: answered['x-request-id'],
      dialect: 'one',
      operation: 'GET/things',
      status: 200,
      durationMs: expect.any(Number),
      organizationId: expect.stringMatching(/^org_/),
      actor: 'all',
    });
    expect(lines.join('')).not.toMatch(/query-value|header-value|cookie-value|bodyv|secret-path|tags/);
  });
});
