/** The same for the APIs of products: defects of others that this layer would show, through a real server. */
import { createHmac } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { headerOf } from '@hookring/receiver';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Client, clientOf, eventually } from '../testbed/client.ts';
import { type ServerProcess, startServer } from '../testbed/server-process.ts';
import { arrivals, call, createEndpoint, opens, path, paths, receiver, send, server } from './peer-bug-scene.ts';

type Product = {
  readonly name: string;
  readonly document: string;
  readonly list: string;
  /** What a creation says beside the URL. */
  readonly creation: object;
  /** Where answers have what is read of them. */
  readonly id: string;
  readonly secret: string;
  readonly items: string;
  readonly itemId: string;
  readonly rotation: string;
};

const PRODUCTS: readonly Product[] = [
  {
    name: 'native',
    document: '/v1/openapi.json',
    list: '/v1/endpoints',
    creation: { eventTypes: ['loan.created'] },
    id: 'endpoint.id',
    secret: 'secret.value',
    items: 'items',
    itemId: 'id',
    rotation: 'rotate',
  },
  {
    name: 'moonborn',
    document: '/moonborn/openapi.json',
    list: '/moonborn/v1/webhooks',
    creation: { events: ['persona.created'] },
    id: 'endpoint.endpointId',
    secret: 'secretValue',
    items: 'items',
    itemId: 'endpointId',
    rotation: 'rotate_secret',
  },
  {
    name: 'agentmessage',
    document: '/agentmessage/openapi.json',
    list: '/agentmessage/v1/webhooks',
    creation: { events: ['wallet.balance_low'] },
    id: 'id',
    secret: 'secret',
    items: 'data',
    itemId: 'id',
    rotation: 'rotate-secret',
  },
  {
    name: 'signup',
    document: '/signup/openapi.json',
    list: '/signup/webhooks',
    creation: { eventTypes: ['signup.created'] },
    id: 'endpoint.id',
    secret: 'signingSecret',
    items: 'data',
    itemId: 'id',
    rotation: 'rotate',
  },
  {
    name: 'dinie',
    document: '/dinie/openapi.json',
    list: '/dinie/webhooks/endpoints',
    creation: { events: ['loan.created'] },
    id: 'id',
    secret: 'secret',
    items: 'data',
    itemId: 'id',
    rotation: 'secret/rotate',
  },
];
const STACKING = PRODUCTS.filter(({ name }) => name !== 'native' && name !== 'agentmessage');
const SCOPES = ['endpoints:read', 'endpoints:write', 'secrets:rotate', 'deliveries:read', 'deliveries:write'];

/** The value at a path such as `endpoint.id`. */
function at(json: unknown, place: string): unknown {
  return place
    .split('.')
    .reduce<unknown>((value, name) => (value as Record<string, unknown> | undefined)?.[name], json);
}

async function organizationKey(scopes = SCOPES): Promise<{ id: string; token: string }> {
  const { json } = await call('POST', '/v1/organizations', { body: { name: 'Tenant' } });
  const headers = { 'hookring-organization': String(json['id']) };
  const { json: made } = await call('POST', '/v1/keys', { body: { scopes }, headers });
  return { id: String(at(made, 'key.id')), token: String(made['token']) };
}

async function createThrough(product: Product, key: string): Promise<{ id: string; secret: string }> {
  const { status, json } = await call('POST', product.list, {
    key,
    body: { url: receiver.url(path), ...product.creation },
  });
  expect([product.name, status]).toEqual([product.name, 201]);
  return { id: String(at(json, product.id)), secret: String(at(json, product.secret)) };
}

/** What the product calls each endpoint that the key sees. */
async function idsThrough(product: Product, key: string): Promise<readonly string[]> {
  const { json } = await call('GET', product.list, { key });
  return (at(json, product.items) as readonly object[]).map((item) => String(at(item, product.itemId)));
}

async function rotateThrough(product: Product, id: string, key: string): Promise<string> {
  const { status, json } = await call('POST', `${product.list}/${id}/${product.rotation}`, { key });
  expect([product.name, status]).toEqual([product.name, 200]);
  return String(at(json, product.secret));
}

