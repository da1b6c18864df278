import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { moonborn } from '../moonborn/moonborn.ts';
import { type Dialect, defineDialect } from '../public.ts';
import { acmeDialect } from './acme.ts';
import { type Answer, type Ask, type CheckedClient, checkedClient, type Json } from './checked-client.ts';
import { BUILT_IN, PRODUCTS, type Product, signersOf } from './cross-products.ts';
import { createKey, createOrganization } from './native-steps.ts';
import type { Received } from './receiver.ts';
import { type RunningDialects, runDialects } from './running-dialects.ts';
import { burst } from './traffic.ts';

const acme = acmeDialect({ mount: { host: 'hooks.acme.example' } });

/** Its endpoints take no second rotation inside a window, whoever asks. */
const strict: Dialect = defineDialect({
  ...moonborn,
  name: 'strict',
  mount: { prefix: '/strict' },
  endpointDefaults: {
    ...moonborn.endpointDefaults,
    rotationPolicy: { ...moonborn.endpointDefaults.rotationPolicy, enforced: true, onOverlap: 'refuse' },
  },
});

const ALL = [
  'endpoints:read',
  'endpoints:write',
  'secrets:rotate',
  'deliveries:read',
  'deliveries:write',
  'organization:admin',
];

// Filled by beforeAll; a test never runs before it.
let running: RunningDialects;
const clients = new Map<string, CheckedClient>();
let tenants = 0;

type Tenant = { readonly organizationId: string; readonly organizationSecret: string; readonly token: string };

async function newTenant(): Promise<Tenant> {
  tenants += 1;
  const { id, secret } = await createOrganization(running, `across-${tenants}`);
  const { token } = await createKey(running, { scopes: ALL, organization: id });
  return { organizationId: id, organizationSecret: secret.value, token };
}

function clientOf({ name }: Pick<Product, 'name'>): CheckedClient {
  const client = clients.get(name);
  if (client === undefined) throw new Error(`${name} does not run here`);
  return client;
}

async function ask(product: Product, tenant: Tenant, method: string, path: string, more: Ask = {}): Promise<Answer> {
  return await clientOf(product)(method, path, { token: tenant.token, ...more });
}

async function create(product: Product, tenant: Tenant): Promise<{ readonly id: string; readonly secret: string }> {
  const answer = await ask(product, tenant, 'POST', product.collection, {
    json: product.creation(running.receiver.url),
  });
  expect(answer.status).toBe(201);
  return { id: product.idOf(product.endpointOf(answer.json)), secret: product.secretOf(answer.json) };
}

/** The tenant's only endpoint as a product shows it. */
async function only(product: Product, tenant: Tenant): Promise<Json> {
  const answer = await ask(product, tenant, 'GET', product.collection);
  expect([product.name, product.listOf(answer.json).length]).toEqual([product.name, 1]);
  return product.listOf(answer.json)[0];
}

async function rotate(product: Product, tenant: Tenant, id: string): Promise<string> {
  const answer = await ask(product, tenant, 'POST', product.rotation(id));
  expect([product.name, answer.status]).toEqual([product.name, 200]);
  expect(product.secretOf(answer.json)).toMatch(product.spelling);
  return product.secretOf(answer.json);
}

async function deliver(type: string, { organizationId }: Tenant): Promise<Received> {
  const [request] = await burst(
    { running },
    { type, payload: { across: true }, organization: organizationId, count: 1 },
  );
  if (request === undefined) throw new Error('nothing arrived');
  return request;
}

/** What a request is beside its signature: the names of its headers, and the envelope. */
function shapeOf(creator: Product, { headers, body }: Received) {
  const json = JSON.parse(body.toString());
  expect(creator.payloadOf(json)).toMatchObject({ across: true });
  expect(creator.envelope === null ? null : Object.keys(json)).toEqual(creator.envelope);
  return Object.keys(headers).sort();
}

function expectRefused(
  product: Product,
  answer: Answer,
  code: 'not_found' | 'endpoint_archived' | 'missing_scope' | 'policy_enforced' | 'organization_ring',
): void {
  expect([product.name, answer.status, product.codeOf(answer.json)]).toEqual([
    product.name,
    ...(product.words[code] ?? []),
  ]);
  expect(String(answer.headers['content-type']).split(';')[0]).toBe(product.contentType);
}

