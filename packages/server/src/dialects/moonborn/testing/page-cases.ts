import { describe, expect, it } from 'vitest';
import { type Answer, checkedClient } from '../../testing/checked-client.ts';
import { printedCurl } from '../../testing/printed-curl.ts';
import { runDialects } from '../../testing/running-dialects.ts';
import { moonborn } from '../moonborn.ts';
import {
  deliver,
  type MoonbornWorld,
  newTenant,
  read,
  register,
  rotate,
  rotated,
  signersNow,
  type Tenant,
} from './moonborn-world.ts';
import { EVENTS, expectErrorShape, expectGood, HOST, LISTED_STATUSES, page, ROTATE_CURL, UPDATE_CURL } from './page.ts';

const UNKNOWN = 'whe_01jtbqh2fz8k1rxc0wj4z9p3vm';

export function pageCases(world: MoonbornWorld): void {
  const sent = async (curl: string, id: string, token: string, values = {}): Promise<Answer> => {
    const { method, path, ask } = printedCurl(curl, { host: HOST, ids: { '<id>': id }, values, token });
    return await world.ask(method, path, ask);
  };
  const update = async ({ token }: Tenant, id: string, url = 'http://127.0.0.1:8080/new'): Promise<Answer> =>
    await sent(UPDATE_CURL, id, token, { url, description: 'as printed' });

  describe('the page "Rotate the HMAC secret"', () => {
    it('prints a request that answers as it says', async () => {
      const tenant = await newTenant(world);
      const { id, secretValue, endpoint } = await register(world, tenant);
      const answer = await sent(ROTATE_CURL, id, tenant.token);
      expectGood(answer, 200, page.rotated);
      const { retiredSecretId, endpoint: after, secretValue: fresh } = answer.json;
      expect(retiredSecretId).toBe(endpoint.secrets[0].secretId);
      expect(after.secrets).toEqual([
        expect.objectContaining({
          status: 'active',
          expiresAt: null,
          secretId: expect.not.stringContaining(retiredSecretId),
        }),
      ]);
      expect(await signersNow(world, tenant, { old: secretValue, fresh })).toEqual(['fresh']);
    });

    it('is right about what must be in a body: nothing', async () => {
      const tenant = await newTenant(world);
      const { id } = await register(world, tenant);
      const path = `/v1/webhooks/${id}/rotate_secret`;
      expectGood(await world.ask('POST', path, { token: tenant.token }), 200, page.rotated);
      expectGood(await world.ask('POST', path, { token: tenant.token, json: {} }), 200, page.rotated);
    });

    it('lists refusals, and each looks as it says', async () => {
      const tenant = await newTenant(world);
      const [{ id }, gone] = [await register(world, tenant), await register(world, tenant)];
      await world.ask('DELETE', `/v1/webhooks/${gone.id}`, { token: tenant.token });
      expectListed([
        await sent(ROTATE_CURL, id, 'mb_live_nobody'),
        await sent(ROTATE_CURL, UNKNOWN, tenant.token),
        await sent(ROTATE_CURL, gone.id, tenant.token),
        await rotate(world, tenant, id, -1),
      ]);
    });
  });

  describe('the page "Update url, event subscription, description, or status"', () => {
    it('prints a request that answers as it says', async () => {
      const tenant = await newTenant(world);
      const { id, endpoint } = await register(world, tenant);
      await world.ask('PATCH', `/v1/webhooks/${id}`, { token: tenant.token, json: { status: 'suspended' } });
      const answer = await update(tenant, id);
      expectGood(answer, 200, page.endpoint);
      expect(answer.json).toEqual({
        ...endpoint,
        url: 'http://127.0.0.1:8080/new',
        events: [],
        description: 'as printed',
        status: 'active',
        updatedAt: answer.json.updatedAt,
      });
      expect(await read(world, tenant, id)).toEqual(answer.json);
    });

    it('is right about the URL: changing it does not rotate, and each event of its list is known', async () => {
      const tenant = await newTenant(world);
      const { id, secretValue, endpoint } = await register(world, tenant);
      const { secretValue: fresh } = await rotated(world, tenant, id);
      const moved = `${world.running.receiver.url}/moved`;
      const json = { url: moved, events: EVENTS };
      const answer = await world.ask('PATCH', `/v1/webhooks/${id}`, { token: tenant.token, json });
      expectGood(answer, 200, page.endpoint);
      expect([answer.json.secrets.length, answer.json.secrets[1].secretId]).toEqual([2, endpoint.secrets[0].secretId]);
      expect(await signersNow(world, tenant, { old: secretValue, fresh })).toEqual(['fresh', 'old']);
      for (const event of EVENTS) expect((await deliver(world, tenant, event)).path).toBe(new URL(moved).pathname);
    });

    it('lists refusals, and each looks as it says', async () => {
      const tenant = await newTenant(world);
      const [{ id }, gone] = [await register(world, tenant), await register(world, tenant)];
      await world.ask('DELETE', `/v1/webhooks/${gone.id}`, { token: tenant.token });
      expectListed([
        await sent(UPDATE_CURL, id, 'mb_live_nobody', { url: 'https://example.com', description: '' }),
        await update(tenant, UNKNOWN),
        await update(tenant, gone.id),
        await update(tenant, id, 'nonsense'),
      ]);
    });
  });

  describe('both pages', () => {
    it('print requests that work at the root, over a socket, without a prefix', async () => {
      const running = await runDialects([moonborn], { rootDialect: 'moonborn' });
      try {
        const rooted = {
          running,
          ask: checkedClient(running, moonborn),
          native: checkedClient(running, running.native),
        };
        const tenant = await newTenant(rooted);
        const { id } = await register(rooted, tenant);
        const origin = await running.listen();
        const values = { url: 'http://127.0.0.1:8080/new', description: 'over a socket' };
        for (const [curl, filled] of [
          [ROTATE_CURL, {}],
          [UPDATE_CURL, values],
        ] as const) {
          const { method, path, ask } = printedCurl(curl, {
            host: HOST,
            ids: { '<id>': id },
            values: filled,
            token: tenant.token,
          });
          const response = await fetch(`${origin}${path}`, {
            method,
            headers: { ...ask.headers },
            body: String(ask.raw),
          });
          expect([response.status, response.headers.get('content-type')]).toEqual([200, 'application/json']);
          const told = await response.json();
          expect((curl === ROTATE_CURL ? page.rotated : page.endpoint)(told)).toBe(true);
        }
      } finally {
        await running.stop();
      }
    });
  });
}

function expectListed(answers: readonly Answer[]): void {
  expect(answers.map(({ status }) => status)).toEqual(LISTED_STATUSES);
  for (const answer of answers) expectErrorShape(answer);
}
