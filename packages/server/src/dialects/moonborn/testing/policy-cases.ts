import { request as httpRequest } from 'node:http';
import { describe, expect, it } from 'vitest';
import { type Dialect, defineDialect, type RotationPolicy } from '../../public.ts';
import { checkedClient } from '../../testing/checked-client.ts';
import { type RunOptions, runDialects } from '../../testing/running-dialects.ts';
import { moonborn } from '../moonborn.ts';
import { type MoonbornWorld, newTenant, read, register, rotate, rotated, signersNow } from './moonborn-world.ts';
import { expectErrorShape, expectGood, expectRefusal, page } from './page.ts';

/** Moonborn's surface, where what it gives an endpoint is other than usual. */
function moonbornWith(rotationPolicy: Partial<RotationPolicy>): Dialect {
  const { endpointDefaults } = moonborn;
  return defineDialect({
    ...moonborn,
    endpointDefaults: {
      ...endpointDefaults,
      rotationPolicy: { ...endpointDefaults.rotationPolicy, ...rotationPolicy },
    },
  });
}

async function inWorld(
  dialect: Dialect,
  options: RunOptions,
  act: (world: MoonbornWorld) => Promise<void>,
): Promise<void> {
  const running = await runDialects([dialect], options);
  try {
    await act({ running, ask: checkedClient(running, dialect), native: checkedClient(running, running.native) });
    expect(running.crashes).toEqual([]);
  } finally {
    await running.stop();
  }
}

