import { request as httpRequest } from 'node:http';
import { beforeAll, describe, expect, it } from 'vitest';
import { type BadInputProduct, badInputCases, commonBadInput } from '../../testing/bad-input.ts';
import type { Json } from '../../testing/checked-client.ts';
import { createKey, createOrganization } from '../../testing/native-steps.ts';
import { expectPage, expectProblem } from './page.ts';
import { create, type Made, type SignupWorld } from './signup-world.ts';

type Sent = {
  readonly method?: 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE';
  /** `{id}` is an endpoint that is there. */
  readonly path?: string;
  readonly json?: unknown;
  readonly raw?: string;
  readonly headers?: Readonly<Record<string, string>>;
};
type Refused = readonly [status: number, slug: string, code: string, paths?: readonly string[]];

const UNKNOWN = '00000000-0000-7000-8000-000000000000';
const INVALID = [422, 'validation-failed', 'validation_failed'] as const;
const NOT_FOUND = [404, 'not-found', 'not_found'] as const;
const url = 'http://127.0.0.1:8080/hook';

function creating(json: unknown, ...paths: readonly string[]): readonly [Sent, Refused] {
  return [{ method: 'POST', path: '/webhooks', json }, [...INVALID, paths]];
}

function changing(json: unknown, ...paths: readonly string[]): readonly [Sent, Refused] {
  return [{ method: 'PATCH', path: '/webhooks/{id}', json }, [...INVALID, paths]];
}

function raw(text: string, refused: Refused): readonly [Sent, Refused] {
  return [{ method: 'POST', path: '/webhooks', raw: text, headers: { 'content-type': 'application/json' } }, refused];
}

function at(method: NonNullable<Sent['method']>, path: string, refused: Refused = NOT_FOUND): readonly [Sent, Refused] {
  return [{ method, path, ...(method === 'PATCH' ? { json: {} } : {}) }, refused];
}

const ROWS: Readonly<Record<string, readonly [Sent, Refused]>> = {
  'no URL': creating({}, 'url'),
  'a URL that is a number': creating({ url: 1 }, 'url'),
  'a URL that is null': creating({ url: null }, 'url'),
  'an empty URL': creating({ url: '' }, 'url'),
  'a URL that is none': creating({ url: 'example.com/hook' }, 'url'),
  'a URL of another scheme': creating({ url: 'ftp://example.com' }, 'url'),
  'a URL without end': creating({ url: `https://example.com/${'x'.repeat(3_000)}` }, 'url'),
  'an address of a closed network': creating({ url: 'https://10.0.0.1/hook' }, 'url'),
  'an unknown field': creating({ url, secret: 'whsec_mine' }, 'secret'),
  'a field in another case': creating({ url, event_types: ['a.b'] }, 'event_types'),
  'a field of the answer': creating({ url, paused: true }, 'paused'),
  'event types that are a text': creating({ url, eventTypes: 'signup.created' }, 'eventTypes'),
  'event types that are null': creating({ url, eventTypes: null }, 'eventTypes'),
  'an event type that is a number': creating({ url, eventTypes: ['a.b', 7] }, 'eventTypes.1'),
  'an event type that is not well-formed': creating(
    { url, eventTypes: ['a b', 'a..b'] },
    'eventTypes.0',
    'eventTypes.1',
  ),
  'a wildcard in the middle': creating({ url, eventTypes: ['a.*.b'] }, 'eventTypes.0'),
  'too many event types': creating({ url, eventTypes: Array.from({ length: 101 }, (_e, n) => `a.${n}`) }, 'eventTypes'),
  'a description that is a number': creating({ url, description: 1.5 }, 'description'),
  'a description that is null': creating({ url, description: null }, 'description'),
  'a description without end': creating({ url, description: 'x'.repeat(1_001) }, 'description'),
  'several wrong fields at once': creating({ url: 1, description: 2 }, 'description', 'url'),
  'an endpoint that is a text': creating('https://example.com', ''),
  'paused as a text': changing({ paused: 'false' }, 'paused'),
  'paused as a number': changing({ paused: 0 }, 'paused'),
  'paused as null': changing({ paused: null }, 'paused'),
  'a counter to change': changing({ consecutiveFailures: 0 }, 'consecutiveFailures'),
  'a status to change': changing({ status: 'archived' }, 'status'),
  'event types changed to an object': changing({ eventTypes: {} }, 'eventTypes'),
  'a key twice': raw(`{"url":"${url}","url":"${url}"}`, [422, 'validation-failed', 'duplicate_key', ['url']]),
  'a huge number': raw('{"url": 1e999}', [...INVALID, ['url']]),
  'an oversized body where none is read': [
    {
      method: 'POST',
      path: '/webhooks/{id}/rotate',
      raw: 'x'.repeat(300_000),
      headers: { 'content-type': 'text/plain' },
    },
    [413, 'payload-too-large', 'payload_too_large'],
  ],
  'an unknown query parameter': at('GET', '/webhooks?limit=10', [...INVALID, ['limit']]),
  'a query parameter twice': at('GET', '/webhooks/{id}/deliveries?limit=1&limit=2', [...INVALID, ['limit']]),
  'a huge limit': at('GET', '/webhooks/{id}/deliveries?limit=99999999999999999999', [...INVALID, ['limit']]),
  'an empty limit': at('GET', '/webhooks/{id}/deliveries?limit=', [...INVALID, ['limit']]),
  'a malformed id': at('GET', '/webhooks/ep_00000000000000000000000000'),
  'an id with a brace': at('PATCH', `/webhooks/%7B${UNKNOWN}%7D`),
  'an id of nothing': at('DELETE', `/webhooks/${UNKNOWN}`),
  'a delivery that is none': at('POST', `/webhooks/deliveries/${UNKNOWN}/replay`),
  'a malformed id of a delivery': at('POST', '/webhooks/deliveries/x/replay'),
  'an endpoint as a delivery': at('POST', '/webhooks/deliveries/{id}/replay'),
};