/** The text of a secret without its prefix, which any encoding of an answer would keep. */
function material(secret: string): string {
  return secret.replace(/^whsec_/, '').slice(2, 30);
}

describe('the APIs of products', () => {
  it.each(PRODUCTS)(
    'document no path and no method that $name does not have (documents and SDKs at odds: Dinie, Moonborn; routes that answer 501: Svix)',
    async ({ document, list }) => {
      const { json } = await call('GET', document, { key: null });
      const paths = json['paths'] as unknown as Record<
        string,
        Record<string, { readonly security: readonly unknown[] }>
      >;
      expect(Object.keys(paths)).toContain(list);
      for (const [template, operations] of Object.entries(paths)) {
        for (const [method, { security }] of Object.entries(operations)) {
          const { status } = await call(method.toUpperCase(), template.replaceAll(/\{\w+\}/g, 'x'), { key: null });
          const isThere = security.length === 0 ? ![404, 405].includes(status) && status < 500 : status === 401;
          expect([method, template, status, isThere]).toEqual([method, template, status, true]);
        }
      }
      expect((await call('GET', `${list}/x/nothing`, { key: null })).status).toBe(404);
    },
  );

  it.each(PRODUCTS)(
    'answer at $name for an endpoint of another organization as for one that never was (a live feed leaked across tenants: WebhookEngine)',
    async (product) => {
      const [owner, stranger] = [await organizationKey(), await organizationKey()];
      const { id } = await createThrough(product, owner.token);
      const never = id.slice(0, -1) + (id.endsWith('0') ? '1' : '0');
      for (const [method, suffix, options] of [
        ['GET', '', {}],
        ['PATCH', '', { body: {} }],
        ['POST', `/${product.rotation}`, {}],
        ['DELETE', '', {}],
      ] as const) {
        const answers = await Promise.all(
          [id, never, id.slice(0, -1), 'x'].map(async (one) => {
            const answer = await call(method, `${product.list}/${one}${suffix}`, { ...options, key: stranger.token });
            const said = answer.text.replaceAll(answer.headers.get('x-request-id') ?? '', '').replaceAll(one, '');
            return [method, answer.status, answer.headers.get('content-type'), said];
          }),
        );
        expect(answers[0]?.[1]).toBe(404);
        // What is no id at all says no more and no less.
        expect(answers).toEqual([answers[0], answers[0], answers[0], answers[0]]);
      }
      expect((await call('GET', `${product.list}/${id}`, { key: owner.token })).status).toBe(200);
    },
  );

  it.each(PRODUCTS)(
    'keep the Idempotency-Keys of callers apart at $name (another user got the first one’s answer: deepslate-rpg #104; another body too: Svix)',
    async (product) => {
      const [first, second] = [await organizationKey(), await organizationKey()];
      const headers = { 'idempotency-key': 'the-same' };
      const body = { url: receiver.url(path), ...product.creation };
      const create = async (key: string, more: object = {}) =>
        await call('POST', product.list, { key, headers, body: { ...body, ...more } });
      const [mine, theirs] = [await create(first.token), await create(second.token)];
      const again = await create(first.token);
      const secrets = [mine, theirs, again].map(({ json }) => at(json, product.secret));
      expect([mine.status, theirs.status, theirs.headers.get('idempotent-replayed')]).toEqual([201, 201, null]);
      expect(at(theirs.json, product.id)).not.toBe(at(mine.json, product.id));
      expect([secrets[0] === secrets[1], secrets[0] === secrets[2]]).toEqual([false, true]);
      const other = await create(first.token, { description: 'another body' });
      expect(other.status).toBe(422);
      expect(other.text).not.toContain(material(String(secrets[0])));
    },
  );

  it('show through no product a secret that any of them handed out (in every read: Hook0, Outpost; at any time: Svix)', async () => {
    const { token } = await organizationKey();
    const handedOut: string[] = [];
    for (const product of PRODUCTS) handedOut.push((await createThrough(product, token)).secret);
    const reads: string[] = [];
    for (const product of PRODUCTS) {
      const ids = await idsThrough(product, token);
      expect(ids).toHaveLength(PRODUCTS.length);
      for (const id of ids.slice(0, 1)) handedOut.push(await rotateThrough(product, id, token));
      const places = [product.list, ...ids.map((id) => `${product.list}/${id}`)];
      for (const place of places) reads.push((await call('GET', place, { key: token })).text);
    }
    expect(new Set(handedOut).size).toBe(2 * PRODUCTS.length);
    for (const text of reads) for (const secret of handedOut) expect(text).not.toContain(material(secret));
  });

  it('keep no key, no access token and no secret in clear on disk, however the product spells it (Convoy, Hook0, EmitHQ, WebhookEngine)', async () => {
    const { id, token } = await organizationKey();
    const { json } = await call('POST', '/dinie/auth/token', {
      key: null,
      body: { grant_type: 'client_credentials', client_id: id, client_secret: token },
    });
    const texts = [token, String(json['access_token'])];
    for (const product of PRODUCTS) {
      const created = await createThrough(product, String(product.name === 'dinie' ? json['access_token'] : token));
      texts.push(created.secret, await rotateThrough(product, created.id, token));
    }
    const files = [server.databasePath, `${server.databasePath}-wal`];
    const bytes = Buffer.concat(
      await Promise.all(files.map(async (file) => await readFile(file).catch(() => Buffer.alloc(0)))),
    );
    // What is looked for would be found.
    expect(bytes.includes(id)).toBe(true);
    for (const text of texts) {
      const key = text.replace(/^whsec_/, '');
      expect(bytes.includes(key), 'text').toBe(false);
      expect(bytes.includes(Buffer.from(key, 'base64').subarray(0, 24)), 'bytes').toBe(false);
    }
  });

  it('let no page of another origin read an answer (CORS for everyone on an API whose answers carry secrets: Svix)', async () => {
    const origin = { origin: 'https://evil.example' };
    const preflight = { ...origin, 'access-control-request-method': 'POST' };
    for (const { list, document } of PRODUCTS) {
      const answers = [
        await call('GET', list, { headers: origin }),
        await call('GET', document, { headers: origin, key: null }),
        await call('OPTIONS', list, { headers: preflight, key: null }),
      ];
      for (const { headers } of answers) {
        expect([...headers.keys()].filter((name) => name.startsWith('access-control-'))).toEqual([]);
      }
    }
  });

  it('lose no secret when several of them rotate one ring at once (read, change, write: Svix, Convoy)', async () => {
    const { id, secret, type } = await createEndpoint();
    const suffixOf = async (product: Product): Promise<string> => {
      const { json } = await call('GET', product.list);
      const items = at(json, product.items) as readonly { url: string }[];
      return String(
        at(
          items.find(({ url }) => url === receiver.url(path)),
          product.itemId,
        ),
      );
    };
    const places = await Promise.all(STACKING.map(async (product) => [product, await suffixOf(product)] as const));
    const values = await Promise.all(
      [...places, ...places].map(async ([product, one]) => await rotateThrough(product, one, server.key)),
    );
    const { json } = await call('GET', `/v1/endpoints/${id}/secrets`);
    const states = (json['items'] as unknown as readonly { state: string }[]).map(({ state }) => state);
    expect(states.toSorted()).toEqual(['active', ...values.map(() => 'retiring')]);
    await send(type);
    const [request] = await arrivals(1);
    for (const value of [secret.value, ...values]) expect(opens(request!, { id: '', value })).toBe(true);
  });

  it('end an access token with its key (a token lives 28 days and "log out" answers 501: Svix)', async () => {
    const { id, token } = await organizationKey(['endpoints:read', 'organization:admin']);
    const { json } = await call('POST', '/dinie/auth/token', {
      key: null,
      body: { grant_type: 'client_credentials', client_id: id, client_secret: token },
    });
    const read = async () => await call('GET', '/dinie/webhooks/endpoints', { key: String(json['access_token']) });
    expect((await read()).status).toBe(200);
    expect((await call('DELETE', `/v1/keys/${id}`, { key: token })).status).toBe(204);
    const after = await read();
    expect([after.status, after.json['code']]).toEqual([401, 'invalid_credentials']);
  });

  it('send a replay of a paused endpoint when that is resumed (202, and nothing is ever sent: Svix)', async () => {
    const type = `case_${paths}.happened`;
    const { json } = await call('POST', '/signup/webhooks', { body: { url: receiver.url(path), eventTypes: [type] } });
    const place = `/signup/webhooks/${String(at(json, 'endpoint.id'))}`;
    await send(type);
    const delivered = await eventually(async () => {
      const { data } = (await call('GET', `${place}/deliveries`)).json as unknown as {
        data: { id: string; status: string }[];
      };
      return data.find(({ status }) => status === 'delivered');
    });
    await call('PATCH', place, { body: { paused: true } });
    const replayed = await call('POST', `/signup/webhooks/deliveries/${delivered.id}/replay`);
    expect([replayed.status, replayed.json['status']]).toEqual([202, 'pending']);
    expect(receiver.requests(path)).toHaveLength(1);
    await call('PATCH', place, { body: { paused: false } });
    const [first, second] = await arrivals(2);
    expect(headerOf(second!, 'webhook-id')).toBe(headerOf(first!, 'webhook-id'));
  });
});

