/** Each test is named after a defect that was found in another product, and would fail if this one had it. */
import { createHmac } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import {
  headerOf,
  headerRecord,
  type ReceivedRequest,
  type Receiver,
  respond,
  startReceiver,
} from '@hookring/receiver';
import { verify } from '@hookring/signing';
import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Client, clientOf, eventually } from '../testbed/client.ts';
import { type ServerProcess, startServer } from '../testbed/server-process.ts';

let server: ServerProcess;
let call: Client;
let receiver: Receiver;
let paths = 0;
let path = '';

beforeAll(async () => {
  server = await startServer({ HOOKRING_RETRY_SCHEDULE: '1.5,1,1,1' });
  call = clientOf(server);
  receiver = await startReceiver();
});
afterAll(async () => {
  await receiver.stop();
  await server.remove();
});
beforeEach(() => {
  paths += 1;
  path = `/case-${paths}`;
});

type Minted = { id: string; value: string };

async function createEndpoint(settings: object = {}): Promise<{ id: string; secret: Minted; type: string }> {
  const type = `case_${paths}.happened`;
  const body = { url: receiver.url(path), eventTypes: [type], ...settings };
  const { status, json } = await call('POST', '/v1/endpoints', { body });
  expect(status).toBe(201);
  const { endpoint, secret } = json as unknown as { endpoint: { id: string }; secret: Minted };
  return { id: endpoint.id, secret, type };
}

async function send(type: string): Promise<string> {
  const { status, json } = await call('POST', '/v1/events', { body: { type, payload: { at: Date.now() } } });
  expect(status).toBe(202);
  return String(json['id']);
}

async function rotate(id: string, body: object, headers: Record<string, string> = {}) {
  const answer = await call('POST', `/v1/endpoints/${id}/rotate`, { body, headers });
  return {
    ...answer,
    ...(answer.json as unknown as { secret: Minted; retired: { id: string; expiresAt: string } | null }),
  };
}

async function arrivals(count: number): Promise<readonly ReceivedRequest[]> {
  return await eventually(() => {
    const requests = receiver.requests(path);
    return requests.length >= count ? requests : null;
  });
}

function opens(request: ReceivedRequest, secret: Minted): boolean {
  try {
    new Webhook(secret.value).verify(Buffer.from(request.body), headerRecord(request));
    return true;
  } catch {
    return false;
  }
}

