import { stripeStyle } from '@hookring/signing';
import { describe, expect, it, vi } from 'vitest';
import type { Outcome } from '../../app/outcome.ts';
import { type AppWorld, codeOf, inAppWorld, NEW_ENDPOINT, valueOf } from '../../app/testing/app-world.ts';
import type { DeliveryId, EndpointId, SecretId } from '../../domain/ids.ts';
import type { RouteContext } from '../../http/route.ts';
import { type Conduct, type DialectServices, INSIDE } from '../conduct.ts';
import { type Operation, perform } from '../operation.ts';
import * as deliveries from './deliveries.ts';
import * as endpoints from './endpoints.ts';
import * as keyrings from './keyrings.ts';
import * as keys from './keys.ts';

const PAGE = { after: null, itemsMax: 10 };
/** Within the days that can be recovered. */
const SINCE = Date.UTC(2030, 0, 1);
const SECRET_MEMBERS =
  'activatesAt actor algorithm createdAt expiresAt fingerprint hint id number origin publicKey reason revokedAt signsFrom signsUntil supersededAt';
const KEY_MEMBERS = 'createdAt dialect expiresAt hint id name organizationId revokedAt scopes';
const CONDUCT: Conduct = {
  dialect: 'acme',
  scopeAliases: {},
  keyHash: null,
  endpointDefaults: NEW_ENDPOINT.defaults,
  endpointRotations: null,
  organizationRotations: null,
  organizationSecretSpelling: 'whsec',
  archivedEndpoints: 'shown',
  secretsInEndpoints: true,
};

/** Performs operations as a route of a dialect does. */
function through({ world, app, caller }: AppWorld, more: Partial<Conduct> = {}) {
  return async <I, O>(operation: Operation<I, O>, input: I, key: string | null = null) => {
    const context: RouteContext<DialectServices> = {
      caller: caller(),
      idempotency: key === null ? null : { route: operation.name, key, body: new Uint8Array() },
      operationId: operation.name,
      requestId: 'r',
      headers: {},
      services: { now: () => world.time.now(), [INSIDE]: { app, conduct: { ...CONDUCT, ...more } } },
    };
    const performing = perform(context, operation, input);
    // Rotations and tests wait for time to go on.
    await world.time.advance(100);
    return await performing;
  };
}
type Do = ReturnType<typeof through>;

const { settings } = NEW_ENDPOINT;
type Named = { readonly endpointId: EndpointId; readonly secretId: SecretId; readonly deliveryId: DeliveryId };
type Try = (act: Do, named: Named, key?: string) => Promise<Outcome<unknown>>;

/** Every operation that names an endpoint, with as many reads of it as it takes. */
const NAMING: Readonly<Record<string, Try>> = {
  readEndpoint: (act, { endpointId }) => act(endpoints.readEndpoint, { endpointId }),
  updateEndpoint: (act, { endpointId }) =>
    act(endpoints.updateEndpoint, { endpointId, change: { description: 'new' } }),
  testEndpoint: (act, { endpointId }, key) => act(endpoints.testEndpoint, { endpointId }, key),
  planEndpointRotation: (act, { endpointId }) => act(keyrings.planEndpointRotation, { endpointId, force: true }),
  listEndpointSecrets: (act, { endpointId }) => act(keyrings.listEndpointSecrets, { endpointId, page: PAGE }),
  revokeEndpointSecret: (act, { endpointId, secretId }, key) =>
    act(keyrings.revokeEndpointSecret, { endpointId, secretId }, key),
  rotateEndpointSecret: (act, { endpointId }, key) =>
    act(keyrings.rotateEndpointSecret, { endpointId, force: true }, key),
  listEndpointDeliveries: (act, { endpointId }) => act(deliveries.listEndpointDeliveries, { endpointId, page: PAGE }),
  listEndpointAttempts: (act, { endpointId }) => act(deliveries.listEndpointAttempts, { endpointId, page: PAGE }),
  searchAttempts: (act, { endpointId }) => act(deliveries.searchAttempts, { endpointId, page: PAGE }),
  resendDelivery: (act, { endpointId, deliveryId }, key) =>
    act(deliveries.resendDelivery, { endpointId, deliveryId }, key),
  recoverDeliveries: (act, { endpointId }, key) =>
    act(deliveries.recoverDeliveries, { endpointId, since: SINCE, until: null, statuses: ['dead'], after: null }, key),
  archiveEndpoint: (act, { endpointId }) => act(endpoints.archiveEndpoint, { endpointId }),
};

/** An endpoint with a delivery and a retiring secret. */
async function named({ world }: AppWorld, act: Do): Promise<Named> {
  const made = valueOf(await act(endpoints.createEndpoint, { settings }));
  const { id: endpointId } = made.endpoint;
  const secretId = made.secret?.id;
  if (secretId === undefined) throw new Error('no secret');
  valueOf(await act(keyrings.rotateEndpointSecret, { endpointId }));
  await world.accept();
  await world.time.advance(1_000);
  const [sent] = valueOf(await act(deliveries.listEndpointDeliveries, { endpointId, page: PAGE })).items;
  if (sent === undefined) throw new Error('no delivery');
  return { endpointId, secretId, deliveryId: sent.delivery.id };
}