describe('callers of products', () => {
  const JWT_SECRET = 'a secret that only the issuer and the server know';
  const REQUESTS_MAX = 5;
  let limited: ServerProcess;
  let ask: Client;
  beforeAll(async () => {
    limited = await startServer({ HOOKRING_RATE_LIMIT: `${REQUESTS_MAX}/h`, HOOKRING_JWT_SECRET: JWT_SECRET });
    ask = clientOf(limited);
  });
  afterAll(async () => {
    await limited.remove();
  });

  function jwt(alg: string, bits: number | null): string {
    const exp = Math.floor(Date.now() / 1_000) + 600;
    const parts = [
      { alg, typ: 'JWT' },
      { org: 'default', sub: 'user_1', scope: 'endpoints:read', exp },
    ];
    const signed = parts.map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
    const mac = bits === null ? '' : createHmac(`sha${bits}`, JWT_SECRET).update(signed).digest('base64url');
    return `${signed}.${mac}`;
  }

  it('are let in by a JWT of one algorithm, which is not the token’s to choose (CVE-2015-9235, jsonwebtoken)', async () => {
    const statusOf = async (key: string) => (await ask('GET', '/moonborn/v1/webhooks', { key })).status;
    expect(await statusOf(jwt('HS256', 256))).toBe(200);
    for (const token of [
      jwt('none', null),
      jwt('none', 256),
      jwt('HS384', 384),
      jwt('HS512', 512),
      jwt('RS256', 256),
    ]) {
      expect(await statusOf(token)).toBe(401);
    }
  });

  it('are told the truth about their rate, which all products count together (stored and never enforced: Svix; without effect: Convoy #1927)', async () => {
    const [key, other] = await Promise.all(
      ['one', 'other'].map(async (name) => {
        const { json } = await ask('POST', '/v1/keys', { body: { name, scopes: ['endpoints:read'] } });
        return String(json['token']);
      }),
    );
    const remaining: string[] = [];
    for (let count = 0; count < REQUESTS_MAX; count += 1) {
      const { status, headers } = await ask('GET', '/dinie/webhooks/endpoints', { key: key! });
      remaining.push(`${status} ${headers.get('x-ratelimit-limit')} ${headers.get('x-ratelimit-remaining')}`);
    }
    expect(remaining).toEqual(['200 5 4', '200 5 3', '200 5 2', '200 5 1', '200 5 0']);
    for (const list of ['/dinie/webhooks/endpoints', '/moonborn/v1/webhooks', '/v1/endpoints']) {
      const refused = await ask('GET', list, { key: key! });
      expect([list, refused.status]).toEqual([list, 429]);
      const wait = Number(refused.headers.get('retry-after'));
      // One request more every 720 seconds.
      expect(wait > 600 && wait <= 720, String(wait)).toBe(true);
    }
    const { headers } = await ask('GET', '/dinie/webhooks/endpoints', { key: key! });
    expect(headers.get('x-ratelimit-remaining')).toBe('0');
    expect((await ask('GET', '/moonborn/v1/webhooks', { key: other! })).status).toBe(200);
  });
});
