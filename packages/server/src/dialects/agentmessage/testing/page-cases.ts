import { describe, expect, it } from 'vitest';
import type { Answer } from '../../testing/checked-client.ts';
import { printedCurl } from '../../testing/printed-curl.ts';
import { CATALOGUE } from '../catalogue.ts';
import { expectGood, expectRefusal, page } from './page.ts';
import { signedBy } from './receiver.ts';
import { type AgentMessageWorld, createWebhook, deliver, newTenant } from './world.ts';

/** As the page prints them. */
const CURL = 'curl -X POST "https://example.com/v1/webhooks/497f6eca-6276-4993-bfeb-53cbbbba6f08/rotate-secret"';
const HOST = 'https://example.com';
const PRINTED_ID = '497f6eca-6276-4993-bfeb-53cbbbba6f08';
const ROTATED = {
  id: '0190a1b2-c3d4-e5f6-a7b8-c9d0e1f2a3b4',
  org_id: '0190a1b2-c3d4-e5f6-a7b8-c9d0e1f2a3b5',
  url: 'https://hooks.example.com/y3labs/ops',
  events: ['wallet.balance_low'],
  active: true,
  api_version: '2026-04-01',
  created_at: '2026-04-26T12:00:00Z',
  updated_at: '2026-04-29T09:30:00Z',
  deleted_at: null,
  secret: 'BU3aA56KLn/gYzL+2yE0kZ9wD3jA2QAnLaWKkjNl8Z0=',
  secret_displayed_once: true,
};

export function pageCases(world: AgentMessageWorld): void {
  describe('the page about the rotation', () => {
    /** Runs the printed command, with the key that the page forgot. */
    const curl = async (token: string, id = PRINTED_ID): Promise<Answer> => {
      const { method, path, ask } = printedCurl(CURL, { host: HOST, ids: { [PRINTED_ID]: id }, token });
      return await world.ask(method, path, ask);
    };

    it('prints an answer that fits what was written down from it', () => {
      expect(page.endpointWithSecret(ROTATED)).toBe(true);
      const { secret: _secret, ...without } = ROTATED;
      const { secret_displayed_once: _once, ...bare } = without;
      expect([page.endpointWithSecret(without), page.endpoint(without), page.endpoint(bare)]).toEqual([
        false,
        false,
        true,
      ]);
      for (const event of ROTATED.events) expect(CATALOGUE).toContain(event);
    });

    it('prints a command that rotates', async () => {
      const tenant = await newTenant(world);
      const webhook = await createWebhook(world, tenant);
      const answer = await curl(tenant.token, webhook.id);
      expectGood(answer, 200, page.endpointWithSecret);
      expect(Object.keys(answer.json)).toEqual(Object.keys(ROTATED));
      const { secret: _old, ...before } = webhook;
      const { secret, ...after } = answer.json;
      expect(after).toEqual(before);
      expect(signedBy(await deliver(world, tenant), { new: secret }, world.running.clock.now())).toBe('new');
    });

    it('prints the id of a webhook that does not exist here: 404', async () => {
      const { token } = await newTenant(world);
      expectRefusal(await curl(token), 404, 'NOT_FOUND');
    });

    it('prints no key: 401, and 403 for one without the scope', async () => {
      const tenant = await newTenant(world);
      const webhook = await createWebhook(world, tenant);
      const { method, path } = printedCurl(CURL, { host: HOST, ids: { [PRINTED_ID]: webhook.id }, token: 'none' });
      expectRefusal(await world.ask(method, path, { token: null }), 401, 'UNAUTHORIZED');
      expectRefusal(await curl(tenant.adminToken, webhook.id), 403, 'FORBIDDEN');
    });

    it('names the way around its missing grace: a new webhook, a test, a deletion', async () => {
      const tenant = await newTenant(world);
      const { token } = tenant;
      const old = await createWebhook(world, tenant);
      const next = await createWebhook(world, tenant);
      const test = await world.ask('POST', `/v1/webhooks/${next.id}/test`, { token });
      expect(test.json.outcome).toBe('success');
      expectGood(await world.ask('DELETE', `/v1/webhooks/${old.id}`, { token }), 204, null);
      expect(signedBy(await deliver(world, tenant), { next: next.secret }, world.running.clock.now())).toBe('next');
    });
  });

  it('a token says whose it is', async () => {
    expect((await newTenant(world)).token).toMatch(/^am_live_/);
  });
}