describe('signing', () => {
  it('signs a retry again, with its own time and the secrets of that time (signed once before the retry loop: better-auth, Verifa)', async () => {
    receiver.script(path, respond(500));
    const { id, secret, type } = await createEndpoint();
    await send(type);
    await arrivals(1);
    const rotated = await rotate(id, { graceSeconds: 0 });
    receiver.script(path, respond(204));
    const [first, second] = await arrivals(2);
    expect(headerOf(first!, 'webhook-id')).toBe(headerOf(second!, 'webhook-id'));
    expect(Number(headerOf(second!, 'webhook-timestamp'))).toBeGreaterThan(
      Number(headerOf(first!, 'webhook-timestamp')),
    );
    expect(opens(first!, secret)).toBe(true);
    expect(opens(second!, rotated.secret)).toBe(true);
    expect(opens(second!, secret)).toBe(false);
  });

  it('signs with the new ring at once on an endpoint that is never idle (stale signer cache: Outpost #1084, Svix)', async () => {
    const { id, secret, type } = await createEndpoint();
    const idle = new AbortController();
    const rotated = { answered: false };
    const sentAfterwards = new Set<string>();
    const traffic = (async () => {
      while (!idle.signal.aborted) {
        const { answered } = rotated;
        const eventId = await send(type);
        if (answered) sentAfterwards.add(eventId);
      }
    })();
    await arrivals(20);
    const answer = await rotate(id, { graceSeconds: 0 });
    rotated.answered = true;
    const later = await eventually(() => {
      const found = receiver
        .requests(path)
        .filter((request) => sentAfterwards.has(headerOf(request, 'webhook-id') ?? ''));
      return found.length >= 50 ? found : null;
    });
    idle.abort();
    await traffic;
    expect(later.every((request) => opens(request, answer.secret))).toBe(true);
    expect(later.some((request) => opens(request, secret))).toBe(false);
  });

  it('stops signing with a retired secret when its grace is over, not hours later (wrong unit in a delayed job: Convoy)', async () => {
    const { id, secret, type } = await createEndpoint();
    const rotated = await rotate(id, { graceSeconds: 2 });
    await send(type);
    const [during] = await arrivals(1);
    expect(opens(during!, secret) && opens(during!, rotated.secret)).toBe(true);
    const end = Date.parse(rotated.retired?.expiresAt ?? '');
    await new Promise((resolve) => {
      setTimeout(resolve, end - Date.now() + 20);
    });
    await send(type);
    const [, after] = await arrivals(2);
    expect(opens(after!, rotated.secret)).toBe(true);
    expect(opens(after!, secret)).toBe(false);
  });

  it('writes only "version,base64" entries joined by single spaces, which every reference verifier can read (Python and C# throw on more)', async () => {
    const { id, type } = await createEndpoint();
    await rotate(id, {});
    await send(type);
    const [request] = await arrivals(1);
    expect(headerOf(request!, 'webhook-signature')).toMatch(/^v1,[A-Za-z0-9+/]{43}= v1,[A-Za-z0-9+/]{43}=$/);
  });

  it('puts the new signature first, so that a receiver that reads only the first entry works once it has the new secret (PostHog #61131)', async () => {
    const { id, type } = await createEndpoint();
    const rotated = await rotate(id, {});
    await send(type);
    const [request] = await arrivals(1);
    const [first] = (headerOf(request!, 'webhook-signature') ?? '').split(' ');
    const headers = { ...headerRecord(request!), 'webhook-signature': first ?? '' };
    expect(verify({ secrets: [rotated.secret.value], headers, body: request!.body, now: Date.now() }).ok).toBe(true);
  });

  it('sends exactly the headers of its profile, and the secret in none (X-Github-Encoded-Secret, 2025)', async () => {
    const { secret, type } = await createEndpoint({
      headers: { Authorization: 'Bearer of-the-receiver', 'X-Tenant': 'acme' },
    });
    await send(type);
    const [request] = await arrivals(1);
    const names = request!.headers.map(([name]) => name.toLowerCase());
    expect(names.toSorted()).toEqual(
      [
        'accept-encoding',
        'authorization',
        'connection',
        'content-length',
        'content-type',
        'host',
        'user-agent',
        'webhook-event-type',
        'webhook-id',
        'webhook-key-ids',
        'webhook-signature',
        'webhook-timestamp',
        'x-tenant',
      ].toSorted(),
    );
    const text = JSON.stringify(request!.headers);
    expect(text).not.toContain(secret.value);
    expect(text).not.toContain(secret.value.slice('whsec_'.length));
    expect(headerOf(request!, 'webhook-key-ids')).toBe(secret.id);
  });
});

