import { describe, expect, it } from 'vitest';
import { type Dialect, defineDialect } from '../../public.ts';
import { type Answer, type Ask, checkedClient } from '../../testing/checked-client.ts';
import { runDialects } from '../../testing/running-dialects.ts';
import { dinie } from '../dinie.ts';
import { createEndpoint, type DinieWorld } from './dinie-world.ts';
import { expectProblem, expectRotated, LISTED_STATUSES, ROTATE_PATH } from './page.ts';

/** The page's own example. */
const EXAMPLE_ID = 'we_550e8400e29b41d4a716446655440000';

export function pageCases(world: DinieWorld): void {
  const provoked = new Set<number>();

  function expectListed(answer: Answer, status: (typeof LISTED_STATUSES)[number]): void {
    expectProblem(answer, status);
    provoked.add(status);
  }

  async function post(id: string, ask: Ask): Promise<Answer> {
    return await world.ask('POST', ROTATE_PATH.replace('{webhook_endpoint_id}', id), ask);
  }

  describe('the page "Rotate the signing secret"', () => {
    it('is right about its example of a request: 200 with three fields', async () => {
      const { id } = await createEndpoint(world);
      const asked = { json: { expire_current_in: 3_600 }, headers: { 'idempotency-key': 'of the page' } };
      const answer = await post(id, asked);
      expectRotated(answer);
      expect(answer.json.id).toBe(id);
      const again = await post(id, asked);
      expectRotated(again);
      expect(again.json).toEqual(answer.json);
      for (const ask of [
        {},
        { json: {} },
        { json: { expire_current_in: 0 } },
        { json: { expire_current_in: 86_400 } },
      ]) {
        expectRotated(await post(id, ask));
      }
    });

    it('is right about 400: a body that cannot be read', async () => {
      const { id } = await createEndpoint(world);
      const headers = { 'content-type': 'application/json' };
      for (const raw of ['{', '{"expire_current_in": 08}', Buffer.from([0x22, 0xff, 0x22])]) {
        expectListed(await post(id, { raw, headers }), 400);
      }
    });

    it('is right about 401: no token, or an unknown one', async () => {
      const { id } = await createEndpoint(world);
      for (const token of [null, 'dn_live_nobody']) {
        const answer = await post(id, { token, json: {} });
        expectListed(answer, 401);
        expect(answer.headers['www-authenticate']).toBe('Bearer');
        expect(answer.json.type).toBe('https://docs.dinie.com/errors/authentication-failed');
      }
    });

    it('is right about 404: the id of its example, which nobody has', async () => {
      const answer = await post(EXAMPLE_ID, { json: {} });
      expectListed(answer, 404);
      expect(answer.json.type).toBe('https://docs.dinie.com/errors/not-found');
    });

    it('is right about 422: the field is named, once at the top and once in the list', async () => {
      const { id } = await createEndpoint(world);
      for (const expire_current_in of [-1, 86_401, 0.5, '3600', null, true, [], {}]) {
        const answer = await post(id, { json: { expire_current_in } });
        expectListed(answer, 422);
        expect([expire_current_in, answer.json.param]).toEqual([expire_current_in, 'expire_current_in']);
        expect(answer.json.errors[0]).toMatchObject({ param: 'expire_current_in' });
        expect(answer.json.detail).toContain('"expire_current_in" must be');
      }
    });

    it('is right about 429: with Retry-After and how much is left', async () => {
      const running = await runDialects([dinie], { rateLimit: { requests: 3, windowSeconds: 60 } });
      try {
        const ask = checkedClient(running, dinie);
        const { json } = await ask('POST', '/webhooks/endpoints', { json: { url: running.receiver.url } });
        const path = ROTATE_PATH.replace('{webhook_endpoint_id}', json.id);
        const good = await ask('POST', path);
        expectRotated(good);
        expect(rates(good)).toEqual(['3', '1', '40', undefined]);
        await ask('POST', path);
        const answer = await ask('POST', path);
        expectListed(answer, 429);
        expect(rates(answer)).toEqual(['3', '0', '60', '20']);
        running.advance(20_000);
        expectRotated(await ask('POST', path));
      } finally {
        await running.stop();
      }
    });

    it('is right about 500: something is broken, and nothing of it is told', async () => {
      const broken = brokenDinie();
      const running = await runDialects([broken]);
      try {
        const ask = checkedClient(running, broken);
        await checkedClient(running, running.native)('POST', '/endpoints', { json: { url: running.receiver.url } });
        const { json } = await ask('GET', '/webhooks/endpoints');
        const answer = await ask('POST', ROTATE_PATH.replace('{webhook_endpoint_id}', json.data[0].id));
        expectListed(answer, 500);
        expect(answer.json.instance).toBe(`urn:request:${String(answer.headers['x-request-id'])}`);
        expect(answer.text).not.toContain('fell over');
        expect(running.crashes).toEqual([new Error('the minting of secrets fell over')]);
      } finally {
        await running.stop();
      }
    });

    it('lists no status that was not provoked here', () => {
      expect(provoked).toEqual(new Set(LISTED_STATUSES));
    });
  });
}

function rates({ headers }: Answer): readonly unknown[] {
  return ['x-ratelimit-limit', 'x-ratelimit-remaining', 'x-ratelimit-reset', 'retry-after'].map(
    (name) => headers[name],
  );
}

/** Dinie with a fault in the middle of its operations. */
function brokenDinie(): Dialect {
  let isDefined = false;
  const broken = defineDialect({
    ...dinie,
    endpointDefaults: {
      ...dinie.endpointDefaults,
      get secretSpelling() {
        if (isDefined) throw new Error('the minting of secrets fell over');
        return dinie.endpointDefaults.secretSpelling;
      },
    },
  });
  isDefined = true;
  return broken;
}