beforeAll(async () => {
  const built = BUILT_IN.flatMap(({ dialect }) => dialect ?? []);
  running = await runDialects([...built, strict, acme], { retrySchedule: null });
  clients.set('native', checkedClient(running, running.native));
  for (const dialect of [...built, strict]) clients.set(dialect.name, checkedClient(running, dialect));
});
afterAll(async () => {
  await running.stop();
});
afterEach(() => {
  expect(running.crashes.splice(0)).toEqual([]);
});

const PAIRS = PRODUCTS.flatMap((creator) =>
  PRODUCTS.map((other) => [creator.name, other.name, creator, other] as const),
);

describe('an endpoint', () => {
  it.each(PAIRS)(
    'of %s is read and rotated in %s, and keeps its signature and envelope',
    async (_a, _b, creator, other) => {
      const tenant = await newTenant();
      const { id, secret: first } = await create(creator, tenant);
      const before = await deliver(creator.eventType, tenant);
      expect(signersOf(creator, { first }, before)).toEqual(['first']);
      const shape = shapeOf(creator, before);

      const shown = await only(other, tenant);
      expect(shown.url).toBe(running.receiver.url);
      const read = await ask(other, tenant, 'GET', other.endpoint(other.idOf(shown)));
      expect([read.status, read.json]).toEqual([200, shown]);
      expect(read.text).not.toContain('whsec_');

      const second = await rotate(other, tenant, other.idOf(shown));
      const between = await deliver(creator.eventType, tenant);
      // The native API obeys the policy that the creator gave the endpoint; the others obey their own.
      const keepsOld = other.dialect === null ? creator.keepsOld : other.keepsOld;
      const both = { first, second };
      expect(signersOf(creator, both, between)).toEqual(keepsOld ? ['second', 'first'] : ['second']);
      expect(shapeOf(creator, between)).toEqual(shape);

      running.advance(86_400_000);
      const later = await deliver(creator.eventType, tenant);
      expect(signersOf(creator, both, later)).toEqual(['second']);
      const third = await rotate(creator, tenant, id);
      const after = await deliver(creator.eventType, tenant);
      const signers = signersOf(creator, { ...both, third }, after);
      expect(signers).toEqual(creator.keepsOld ? ['third', 'second'] : ['third']);
      expect(shapeOf(creator, after)).toEqual(shape);
    },
  );

  it('has one identity: what one product calls it leads every other to the same one', async () => {
    const tenant = await newTenant();
    const uuid = (product: Product, endpoint: Json): string =>
      product.idOf(endpoint).replace(/^we_/, '').replaceAll('-', '');
    for (let count = 0; count < 3; count += 1) await create(PRODUCTS[count] as Product, tenant);
    const lists = await Promise.all(
      PRODUCTS.map(async (product) => product.listOf((await ask(product, tenant, 'GET', product.collection)).json)),
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
    const tenant = await newTenant();
    const { id } = await create(PRODUCTS[1] as Product, tenant);
    const moved = `${running.receiver.url}/moved`;
    await ask(PRODUCTS[1] as Product, tenant, 'PATCH', `/v1/webhooks/${id}`, {
      json: { url: moved, status: 'suspended' },
    });
    const shown = await Promise.all(PRODUCTS.map(async (product) => await only(product, tenant)));
    expect(shown.map(({ url }) => url)).toEqual(PRODUCTS.map(() => moved));
    const [native, , message, form, loan] = shown;
    expect([native.status, message.active, form.paused, loan.status]).toEqual(['suspended', false, true, 'disabled']);
    expect((await ask(PRODUCTS[3] as Product, tenant, 'DELETE', `/webhooks/${form.id}`)).status).toBe(204);
    const left = await Promise.all(
      PRODUCTS.map(
        async (product) => product.listOf((await ask(product, tenant, 'GET', product.collection)).json).length,
      ),
    );
    expect(left).toEqual([1, 1, 0, 0, 0]);
  });
});

describe('the same refusal', () => {
  it.each(PRODUCTS.map((product) => [product.name, product] as const))(
    'is said in the words of %s',
    async (_name, product) => {
      const [tenant, stranger] = [await newTenant(), await newTenant()];
      const creator = PRODUCTS[1] as Product;
      const { id: creatorId } = await create(creator, tenant);
      const id = product.idOf(await only(product, tenant));

      for (const absent of [product.unknownId, 'nonsense', `${id}0`]) {
        expectRefused(product, await ask(product, tenant, 'GET', product.endpoint(absent)), 'not_found');
        expectRefused(product, await ask(product, tenant, 'POST', product.rotation(absent)), 'not_found');
      }
      const foreign = await ask(product, stranger, 'POST', product.rotation(id));
      expectRefused(product, foreign, 'not_found');
      const { token } = await createKey(running, { scopes: ['endpoints:read'], organization: tenant.organizationId });
      expectRefused(product, await ask(product, { ...tenant, token }, 'POST', product.rotation(id)), 'missing_scope');

      expect((await ask(creator, tenant, 'DELETE', creator.endpoint(creatorId))).status).toBe(204);
      expectRefused(product, await ask(product, tenant, 'POST', product.rotation(id)), 'endpoint_archived');
    },
  );

  it.each(PRODUCTS.map((product) => [product.name, product] as const))(
    'of an enforced policy is said in the words of %s',
    async (_name, product) => {
      const tenant = await newTenant();
      const creator = { ...(PRODUCTS[1] as Product), name: 'strict' };
      const { secret: first } = await create(creator, tenant);
      const id = product.idOf(await only(product, tenant));
      const second = await rotate(product, tenant, id);
      for (let count = 0; count < 2; count += 1) {
        expectRefused(product, await ask(product, tenant, 'POST', product.rotation(id)), 'policy_enforced');
      }
      const request = await deliver(creator.eventType, tenant);
      expect(signersOf(creator, { first, second }, request)).toEqual(['second', 'first']);
    },
  );
});

describe("an organization's ring", () => {
  it('is rotated through AgentMessage and natively, and signs as each of them says', async () => {
    const [native, , message] = PRODUCTS as readonly [Product, Product, Product];
    const tenant = await newTenant();
    const json = { ...native.creation(running.receiver.url), keyring: 'organization' };
    expect((await ask(native, tenant, 'POST', '/endpoints', { json })).json.secret).toBeNull();
    const secrets: Record<string, string> = { first: tenant.organizationSecret };
    const signers = async (): Promise<readonly string[]> =>
      signersOf(native, secrets, await deliver(native.eventType, tenant));
    const states = async (): Promise<readonly string[]> => {
      const { json: list } = await ask(native, tenant, 'GET', `/organizations/${tenant.organizationId}/secrets`);
      return list.items.map(({ state }: Json) => state);
    };
    expect(await signers()).toEqual(['first']);
    for (const product of PRODUCTS) {
      const id = product.idOf(await only(product, tenant));
      expectRefused(product, await ask(product, tenant, 'POST', product.rotation(id)), 'organization_ring');
    }

    const throughMessage = await ask(message, tenant, 'POST', '/v1/webhook-secret/rotate');
    expect(throughMessage.status).toBe(200);
    secrets['second'] = throughMessage.json.webhook_secret;
    expect(await signers()).toEqual(['second']);
    expect(await states()).toEqual(['active', 'retiring']);

    const refused = await ask(native, tenant, 'POST', `/organizations/${tenant.organizationId}/rotate`);
    expect([refused.status, refused.json.code]).toEqual([409, 'rotation_in_progress']);
    running.advance(300_000);
    expect(await states()).toEqual(['active', 'expired']);
    const natively = await ask(native, tenant, 'POST', `/organizations/${tenant.organizationId}/rotate`, {
      json: { graceSeconds: 3_600 },
    });
    expect(natively.status).toBe(200);
    secrets['third'] = natively.json.secret.value;
    expect(await signers()).toEqual(['third', 'second']);

    const again = await ask(message, tenant, 'POST', '/v1/webhook-secret/rotate');
    secrets['fourth'] = again.json.webhook_secret;
    expect(await signers()).toEqual(['fourth']);
    expect(await states()).toEqual(['active', 'retiring', 'expired', 'expired']);
    running.advance(300_000);
    expect(await signers()).toEqual(['fourth']);
    expect(await states()).toEqual(['active', 'expired', 'expired', 'expired']);
  });

  it('is shown with its living secrets by the product that shows secrets', async () => {
    const [native, shows] = PRODUCTS as readonly [Product, Product];
    const tenant = await newTenant();
    const json = { ...native.creation(running.receiver.url), keyring: 'organization' };
    await ask(native, tenant, 'POST', '/endpoints', { json });
    await ask(native, tenant, 'POST', `/organizations/${tenant.organizationId}/rotate`, { json: { graceSeconds: 60 } });
    const { secrets } = await only(shows, tenant);
    expect(secrets.map(({ status }: Json) => status)).toEqual(['active', 'retiring']);
  });
});

describe('a key', () => {
  it.each(BUILT_IN.map((product) => [product.name, product] as const))(
    'that %s names works in every dialect',
    async (name, product) => {
      const { id: organization } = await createOrganization(running, `key-of-${name}`);
      const scopes = name === 'agentmessage' ? ['webhooks:read', 'webhooks:write'] : ALL;
      const { token } = await createKey(running, { scopes, dialect: name, organization });
      const tenant = { organizationId: organization, organizationSecret: '', token };
      await create(product, tenant);
      for (const other of PRODUCTS) await rotate(other, tenant, other.idOf(await only(other, tenant)));
    },
  );
});

describe('a dialect', () => {
  it.each(BUILT_IN.map((product) => [product.name, product] as const))(
    '%s may stand at the root, and the others stay where they are',
    async (name, product) => {
      const dialects = BUILT_IN.flatMap(({ dialect }) => dialect ?? []);
      const rooted = await runDialects(dialects, { rootDialect: name });
      try {
        const bearer = { authorization: `Bearer ${rooted.bootstrapKey}` };
        const payload = JSON.stringify(product.creation(rooted.receiver.url));
        const headers = { ...bearer, 'content-type': 'application/json' };
        const made = await rooted.http.inject({ method: 'POST', url: product.collection, headers, payload });
        expect(made.statusCode).toBe(201);
        for (const other of PRODUCTS) {
          const prefix = other.name === 'native' ? '/hookring/v1' : other.name === name ? '' : `/${other.name}`;
          const list = await rooted.http.inject({ url: `${prefix}${other.collection}`, headers: bearer });
          expect([other.name, list.statusCode]).toEqual([other.name, 200]);
          const [endpoint] = other.listOf(list.json());
          const url = `${prefix}${other.rotation(other.idOf(endpoint))}`;
          const rotated = await rooted.http.inject({ method: 'POST', url, headers: bearer });
          expect([other.name, rotated.statusCode]).toEqual([other.name, 200]);
          const lost = await rooted.http.inject({ url: `${prefix}/nothing`, headers: bearer });
          expect([other.name, lost.statusCode, other.codeOf(lost.json())]).toEqual([
            other.name,
            ...(other.words.not_found ?? []),
          ]);
        }
        const document = await rooted.http.inject({ url: '/openapi.json' });
        expect(Object.keys(document.json().paths)).toContain(product.collection);
      } finally {
        await rooted.stop();
      }
    },
  );

  it("of a user's own answers by its host name, and knows the endpoints of the others", async () => {
    const tenant = await newTenant();
    const headers = { authorization: `Bearer ${tenant.token}`, host: 'hooks.acme.example' };
    await create(PRODUCTS[4] as Product, tenant);
    const list = await running.http.inject({ url: '/hooks', headers });
    expect(list.statusCode).toBe(200);
    const [hook] = list.json().hooks;
    expect(hook).toMatchObject({ target: running.receiver.url, topics: ['loan.created'] });
    const renewed = await running.http.inject({ method: 'POST', url: `/hooks/${hook.id}/renew`, headers });
    const request = await deliver('loan.created', tenant);
    expect(signersOf(PRODUCTS[4] as Product, { renewed: renewed.json().key }, request)).toEqual(['renewed', 'unknown']);
    const { authorization } = headers;
    const elsewhere = await running.http.inject({ url: '/hooks', headers: { authorization } });
    expect([elsewhere.statusCode, elsewhere.json().code]).toEqual([404, 'not_found']);
    const lost = await running.http.inject({ url: '/nothing', headers });
    expect([lost.statusCode, lost.json().oops]).toEqual([404, 'not_found']);
    // On its own host there is nobody else.
    expect((await running.http.inject({ url: '/v1/endpoints', headers })).json().oops).toBe('not_found');
    expect((await running.http.inject({ url: '/acme/hooks', headers: { authorization } })).statusCode).toBe(200);
  });
});
