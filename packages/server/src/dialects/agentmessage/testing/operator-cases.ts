import { describe, expect, it } from 'vitest';
import { rawExchange } from '../../../http/testing/raw-exchange.ts';
import type { Answer, CheckedClient } from '../../testing/checked-client.ts';
import { createKey } from '../../testing/native-steps.ts';
import { expectGood, expectRefusal, page } from './page.ts';
import { type AgentMessageWorld, createWebhook, EVENT, nativeAsk, newTenant } from './world.ts';

const MINUTE_MS = 60_000;

let openPort: number | null = null;

/** What an operator may set otherwise: the product at the root, limits of rotations and of requests. */
export type OperatedWorld = AgentMessageWorld & {
  /** A product with the same routes whose webhooks insist on a policy of their own. */
  strict: CheckedClient;
  requestsMax: number;
  recoveryMinutesMax: number;
  graceSecondsMax: number;
};

export function operatorCases(world: OperatedWorld): void {
  describe('an enforced policy', () => {
    it('allows what it allows, and forbids the rest in the words of the product', async () => {
      const tenant = await newTenant(world);
      const { token } = tenant;
      const json = { url: world.running.receiver.url, events: [EVENT] };
      const { json: webhook } = await world.strict('POST', '/v1/webhooks', { token, json });
      const rotate = async () => await world.ask('POST', `/v1/webhooks/${webhook.id}/rotate-secret`, { token });
      const changePolicy = async (rotationPolicy: unknown): Promise<void> => {
        const { items } = await nativeAsk(world, tenant, 'GET', '/endpoints');
        await nativeAsk(world, tenant, 'PATCH', `/endpoints/${items[0].id}`, { json: { rotationPolicy } });
      };
      // AgentMessage ends the secret before at once: this policy allows that while nothing else is retiring.
      for (let count = 0; count < 2; count += 1) expectGood(await rotate(), 200, page.endpointWithSecret);
      await changePolicy({ grace: { minSeconds: 10, defaultSeconds: 10 } });
      expectRefusal(await rotate(), 409, 'CONFLICT');
      await changePolicy({ grace: { minSeconds: 0 } });
      expectGood(await rotate(), 200, page.endpointWithSecret);
    });
  });

  describe('the limits of a server', () => {
    it('end the time in which a secret is given again, and a repeated request rotates nothing', async () => {
      const tenant = await newTenant(world);
      const webhook = await createWebhook(world, tenant);
      const ways = [
        [`/v1/webhooks/${webhook.id}/rotate-secret`, tenant.token],
        ['/v1/webhook-secret/rotate', tenant.adminToken],
      ] as const;
      const headers = { 'idempotency-key': 'once' };
      const ask = async ([path, token]: (typeof ways)[number]): Promise<Answer> =>
        await world.ask('POST', path, { token, headers });
      const first = await Promise.all(ways.map(ask));
      world.running.advance((world.recoveryMinutesMax - 1) * MINUTE_MS);
      expect((await Promise.all(ways.map(ask))).map(({ text }) => text)).toEqual(first.map(({ text }) => text));
      world.running.advance(MINUTE_MS);
      for (const way of ways) expectRefusal(await ask(way), 409, 'CONFLICT');
      const { items } = await nativeAsk(world, tenant, 'GET', `/organizations/${tenant.organizationId}/secrets`);
      expect(items).toHaveLength(2);
    });

    it("shorten the organization's 5 minutes", async () => {
      const { adminToken: token } = await newTenant(world);
      const { json } = await world.ask('POST', '/v1/webhook-secret/rotate', { token });
      const livesMs = Date.parse(json.previous_valid_until) - Date.parse(json.rotated_at);
      expect(livesMs).toBe(world.graceSecondsMax * 1_000);
    });

    it('on requests are told with the time to wait', async () => {
      const { token } = await createKey(world.running, { scopes: ['webhooks:read'], dialect: 'agentmessage' });
      const ask = async () => await world.ask('GET', '/v1/webhooks', { token });
      for (let count = 0; count < world.requestsMax; count += 1) expect((await ask()).status).toBe(200);
      const refused = await ask();
      expectRefusal(refused, 429, 'RATE_LIMITED');
      expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
    });
  });

  describe('requests that no route sees, over a socket', () => {
    it.each([
      [
        'too many bytes of headers',
        `GET /v1/webhooks HTTP/1.1\r\nhost: a\r\nx-long: ${'a'.repeat(20_000)}\r\n\r\n`,
        431,
        'REQUEST_HEADERS_TOO_LARGE',
      ],
      ['what is not HTTP', 'what is this\r\n\r\n', 400, 'INVALID_REQUEST'],
      [
        'a very long path',
        `GET /v1/webhooks/${'a'.repeat(5_000)} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n`,
        404,
        'NOT_FOUND',
      ],
    ])('%s', async (_name, bytes, status, code) => {
      const [head = '', text = ''] = (await rawExchange(await portOf(world), bytes)).split('\r\n\r\n');
      const headers = Object.fromEntries(
        head
          .split('\r\n')
          .slice(1)
          .map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 2)]),
      );
      expectRefusal({ status: Number(head.split(' ')[1]), headers, text, json: JSON.parse(text) }, status, code);
    });
  });
}

async function portOf({ running }: AgentMessageWorld): Promise<number> {
  openPort ??= Number(new URL(await running.listen()).port);
  return openPort;
}