export function refusalCases(world: SignupWorld): void {
  const product: BadInputProduct = {
    world,
    name: 'signup',
    collection: '/webhooks',
    endpoint: '/webhooks/{id}',
    rotation: '/webhooks/{id}/rotate',
    urlField: 'url',
    creation: { eventTypes: [] },
    idOf: ({ endpoint }) => endpoint.id,
    codeOf: ({ json }) => json.code,
    words: (code) => code,
    check: (answer) => expectPage(answer, answer.status, 'problem'),
  };
  badInputCases(product, commonBadInput(product));

  describe('a request that this product refuses', () => {
    const made = {} as Made; // Filled before the first row.
    beforeAll(async () => {
      Object.assign(made, await create(world));
    });

    it.each(Object.entries(ROWS))('with %s changes nothing', async (_name, [sent, refused]) => {
      const { method = 'POST', path = '', ...ask } = sent;
      const [status, slug, code, paths] = refused;
      const everything = async () => (await world.ask('GET', '/webhooks')).text;
      const before = await everything();
      const answer = await world.ask(method, path.replace('{id}', made.id), ask);
      expectProblem(answer, status, slug, code);
      if (paths !== undefined) expect(answer.json.errors.map((one: Json) => one.path).sort()).toEqual(paths);
      expect(await everything()).toBe(before);
    });
  });

  describe('a caller', () => {
    it('needs the scope of each operation', async () => {
      const { id } = await create(world);
      const needed = [
        ['POST', '/webhooks', 'endpoints:write'],
        ['GET', '/webhooks', 'endpoints:read'],
        ['GET', `/webhooks/${id}`, 'endpoints:read'],
        ['PATCH', `/webhooks/${id}`, 'endpoints:write'],
        ['DELETE', `/webhooks/${id}`, 'endpoints:write'],
        ['POST', `/webhooks/${id}/rotate`, 'secrets:rotate'],
        ['POST', `/webhooks/${id}/test`, 'endpoints:write'],
        ['GET', `/webhooks/${id}/deliveries`, 'deliveries:read'],
        ['POST', `/webhooks/deliveries/${id}/replay`, 'deliveries:write'],
      ] as const;
      const all = [...new Set(needed.map(([, , scope]) => scope))];
      for (const [method, path, scope] of needed) {
        const { token } = await createKey(world.running, { scopes: all.filter((one) => one !== scope) });
        const refused = await world.ask(method, path, { token });
        expectProblem(refused, 403, 'forbidden', 'missing_scope');
        expect(refused.json.detail).toContain(scope);
      }
    });

    it('of another organization finds nothing, in the words for what does not exist', async () => {
      const { id, type } = await create(world);
      await world.native('POST', '/events', { json: { type, payload: 1 } });
      const [delivery] = (await world.ask('GET', `/webhooks/${id}/deliveries`)).json.data;
      const { id: organization } = await createOrganization(world.running, 'another-tenant');
      const { token } = await createKey(world.running, {
        scopes: ['endpoints:read', 'endpoints:write', 'secrets:rotate', 'deliveries:read', 'deliveries:write'],
        organization,
      });
      for (const [method, path] of [
        ['GET', '/webhooks/{id}'],
        ['PATCH', '/webhooks/{id}'],
        ['DELETE', '/webhooks/{id}'],
        ['POST', '/webhooks/{id}/rotate'],
        ['POST', '/webhooks/{id}/test'],
        ['GET', '/webhooks/{id}/deliveries'],
        ['POST', '/webhooks/deliveries/{id}/replay'],
      ] as const) {
        const ask = { token, ...(method === 'PATCH' ? { json: { paused: true } } : {}) };
        const theirs = path.includes('replay') ? delivery.id : id;
        const foreign = await world.ask(method, path.replace('{id}', theirs), ask);
        const missing = await world.ask(method, path.replace('{id}', UNKNOWN), ask);
        expectProblem(foreign, 404, 'not-found', 'not_found');
        expect(foreign.json).toEqual(missing.json);
      }
      expect((await world.ask('GET', '/webhooks', { token })).json).toEqual({ data: [] });
    });
  });

  describe('over a socket', () => {
    it('too many headers and a path without end are refused in the same shape', async () => {
      const headers = Object.fromEntries(Array.from({ length: 40 }, (_each, n) => [`x-${n}`, 'y'.repeat(1_000)]));
      const ask = async (path: string, more: Record<string, string>) => {
        const base = await world.listening;
        const prefix = world.running.prefixOf({ name: 'signup' });
        return await new Promise<[number | undefined, string | undefined, Json]>((resolve, reject) => {
          const authorization = `Bearer ${world.running.bootstrapKey}`;
          const sent = httpRequest(`${base}${prefix}${path}`, { headers: { authorization, ...more } }, (response) => {
            let text = '';
            response.on('data', (chunk: Buffer) => {
              text += chunk.toString();
            });
            response.on('end', () => resolve([response.statusCode, response.headers['content-type'], text]));
          });
          sent.on('error', reject);
          sent.end();
        });
      };
      const [status, type, text] = await ask(`/webhooks/${'0'.repeat(10_000)}`, {});
      expect([status, JSON.parse(text).code]).toEqual([404, 'not_found']);
      expect(type).toMatch(/^application\/problem\+json(;|$)/);
      expect((await ask('/webhooks', headers))[0]).toBe(431);
    });
  });
}