describe('operations that name an endpoint', () => {
  it.each(['shown', 'hidden'] as const)(
    'read it once, where archived ones are %s',
    async (archivedEndpoints) =>
      await inAppWorld(async (given) => {
        const act = through(given, { archivedEndpoints, secretsInEndpoints: false });
        const thing = await named(given, act);
        const reading = vi.spyOn(given.app.store.reader, 'endpoint');
        const readingDelivery = vi.spyOn(given.app.store.reader, 'delivery');
        for (const [name, attempt] of Object.entries(NAMING)) {
          reading.mockClear();
          readingDelivery.mockClear();
          expect([name, codeOf(await attempt(act, thing))]).toEqual([name, null]);
          expect([name, reading.mock.calls.length]).toEqual([name, 1]);
          // The old one and the new one.
          expect([name, readingDelivery.mock.calls.length]).toEqual([name, name === 'resendDelivery' ? 2 : 0]);
        }
      })(),
  );

  it(
    'do not find an archived one where those are hidden, nor for a request that is repeated',
    inAppWorld(async (given) => {
      const act = through(given, { archivedEndpoints: 'hidden' });
      const thing = await named(given, act);
      for (const [name, attempt] of Object.entries(NAMING)) {
        expect([name, codeOf(await attempt(act, thing, 'k'))]).toEqual([name, null]);
      }
      for (const [name, attempt] of Object.entries(NAMING)) {
        expect([name, codeOf(await attempt(act, thing, 'k'))]).toEqual([name, 'not_found']);
        expect([name, codeOf(await attempt(act, thing))]).toEqual([name, 'not_found']);
      }
      const { endpointId } = thing;
      const again = await act(endpoints.updateEndpoint, { endpointId, change: { status: 'archived' } });
      expect(codeOf(again)).toBe('not_found');
      expect(valueOf(await act(deliveries.listDeliveries, { endpointId, page: PAGE })).items).toEqual([]);
      expect(valueOf(await act(deliveries.listDeliveries, { page: PAGE })).items.length).toBeGreaterThan(0);
      const { deliveryId } = thing;
      expect(codeOf(await act(deliveries.readDelivery, { deliveryId }))).toBe('not_found');
      expect(codeOf(await through(given)(deliveries.readDelivery, { deliveryId }))).toBeNull();
    }),
  );

  it(
    'tell of an archived one where those are shown',
    inAppWorld(async (given) => {
      const act = through(given);
      const thing = await named(given, act);
      await act(endpoints.archiveEndpoint, { endpointId: thing.endpointId });
      const codes: Record<string, string | null> = {};
      for (const [name, attempt] of Object.entries(NAMING)) codes[name] = codeOf(await attempt(act, thing));
      const changing = ['updateEndpoint', 'testEndpoint', 'planEndpointRotation', 'revokeEndpointSecret'];
      changing.push('rotateEndpointSecret', 'resendDelivery', 'recoverDeliveries');
      const expected = Object.keys(NAMING).map((name) => [name, changing.includes(name) ? 'endpoint_archived' : null]);
      expect(codes).toEqual(Object.fromEntries(expected));
    }),
  );

  it(
    'are repeated after a creation only while it is there',
    inAppWorld(async (given) => {
      const act = through(given, { archivedEndpoints: 'hidden' });
      const create = async () => await act(endpoints.createEndpoint, { settings }, 'k');
      const { endpoint } = valueOf(await create());
      expect(valueOf(await create()).endpoint.id).toBe(endpoint.id);
      await act(endpoints.archiveEndpoint, { endpointId: endpoint.id });
      expect(codeOf(await create())).toBe('not_found');
    }),
  );

  it(
    'send a delivery again only for the endpoint that it belongs to',
    inAppWorld(async (given) => {
      const act = through(given);
      const { deliveryId } = await named(given, act);
      const other = valueOf(await act(endpoints.createEndpoint, { settings })).endpoint.id;
      const foreign = await act(deliveries.resendDelivery, { deliveryId, endpointId: other });
      expect(codeOf(foreign)).toBe('not_found');
    }),
  );
});