describe('rotating', () => {
  it('never loses a secret that it handed out when two rotate at once (read, change, write without a version: Svix)', async () => {
    const { id, type } = await createEndpoint();
    const answers = await Promise.all(
      Array.from({ length: 6 }, async () => await rotate(id, { force: true, graceSeconds: 60 })),
    );
    const handedOut = answers.filter(({ status }) => status === 200).map(({ secret }) => secret.id);
    expect(handedOut.length).toBeGreaterThan(0);
    const { json } = await call('GET', `/v1/endpoints/${id}/secrets`);
    const listed = (json as unknown as { items: { id: string; state: string }[] }).items;
    for (const secretId of handedOut) expect(listed.map((secret) => secret.id)).toContain(secretId);
    expect(listed.filter(({ state }) => state === 'active')).toHaveLength(1);
    await send(type);
    const [request] = await arrivals(1);
    const active = answers.find(({ secret }) => secret?.id === listed.find(({ state }) => state === 'active')?.id);
    expect(opens(request!, active!.secret)).toBe(true);
  });

  it('refuses a second rotation inside the window instead of dropping the secret in use (Outpost, coss, Everee)', async () => {
    const { id } = await createEndpoint();
    expect((await rotate(id, {})).status).toBe(200);
    const second = await rotate(id, {});
    expect(second.status).toBe(409);
    expect(second.json['code']).toBe('rotation_in_progress');
  });

  it('ends every older secret after a leak, also one that was retiring already (grace 0 cuts only the current one: Svix)', async () => {
    const { id, secret, type } = await createEndpoint();
    const second = await rotate(id, { graceSeconds: 3_600 });
    const third = await rotate(id, { reason: 'compromise' });
    expect(third.status).toBe(200);
    await send(type);
    const [request] = await arrivals(1);
    expect(opens(request!, third.secret)).toBe(true);
    expect(opens(request!, second.secret)).toBe(false);
    expect(opens(request!, secret)).toBe(false);
  });

  it('gives the same secret again when the answer was lost, instead of making another (coss: "roll again")', async () => {
    const { id } = await createEndpoint();
    const headers = { 'idempotency-key': `lost-${id}` };
    const first = await rotate(id, { graceSeconds: 60 }, headers);
    const again = await rotate(id, { graceSeconds: 60 }, headers);
    expect(again.status).toBe(200);
    expect(again.secret).toEqual(first.secret);
    expect(again.headers.get('idempotent-replayed')).toBe('true');
    const other = await rotate(id, { graceSeconds: 61 }, headers);
    expect(other.status).toBe(422);
    expect(other.json['code']).toBe('idempotency_key_reused');
  });

  it('keeps no secret in clear on disk, nor in the idempotency store (stowleaf #27, adcp #1856)', async () => {
    const headers = { 'idempotency-key': `clear-${paths}` };
    const { id, secret } = await createEndpoint({ headers: { Authorization: 'Bearer sealed-please-0123456789' } });
    const rotated = await rotate(id, { graceSeconds: 60 }, headers);
    const files = [server.databasePath, `${server.databasePath}-wal`];
    const bytes = Buffer.concat(
      await Promise.all(files.map(async (file) => await readFile(file).catch(() => Buffer.alloc(0)))),
    );
    expect(bytes.length).toBeGreaterThan(0);
    for (const { value } of [secret, rotated.secret]) {
      const key = value.slice('whsec_'.length);
      expect(bytes.includes(key), 'base64 of the key').toBe(false);
      expect(bytes.includes(Buffer.from(key, 'base64')), 'bytes of the key').toBe(false);
    }
    expect(bytes.includes('sealed-please-0123456789'), 'static header').toBe(false);
  });

  it('shows a secret once: no read, list, error or log has it again', async () => {
    const { id, secret } = await createEndpoint();
    const rotated = await rotate(id, {});
    const texts = await Promise.all(
      [
        `/v1/endpoints/${id}`,
        '/v1/endpoints?limit=200',
        `/v1/endpoints/${id}/secrets`,
        '/v1/deliveries?limit=200',
        `/v1/endpoints/${id}/attempts`,
        '/metrics',
      ].map(async (url) => (await call('GET', url)).text),
    );
    const imported = await call('POST', `/v1/endpoints/${id}/rotate`, {
      body: { force: true, secret: rotated.secret.value },
    });
    expect(imported.status).toBe(422);
    for (const text of [...texts, imported.text, server.log()]) {
      expect(text).not.toContain(secret.value.slice('whsec_'.length));
      expect(text).not.toContain(rotated.secret.value.slice('whsec_'.length));
    }
  });
});

