import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { moonborn } from '../moonborn/moonborn.ts';
import { type Dialect, defineDialect } from '../public.ts';
import type { Json } from './checked-client.ts';
import { BUILT_IN, PRODUCTS, type Product, signersOf } from './cross-products.ts';
import { ALL_SCOPES, type CrossWorld, createCrossWorld, expectRefused, shapeOf } from './cross-world.ts';
import { createKey, createOrganization } from './native-steps.ts';
import { runDialects } from './running-dialects.ts';

/** Its endpoints take no second rotation inside a window, whoever asks. */
const strict: Dialect = defineDialect({
  ...moonborn,
  name: 'strict',
  mount: { prefix: '/strict' },
  endpointDefaults: {
    ...moonborn.endpointDefaults,
    rotationPolicy: {
      ...moonborn.endpointDefaults.rotationPolicy,
      grace: { ...moonborn.endpointDefaults.rotationPolicy.grace, minSeconds: 60 },
      enforced: true,
      onOverlap: 'refuse',
    },
  },
});

// Filled by beforeAll; a test never runs before it.
const world = {} as CrossWorld;

beforeAll(async () => {
  const checked = [...BUILT_IN.flatMap(({ dialect }) => dialect ?? []), strict];
  const running = await runDialects(checked, { retrySchedule: null });
  Object.assign(world, createCrossWorld(running, checked));
});
afterAll(async () => {
  await world.running.stop();
});
afterEach(() => {
  expect(world.running.crashes.splice(0)).toEqual([]);
});

const PAIRS = PRODUCTS.flatMap((creator) =>
  PRODUCTS.map((other) => [creator.name, other.name, creator, other] as const),
);

describe('an endpoint', () => {
  it.each(PAIRS)(
    'of %s is read and rotated in %s, and keeps its signature and envelope',
    async (_a, _b, creator, other) => {
      const tenant = await world.newTenant();
      const { id, secret: first } = await world.create(creator, tenant);
      const before = await world.deliver(creator.eventType, tenant);
      expect(signersOf(creator, { first }, before)).toEqual(['first']);
      const shape = shapeOf(creator, before);

      const shown = await world.only(other, tenant);
      expect(shown.url).toBe(world.running.receiver.url);
      const read = await world.ask(other, tenant, 'GET', other.endpoint(other.idOf(shown)));
      expect([read.status, read.json]).toEqual([200, shown]);
      expect(read.text).not.toContain('whsec_');

      const second = await world.rotate(other, tenant, other.idOf(shown));
      const between = await world.deliver(creator.eventType, tenant);
      // The native API obeys the policy that the creator gave the endpoint; the others obey their own.
      const keepsOld = other.dialect === null ? creator.keepsOld : other.keepsOld;
      const both = { first, second };
      expect(signersOf(creator, both, between)).toEqual(keepsOld ? ['second', 'first'] : ['second']);
      expect(shapeOf(creator, between)).toEqual(shape);

      world.running.advance(86_400_000);
      const later = await world.deliver(creator.eventType, tenant);
      expect(signersOf(creator, both, later)).toEqual(['second']);
      const third = await world.rotate(creator, tenant, id);
      const after = await world.deliver(creator.eventType, tenant);
      const signers = signersOf(creator, { ...both, third }, after);
      expect(signers).toEqual(creator.keepsOld ? ['third', 'second'] : ['third']);
      expect(shapeOf(creator, after)).toEqual(shape);
    },
  );

  it('has one identity: what one product calls it leads every other to the same one', async () => {
    const tenant = await world.newTenant();
    const uuid = (product: Product, endpoint: Json): string =>
      product.idOf(endpoint).replace(/^we_/, '').replaceAll('-', '');
    for (let count = 0; count < 3; count += 1) await world.create(PRODUCTS[count] as Product, tenant);
    const lists = await Promise.all(
      PRODUCTS.map(async (product) =>
        product.listOf((await world.ask(product, tenant, 'GET', product.collection)).json),
      ),
    );
    const suffixes = lists
      .slice(0, 2)
      .map((list, at) => list.map((one) => (PRODUCTS[at] as Product).idOf(one).split('_')[1]));
    expect(suffixes[0]).toEqual(suffixes[1]);
    const hexes = lists.slice(2).map((list, at) => list.map((one) => uuid(PRODUCTS[at + 2] as Product, one)));
    expect(hexes[1]).toEqual(hexes[0]);
    expect(hexes[2]).toEqual(hexes[0]);
    expect(new Set(hexes[0]).size).toBe(3);
  });

  it('that is changed or archived in one product is so in every other', async () => {
    const tenant = await world.newTenant();
    const { id } = await world.create(PRODUCTS[1] as Product, tenant);
    const moved = `${world.running.receiver.url}/moved`;
    await world.ask(PRODUCTS[1] as Product, tenant, 'PATCH', `/v1/webhooks/${id}`, {
      json: { url: moved, status: 'suspended' },
    });
    const shown = await Promise.all(PRODUCTS.map(async (product) => await world.only(product, tenant)));
    expect(shown.map(({ url }) => url)).toEqual(PRODUCTS.map(() => moved));
    const [native, , message, form, loan] = shown;
    expect([native.status, message.active, form.paused, loan.status]).toEqual(['suspended', false, true, 'disabled']);
    expect((await world.ask(PRODUCTS[3] as Product, tenant, 'DELETE', `/webhooks/${form.id}`)).status).toBe(204);
    const left = await Promise.all(
      PRODUCTS.map(
        async (product) => product.listOf((await world.ask(product, tenant, 'GET', product.collection)).json).length,
      ),
    );
    expect(left).toEqual([1, 1, 0, 0, 0]);
  });
});

