import { describe, expect, it } from 'vitest';
import { type MoonbornWorld, newTenant, read, register, rotate, rotated, signersNow } from './moonborn-world.ts';
import { expectGood, expectRefusal, page } from './page.ts';

export const SESSION_JWTS = {
  key: { kind: 'secret', secret: 'what only the issuer of sessions and this test know' },
  issuer: 'https://app.moonborn.co',
  audience: null,
} as const;

const ALL = 'endpoints:read endpoints:write secrets:rotate deliveries:read deliveries:write';

/** The second way of its pages: "API key or session JWT". */
export function sessionCases(world: MoonbornWorld): void {
  describe('a session JWT', () => {
    const session = async (org: string, claims = {}): Promise<{ token: string }> => ({
      token: await world.running.sessionJwt({ org, scope: ALL, ...claims }),
    });

    it('does what a key does, for its organization', async () => {
      const tenant = await newTenant(world);
      const caller = await session(tenant.externalId);
      const { id, secretValue: old, endpoint } = await register(world, caller);
      expect(endpoint.orgId).toBe(tenant.organizationId);
      const { secretValue: fresh } = await rotated(world, caller, id, 60);
      expect(await signersNow(world, tenant, { old, fresh })).toEqual(['fresh', 'old']);
      expect(await read(world, tenant, id)).toEqual(await read(world, await session(tenant.organizationId), id));
    });

    it('sees nothing of another organization', async () => {
      const [tenant, other] = [await newTenant(world), await newTenant(world)];
      const { id, endpoint } = await register(world, tenant);
      const caller = await session(other.externalId);
      expectRefusal(await rotate(world, caller, id), 404, 'not_found');
      const list = await world.ask('GET', '/v1/webhooks', caller);
      expectGood(list, 200, page.endpoints);
      expect(list.json.items).toEqual([]);
      expect(await read(world, tenant, id)).toEqual(endpoint);
    });

    it('may do what its scopes say', async () => {
      const tenant = await newTenant(world);
      const { id } = await register(world, tenant);
      const reader = await session(tenant.externalId, { scope: 'endpoints:read' });
      expectGood(await world.ask('GET', `/v1/webhooks/${id}`, reader), 200, page.endpoint);
      expectRefusal(await rotate(world, reader, id), 403, 'missing_scope');
    });

    it.each([
      ['has expired', { exp: 1_700_000_000, iat: 1_699_990_000 }, 'expired_credentials'],
      ['is of another issuer', { iss: 'https://app.example.com' }, 'invalid_credentials'],
      ['has no organization', { org: undefined }, 'invalid_credentials'],
      ['names an organization that is not there', { org: 'nobody-is-called-so' }, 'invalid_credentials'],
    ] as const)('that %s is refused', async (_name, claims, code) => {
      const tenant = await newTenant(world);
      const { id, endpoint } = await register(world, tenant);
      expectRefusal(await rotate(world, await session(tenant.externalId, claims), id), 401, code);
      expect(await read(world, tenant, id)).toEqual(endpoint);
    });

    it('that was tampered with is refused', async () => {
      const tenant = await newTenant(world);
      const { id } = await register(world, tenant);
      const { token } = await session(tenant.externalId, { scope: 'endpoints:read' });
      const [head, , signature] = token.split('.');
      const claims = Buffer.from(JSON.stringify({ org: tenant.externalId, scope: ALL, exp: 9_999_999_999 }));
      const forged = `${head}.${claims.toString('base64url')}.${signature}`;
      expectRefusal(await rotate(world, { token: forged }, id), 401, 'invalid_credentials');
      const none = `${Buffer.from('{"alg":"none"}').toString('base64url')}.${claims.toString('base64url')}.`;
      expectRefusal(await rotate(world, { token: none }, id), 401, 'invalid_credentials');
    });
  });
}