describe('delivering', () => {
  it('keeps payload bytes as they were sent (re-encoded by Convoy, reordered by Outpost and EmitHQ)', async () => {
    const { type } = await createEndpoint();
    const payload = '{"b":1,  "a":12345678901234567890.10,"__proto__":{"x":1},"\\u00e9":"é","n":1e400}';
    const { status } = await call('POST', '/v1/events', { raw: `{"payload": ${payload} ,"type":"${type}"}` });
    expect(status).toBe(202);
    const [request] = await arrivals(1);
    expect(Buffer.from(request!.body).toString()).toBe(payload);
  });

  it('goes on with the automatic retries after a resend that failed (a failed manual resend cancels them: Svix)', async () => {
    receiver.script(path, respond(500));
    const { id, type } = await createEndpoint();
    await send(type);
    await arrivals(1);
    const { json } = await call('GET', `/v1/deliveries?endpointId=${id}`);
    const [delivery] = (json as unknown as { items: { id: string }[] }).items;
    const resent = await call('POST', `/v1/deliveries/${delivery!.id}/resend`);
    expect(resent.status).toBe(202);
    await arrivals(3);
    receiver.script(path, respond(204));
    await eventually(async () => {
      const page = (await call('GET', `/v1/deliveries?endpointId=${id}&status=succeeded`)).json as unknown as {
        items: unknown[];
      };
      return page.items.length === 2;
    });
  });

  it('shows events that match no endpoint (stored nowhere by Outpost)', async () => {
    const { status, json } = await call('POST', '/v1/events', { body: { type: 'nobody.listens', payload: null } });
    expect(status).toBe(202);
    expect((await call('GET', `/v1/events/${String(json['id'])}`)).status).toBe(200);
  });

  it('sends what was held when an endpoint is resumed, and can suspend it again later (pending retries dropped by Svix)', async () => {
    const { id, type } = await createEndpoint();
    await call('PATCH', `/v1/endpoints/${id}`, { body: { status: 'suspended' } });
    await send(type);
    const held = await call('GET', `/v1/deliveries?endpointId=${id}&status=held`);
    expect((held.json as unknown as { items: unknown[] }).items).toHaveLength(1);
    expect(receiver.requests(path)).toHaveLength(0);
    await call('PATCH', `/v1/endpoints/${id}`, { body: { status: 'active' } });
    await arrivals(1);
  });

  it('reaches an endpoint with an event that is sent right after its creation was answered (30 s cache: Svix #2191)', async () => {
    await send(`case_${paths}.happened`);
    const { type } = await createEndpoint();
    await send(type);
    await arrivals(1);
  });

  it('reads no more of a response than it keeps (an unbounded body is read whole by Svix, EmitHQ and others)', async () => {
    receiver.script(path, { kind: 'endless', status: 500 } as never);
    const { id, type } = await createEndpoint();
    await send(type);
    const attempt = await eventually(async () => {
      const page = (await call('GET', `/v1/endpoints/${id}/attempts`)).json as unknown as {
        items: { responseBody: string }[];
      };
      return page.items[0];
    });
    expect(attempt.responseBody.length).toBeLessThanOrEqual(4_096);
    await call('DELETE', `/v1/endpoints/${id}`);
  });
});

describe('the ledger of keys', () => {
  it('shows every attempt signed by exactly the secrets that signed at its time, through a rotation without grace', async () => {
    const { id, type } = await createEndpoint();
    const idle = new AbortController();
    const traffic = Array.from({ length: 4 }, async () => {
      while (!idle.signal.aborted) await send(type);
    });
    await arrivals(20);
    const windows: { id: string; from: number }[] = [];
    for (let round = 0; round < 3; round += 1) {
      const answer = await rotate(id, { graceSeconds: 0 });
      windows.push({ id: answer.secret.id, from: Date.parse(String(answer.json['effectiveAt'])) });
      await arrivals(receiver.requests(path).length + 20);
    }
    idle.abort();
    await Promise.all(traffic);
    await eventually(async () => {
      const page = await call('GET', `/v1/deliveries?endpointId=${id}&status=pending`);
      return (page.json as unknown as { items: unknown[] }).items.length === 0;
    });
    let cursor: string | null = '';
    let seen = 0;
    while (cursor !== null) {
      const next: string = cursor === '' ? '' : `&cursor=${cursor}`;
      const page = (await call('GET', `/v1/endpoints/${id}/attempts?limit=200${next}`)).json as unknown as {
        items: { startedAt: string; keyIds: string[] }[];
        nextCursor: string | null;
      };
      for (const attempt of page.items) {
        const current = windows.findLast(({ from }) => from <= Date.parse(attempt.startedAt));
        if (current === undefined) continue;
        seen += 1;
        expect(attempt.keyIds, attempt.startedAt).toEqual([current.id]);
      }
      cursor = page.nextCursor;
    }
    expect(seen).toBeGreaterThan(50);
  });
});

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