export function policyCases(): void {
  describe('an enforced policy', () => {
    it('binds a rotation: what it forbids is a conflict in the words of the product', async () => {
      const grace = { defaultSeconds: 60, minSeconds: 30, maxSeconds: 120, whenOmitted: 'default' } as const;
      const enforced = moonbornWith({ enforced: true, grace, onOverlap: 'refuse' });
      await inWorld(enforced, {}, async (world) => {
        const tenant = await newTenant(world);
        const { id, endpoint } = await register(world, tenant);
        for (const seconds of [0, 29, 121, 604_801]) {
          expectRefusal(await rotate(world, tenant, id, seconds), 409, 'policy_enforced');
        }
        expectRefusal(await rotate(world, tenant, id, 'no number'), 422, 'validation_failed');
        expect(await read(world, tenant, id)).toEqual(endpoint);
        expect((await rotated(world, tenant, id)).endpoint.secrets).toHaveLength(2);
        expectRefusal(await rotate(world, tenant, id, 60), 409, 'policy_enforced');
        world.running.advance(61_000);
        expectGood(await rotate(world, tenant, id, 60), 200, page.rotated);
      });
    });
  });

  describe('the limits of a server', () => {
    it('are the default and the longest grace, and how many secrets may live', async () => {
      const rotationLimits = { graceSecondsDefault: 600, graceSecondsMax: 1_000, liveSecretsMax: 2 };
      await inWorld(moonborn, { rotationLimits }, async (world) => {
        const tenant = await newTenant(world);
        const { id, secretValue: first } = await register(world, tenant);
        const { endpoint, secretValue: second } = await rotated(world, tenant, id);
        const [active, retiring] = endpoint.secrets;
        expect(Date.parse(retiring.expiresAt) - Date.parse(active.activatedAt)).toBe(600_000);
        expectRefusal(await rotate(world, tenant, id, 1_001), 422, 'grace_out_of_range');
        const { secretValue: third } = await rotated(world, tenant, id, 1_000);
        expect(await signersNow(world, tenant, { first, second, third })).toEqual(['third', 'second']);
      });
    });

    it('are how long a secret is given again: after that a replay has nothing to show', async () => {
      await inWorld(moonborn, { rotationLimits: { recoveryMinutesMax: 5 } }, async (world) => {
        const tenant = await newTenant(world);
        const headers = { 'idempotency-key': 'once' };
        const json = { url: world.running.receiver.url, events: [] };
        const registering = async () => await world.ask('POST', '/v1/webhooks', { token: tenant.token, json, headers });
        const first = await registering();
        expectGood(first, 201, page.registered);
        const { endpointId: id } = first.json.endpoint;
        expectGood(await rotate(world, tenant, id, 60, { headers }), 200, page.rotated);
        world.running.advance(4 * 60_000);
        expect((await registering()).json.secretValue).toBe(first.json.secretValue);
        expectGood(await rotate(world, tenant, id, 60, { headers }), 200, page.rotated);
        world.running.advance(60_000);
        const before = await read(world, tenant, id);
        expectRefusal(await rotate(world, tenant, id, 60, { headers }), 409, 'secret_shown_before');
        expectRefusal(await registering(), 409, 'secret_shown_before');
        expect(await read(world, tenant, id)).toEqual(before);
      });
    });

    it('of requests are told with the time to wait, in the words of the product', async () => {
      await inWorld(moonborn, { rateLimit: { requests: 2, windowSeconds: 60 } }, async ({ running, ask }) => {
        for (let count = 0; count < 2; count += 1) expectGood(await ask('GET', '/v1/webhooks'), 200, page.endpoints);
        const limited = await ask('GET', '/v1/webhooks');
        expectRefusal(limited, 429, 'rate_limited');
        expect(limited.headers['retry-after']).toMatch(/^\d+$/);
        running.advance(60_000);
        expectGood(await ask('GET', '/v1/webhooks'), 200, page.endpoints);
      });
    });
  });

  describe('over a socket', () => {
    it('a path without end and too many headers are refused', async () => {
      await inWorld(moonborn, {}, async ({ running }) => {
        const base = `${await running.listen()}/moonborn`;
        const authorization = `Bearer ${running.bootstrapKey}`;
        const long = await overSocket(`${base}/v1/webhooks/${'x'.repeat(10_000)}`, { authorization });
        expectRefusal(long, 404, 'not_found');
        const headers = Object.fromEntries(Array.from({ length: 40 }, (_each, n) => [`x-${n}`, 'y'.repeat(1_000)]));
        expect((await overSocket(`${base}/v1/webhooks`, { authorization, ...headers })).status).toBe(431);
      });
    });
  });

  describe('a fault inside', () => {
    it('is a 500 in the shape of the product, and tells nothing', async () => {
      let isDefined = false;
      const broken = defineDialect({
        ...moonborn,
        endpointDefaults: {
          ...moonborn.endpointDefaults,
          get secretSpelling() {
            if (isDefined) throw new Error('the minting of secrets fell over');
            return moonborn.endpointDefaults.secretSpelling;
          },
        },
      });
      isDefined = true;
      const running = await runDialects([broken]);
      try {
        const ask = checkedClient(running, broken);
        await checkedClient(running, running.native)('POST', '/endpoints', { json: { url: running.receiver.url } });
        const [{ endpointId }] = (await ask('GET', '/v1/webhooks')).json.items;
        const answer = await ask('POST', `/v1/webhooks/${endpointId}/rotate_secret`, { json: {} });
        expect(answer.status).toBe(500);
        expectErrorShape(answer);
        expect(answer.text).not.toContain('fell over');
        expect(running.crashes).toEqual([new Error('the minting of secrets fell over')]);
      } finally {
        await running.stop();
      }
    });
  });
}

async function overSocket(url: string, headers: Record<string, string>) {
  return await new Promise<{ status: number; headers: Record<string, unknown>; text: string; json: unknown }>(
    (resolve, reject) => {
      const sent = httpRequest(url, { headers }, (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => {
          text += chunk;
        });
        response.on('end', () => {
          const isJson = response.headers['content-type']?.includes('json') === true;
          const json: unknown = isJson ? JSON.parse(text) : null;
          resolve({ status: response.statusCode ?? 0, headers: response.headers, text, json });
        });
      });
      sent.on('error', reject);
      sent.end();
    },
  );
}