describe('the same refusal', () => {
  it.each(PRODUCTS.map((product) => [product.name, product] as const))(
    'is said in the words of %s',
    async (_name, product) => {
      const [tenant, stranger] = [await world.newTenant(), await world.newTenant()];
      const creator = PRODUCTS[1] as Product;
      const { id: creatorId } = await world.create(creator, tenant);
      const id = product.idOf(await world.only(product, tenant));

      for (const absent of [product.unknownId, 'nonsense', `${id}0`]) {
        expectRefused(product, await world.ask(product, tenant, 'GET', product.endpoint(absent)), 'not_found');
        expectRefused(product, await world.ask(product, tenant, 'POST', product.rotation(absent)), 'not_found');
      }
      const foreign = await world.ask(product, stranger, 'POST', product.rotation(id));
      expectRefused(product, foreign, 'not_found');
      const { token } = await createKey(world.running, {
        scopes: ['endpoints:read'],
        organization: tenant.organizationId,
      });
      expectRefused(
        product,
        await world.ask(product, { ...tenant, token }, 'POST', product.rotation(id)),
        'missing_scope',
      );

      expect((await world.ask(creator, tenant, 'DELETE', creator.endpoint(creatorId))).status).toBe(204);
      expectRefused(product, await world.ask(product, tenant, 'POST', product.rotation(id)), 'endpoint_archived');
    },
  );

  it.each(PRODUCTS.map((product) => [product.name, product] as const))(
    'of an enforced policy is said in the words of %s',
    async (_name, product) => {
      const tenant = await world.newTenant();
      const creator = { ...(PRODUCTS[1] as Product), name: 'strict' };
      const { secret: first } = await world.create(creator, tenant);
      const id = product.idOf(await world.only(product, tenant));
      // AgentMessage cuts at once, which this policy forbids from the first time on.
      const second = product.name === 'agentmessage' ? null : await world.rotate(product, tenant, id);
      for (let count = 0; count < 2; count += 1) {
        expectRefused(product, await world.ask(product, tenant, 'POST', product.rotation(id)), 'policy_enforced');
      }
      const request = await world.deliver(creator.eventType, tenant);
      if (second === null) expect(signersOf(creator, { first }, request)).toEqual(['first']);
      else expect(signersOf(creator, { first, second }, request)).toEqual(['second', 'first']);
    },
  );
});

