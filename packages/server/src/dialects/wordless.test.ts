/** A dialect whose `encode` fails where nobody tried it: the server says no in plain words and goes on. */
import { connect } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { apiKeys } from './authentication.ts';
import type { Dialect } from './dialect.ts';
import { acmeDialect } from './testing/acme.ts';
import { type RunningDialects, runDialects } from './testing/running-dialects.ts';

/** What the words are once the dialect is defined; null: those of acme. */
let words: (() => unknown) | null = null;
let running: RunningDialects;
beforeEach(() => {
  words = null;
});
afterEach(async () => await running.stop());

function broken(authenticate: Dialect['authenticate']): Dialect {
  const { problems } = acmeDialect();
  return acmeDialect({
    authenticate,
    securitySchemes: { own: { type: 'apiKey', in: 'header', name: 'X-Own' } },
    problems: { ...problems, encode: (problem, request) => (words ?? (() => problems.encode(problem, request)))() },
  });
}

const refusing = [async () => ({ ok: false, code: 'invalid_credentials', detail: 'no' }) as const];
const leaking = (): never => {
  throw new Error('hunter2');
};
const WORDS: readonly (readonly [string, () => unknown])[] = [
  ['throw', leaking],
  ['are undefined', () => undefined],
  ['hold what is no JSON', () => ({ many: 1n })],
  ['are a function', () => leaking],
];

describe('a dialect without words', () => {
  it.each(WORDS)('whose words %s answers a plain 500 wherever it refuses, and is told of', async (_how, wordless) => {
    for (const [dialect, places] of [
      [broken([apiKeys()]), ['/acme/hooks', '/acme/nothing', '/acme/%zz', `/acme/hooks/${'x'.repeat(300)}`]],
      [broken(refusing), ['/acme/hooks', '/acme/hooks/none']],
    ] as const) {
      running = await runDialects([dialect]);
      words = wordless;
      const url = await running.listen();
      for (const place of places) {
        const answer = await fetch(`${url}${place}`, { headers: { authorization: 'Bearer nobody' } });
        const requestId = answer.headers.get('x-request-id');
        expect([place, answer.status, answer.headers.get('content-type')]).toEqual([place, 500, 'application/json']);
        expect(await answer.json()).toEqual({
          code: 'internal_error',
          detail: 'something in this server is broken; the request id finds it in the log',
          requestId,
        });
      }
      expect(running.crashes).toHaveLength(places.length);
      words = null;
      expect((await fetch(`${url}/acme/nothing`)).status).toBe(404);
      await running.stop();
    }
  });

  it.each<[string, Dialect['authenticate'], number]>([
    ['lets a caller in at once', [apiKeys()], 2],
    ['lets a caller in later', [async () => ({ ok: true, organization: 'default', scopes: ['hooks:read'] })], 2],
    ['refuses a caller later', [async () => ({ ok: true, organization: 'default', scopes: [] })], 1],
  ])('that %s answers so with a header that no client could read', async (_how, authenticate, crashes) => {
    let left = '0';
    const dialect = acmeDialect({
      authenticate,
      securitySchemes: { own: { type: 'apiKey', in: 'header', name: 'X-Own' } },
      rateLimitHeaders: () => ({ 'x-left': left }),
    });
    running = await runDialects([dialect], { rateLimit: { requests: 9, windowSeconds: 3_600 } });
    left = '☕';
    const url = `${await running.listen()}/acme/hooks`;
    const answer = await fetch(url, { headers: { authorization: `Bearer ${running.bootstrapKey}` } });
    expect([answer.status, answer.headers.get('content-type')]).toEqual([500, 'application/json']);
    expect(await answer.json()).toMatchObject({ code: 'internal_error' });
    expect(running.crashes).toHaveLength(crashes);
  });

  it('answers so to what is no HTTP when it has the root', async () => {
    running = await runDialects([broken([apiKeys()])], { rootDialect: 'acme' });
    words = leaking;
    const { port } = new URL(await running.listen());
    const text = await new Promise<string>((resolve, reject) => {
      let received = '';
      const socket = connect(Number(port), '127.0.0.1', () => socket.end('what is this\r\n\r\n'));
      socket.on('data', (bytes) => {
        received += bytes.toString();
      });
      socket.on('close', () => resolve(received)).on('error', reject);
    });
    expect(text).toMatch(/^HTTP\/1\.1 500 [\s\S]*"internal_error"/);
    expect(text).not.toContain('hunter2');
    expect(running.crashes).toEqual([new Error('hunter2')]);
  });
});