describe('what operations answer', () => {
  it(
    'has nothing sealed, and of secrets, headers and keys no more than their types say',
    inAppWorld(async (given) => {
      const act = through(given);
      const thing = await named(given, act);
      const { endpointId, secretId } = thing;
      const change = { headers: { 'x-shop': 'a value' } };
      const view = valueOf(await act(endpoints.updateEndpoint, { endpointId, change }));
      expect(view.endpoint.headers).toEqual([{ name: 'x-shop' }]);
      expect(view.secrets.map(({ id }) => id)).toHaveLength(2);
      // A store may answer its rows as they are.
      const { secrets: items } = await given.world.ring(endpointId);
      vi.spyOn(given.app.store.reader, 'secrets').mockResolvedValueOnce({ items, nextCursor: null });
      const listed = valueOf(await act(keyrings.listEndpointSecrets, { endpointId, page: PAGE }));
      const ofRing = valueOf(await act(keyrings.listOrganizationSecrets, { page: PAGE }));
      const revoked = valueOf(await act(keyrings.revokeEndpointSecret, { endpointId, secretId }));
      for (const secret of [...view.secrets, ...listed.items, ...ofRing.items, revoked]) {
        expect(Object.keys(secret).toSorted().join(' ')).toBe(SECRET_MEMBERS);
      }
      const request = { scopes: ['events:write'] } as const;
      const made = valueOf(await act(keys.createKey, { ...request, tokenPrefix: 'ac_' }));
      const imported = valueOf(await act(keys.importKey, { ...request, tokenHash: 'a'.repeat(64), hint: 'old' }));
      const revokedKey = valueOf(await act(keys.revokeKey, { keyId: imported.id }));
      const allKeys = valueOf(await act(keys.listKeys, { page: PAGE })).items;
      for (const key of [made.key, imported, revokedKey, ...allKeys]) {
        expect(Object.keys(key).toSorted().join(' ')).toBe(KEY_MEMBERS);
      }
      const all = [view, listed, ofRing, revoked, made.key, imported, revokedKey, allKeys];
      for (const attempt of Object.values(NAMING))
        all.push(valueOf(await attempt(act, await named(given, act))) as never);
      expect(JSON.stringify(all)).not.toMatch(/sealed/);
    }),
  );

  it(
    'is one page of endpoints and how many there are, as the dialect counts them',
    inAppWorld(async (given) => {
      const act = through(given);
      const { endpointId } = await named(given, act);
      await act(endpoints.createEndpoint, { settings });
      await act(endpoints.archiveEndpoint, { endpointId });
      const list = async (archivedEndpoints: 'shown' | 'hidden') => {
        const input = { page: { after: null, itemsMax: 1 }, withTotal: true };
        const { items, total } = valueOf(await through(given, { archivedEndpoints })(endpoints.listEndpoints, input));
        return [items.length, total];
      };
      expect([await list('shown'), await list('hidden')]).toEqual([
        [1, 2],
        [1, 1],
      ]);
    }),
  );
});

it(
  'what dialects keep beside an endpoint does not meet',
  inAppWorld(async (given) => {
    const one = through(given, { dialect: 'one' });
    const two = through(given, { dialect: 'two' });
    const made = valueOf(await one(endpoints.createEndpoint, { settings: { ...settings, extra: { version: '1' } } }));
    const { id: endpointId } = made.endpoint;
    expect(made.endpoint.extra).toEqual({ version: '1' });
    const extra = { version: '2', color: 'red' };
    expect(valueOf(await two(endpoints.updateEndpoint, { endpointId, change: { extra } })).endpoint.extra).toEqual(
      extra,
    );
    expect(valueOf(await one(endpoints.readEndpoint, { endpointId })).endpoint.extra).toEqual({ version: '1' });
    const less = { extra: { version: null } };
    expect(valueOf(await two(endpoints.updateEndpoint, { endpointId, change: less })).endpoint.extra).toEqual({
      color: 'red',
    });
    expect((await given.world.currentEndpoint(endpointId)).extra).toEqual({ 'one.version': '1', 'two.color': 'red' });
    const [listed] = valueOf(await one(endpoints.listEndpoints, { page: PAGE })).items;
    expect(listed?.endpoint.extra).toEqual({ version: '1' });
  }),
);

it(
  'a hint that cannot be is called as the operation calls it',
  inAppWorld(async (given) => {
    const input = { scopes: ['events:write'], tokenHash: 'a'.repeat(64), hint: 'naïve' } as const;
    expect(await through(given)(keys.importKey, input)).toMatchObject({ problem: { errors: [{ pointer: '/hint' }] } });
  }),
);

it(
  'a key of the organization ring and one of an endpoint are spelled as their endpoints read them',
  inAppWorld(async (given) => {
    const signatureProfile = stripeStyle('x-acme', { secretDecoding: 'hex' });
    const act = through(given);
    const made = valueOf(await act(endpoints.createEndpoint, { settings: { ...settings, signatureProfile } }));
    expect(made.secret?.value).toMatch(/^[0-9a-f]{64}$/);
    const rotated = valueOf(await act(keyrings.rotateEndpointSecret, { endpointId: made.endpoint.id }));
    expect(rotated.secret.value).toMatch(/^[0-9a-f]{64}$/);
    expect(valueOf(await act(keyrings.rotateOrganizationSecret, {})).secret.value).toMatch(/^whsec_/);
  }),
);