describe('an enforced policy of seconds', () => {
  it.each(PRODUCTS.filter(({ name }) => name !== 'native').map((product) => [product.name, product] as const))(
    'refuses what %s promises, and never keeps less of it without a word',
    async (name, product) => {
      const tenant = await world.newTenant();
      const { secret: first } = await world.create(product, tenant);
      const [native] = PRODUCTS as readonly [Product];
      const path = native.endpoint(native.idOf(await world.only(native, tenant)));
      const grace = { defaultSeconds: 2, minSeconds: 0, maxSeconds: 5 };
      const rotationPolicy = { grace, maxLive: 10, enforced: true };
      const operator = { ...tenant, token: world.running.bootstrapKey };
      const headers = { 'hookring-organization': tenant.organizationId };
      expect((await world.ask(native, operator, 'PATCH', path, { json: { rotationPolicy }, headers })).status).toBe(
        200,
      );
      const id = product.idOf(await world.only(product, tenant));
      // Only AgentMessage promises no time at all, which the policy allows: the old secret ends at once.
      if (name === 'agentmessage') {
        const second = await world.rotate(product, tenant, id);
        expect(signersOf(product, { first, second }, await world.deliver(product.eventType, tenant))).toEqual([
          'second',
        ]);
      } else {
        expectRefused(product, await world.ask(product, tenant, 'POST', product.rotation(id)), 'policy_enforced');
        expect(signersOf(product, { first }, await world.deliver(product.eventType, tenant))).toEqual(['first']);
      }
    },
  );
});

describe('an enforced policy that signs with other secrets', () => {
  it.each(
    PRODUCTS.filter(({ name }) => name !== 'native').flatMap((product) =>
      (['active', 'oldest'] as const).map((signWith) => [product.name, signWith, product] as const),
    ),
  )('is no way around what %s promises: signWith %s', async (name, signWith, product) => {
    const tenant = await world.newTenant();
    const { secret: first } = await world.create(product, tenant);
    const [native] = PRODUCTS as readonly [Product];
    const path = native.endpoint(native.idOf(await world.only(native, tenant)));
    const grace = { minSeconds: 0, maxSeconds: null };
    const rotationPolicy = { grace, signWith, onOverlap: 'stack', maxLive: 10, enforced: true };
    const operator = { ...tenant, token: world.running.bootstrapKey };
    const headers = { 'hookring-organization': tenant.organizationId };
    expect((await world.ask(native, operator, 'PATCH', path, { json: { rotationPolicy }, headers })).status).toBe(200);
    const id = product.idOf(await world.only(product, tenant));
    // AgentMessage keeps no old secret, so nothing could sign otherwise.
    if (name === 'agentmessage') {
      const second = await world.rotate(product, tenant, id);
      expect(signersOf(product, { first, second }, await world.deliver(product.eventType, tenant))).toEqual(['second']);
    } else {
      expectRefused(product, await world.ask(product, tenant, 'POST', product.rotation(id)), 'policy_enforced');
      expect(signersOf(product, { first }, await world.deliver(product.eventType, tenant))).toEqual(['first']);
    }
  });
});

describe('the longest time in which a server shows a secret again', () => {
  it('binds every product, for registrations and for organizations too', async () => {
    const dialects = BUILT_IN.flatMap(({ dialect }) => dialect ?? []);
    const running = await runDialects(dialects, { rotationLimits: { recoveryMinutesMax: 5 } });
    try {
      const own = createCrossWorld(running, dialects);
      const tenant = await own.newTenant();
      const headers = { 'idempotency-key': 'first' };
      const operator = { ...tenant, token: running.bootstrapKey };
      const places = PRODUCTS.map((product) => {
        const json = product.creation(running.receiver.url);
        return async () => await own.ask(product, tenant, 'POST', product.collection, { json, headers });
      });
      const [native] = PRODUCTS as readonly [Product];
      const organization = { json: { name: 'new', externalId: 'new' }, headers };
      places.push(async () => await own.ask(native, operator, 'POST', '/organizations', organization));
      const firsts = await Promise.all(places.map(async (place) => await place()));
      running.advance(4 * 60_000);
      for (const [index, first] of firsts.entries()) {
        const again = await places[index]?.();
        expect([again?.text, again?.headers['idempotent-replayed']]).toEqual([first.text, 'true']);
      }
      running.advance(60_000);
      const late = await Promise.all(places.map(async (place) => await place()));
      expect(late.map(({ status, json }) => [status, json.secret?.value])).toEqual([
        [201, null],
        ...BUILT_IN.map(() => [409, undefined]),
        [201, null],
      ]);
    } finally {
      await running.stop();
    }
  });
});

describe("an organization's ring", () => {
  it('is rotated through AgentMessage and natively, and signs as each of them says', async () => {
    const [native, , message] = PRODUCTS as readonly [Product, Product, Product];
    const tenant = await world.newTenant();
    const json = { ...native.creation(world.running.receiver.url), keyring: 'organization' };
    expect((await world.ask(native, tenant, 'POST', '/endpoints', { json })).json.secret).toBeNull();
    const secrets: Record<string, string> = { first: tenant.organizationSecret };
    const signers = async (): Promise<readonly string[]> =>
      signersOf(native, secrets, await world.deliver(native.eventType, tenant));
    const states = async (): Promise<readonly string[]> => {
      const { json: list } = await world.ask(native, tenant, 'GET', `/organizations/${tenant.organizationId}/secrets`);
      return list.items.map(({ state }: Json) => state);
    };
    expect(await signers()).toEqual(['first']);
    for (const product of PRODUCTS) {
      const id = product.idOf(await world.only(product, tenant));
      expectRefused(product, await world.ask(product, tenant, 'POST', product.rotation(id)), 'organization_ring');
    }

    const throughMessage = await world.ask(message, tenant, 'POST', '/v1/webhook-secret/rotate');
    expect(throughMessage.status).toBe(200);
    secrets['second'] = throughMessage.json.webhook_secret;
    expect(await signers()).toEqual(['second']);
    expect(await states()).toEqual(['active', 'retiring']);

    const refused = await world.ask(native, tenant, 'POST', `/organizations/${tenant.organizationId}/rotate`);
    expect([refused.status, refused.json.code]).toEqual([409, 'rotation_in_progress']);
    world.running.advance(300_000);
    expect(await states()).toEqual(['active', 'expired']);
    const natively = await world.ask(native, tenant, 'POST', `/organizations/${tenant.organizationId}/rotate`, {
      json: { graceSeconds: 3_600 },
    });
    expect(natively.status).toBe(200);
    secrets['third'] = natively.json.secret.value;
    expect(await signers()).toEqual(['third', 'second']);

    const again = await world.ask(message, tenant, 'POST', '/v1/webhook-secret/rotate');
    secrets['fourth'] = again.json.webhook_secret;
    expect(await signers()).toEqual(['fourth']);
    expect(await states()).toEqual(['active', 'retiring', 'expired', 'expired']);
    world.running.advance(300_000);
    expect(await signers()).toEqual(['fourth']);
    expect(await states()).toEqual(['active', 'expired', 'expired', 'expired']);
  });

  it('is shown with its living secrets by the product that shows secrets', async () => {
    const [native, shows] = PRODUCTS as readonly [Product, Product];
    const tenant = await world.newTenant();
    const json = { ...native.creation(world.running.receiver.url), keyring: 'organization' };
    await world.ask(native, tenant, 'POST', '/endpoints', { json });
    await world.ask(native, tenant, 'POST', `/organizations/${tenant.organizationId}/rotate`, {
      json: { graceSeconds: 60 },
    });
    const { secrets } = await world.only(shows, tenant);
    expect(secrets.map(({ status }: Json) => status)).toEqual(['active', 'retiring']);
  });
});

describe('a key', () => {
  it.each(BUILT_IN.map((product) => [product.name, product] as const))(
    'that %s names works in every dialect',
    async (name, product) => {
      const { id: organization } = await createOrganization(world.running, `key-of-${name}`);
      const scopes = name === 'agentmessage' ? ['webhooks:read', 'webhooks:write'] : ALL_SCOPES;
      const { token } = await createKey(world.running, { scopes, dialect: name, organization });
      const tenant = { organizationId: organization, organizationSecret: '', token };
      await world.create(product, tenant);
      for (const other of PRODUCTS) await world.rotate(other, tenant, other.idOf(await world.only(other, tenant)));
    },
  );
});
