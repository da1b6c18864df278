import { Type } from 'typebox';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { refused } from '../app/outcome.ts';
import type { EndpointId } from '../domain/ids.ts';
import type { RouteRequest } from '../http/route.ts';
import { hexIds, uuids } from './id-codec.ts';
import { operation } from './operation.ts';
import { type OperationRoute, route } from './operation-route.ts';
import { listDeliveries } from './operations/deliveries.ts';
import { listEndpoints, readEndpoint } from './operations/endpoints.ts';
import { rotateEndpointSecret } from './operations/keyrings.ts';
import { idPages } from './page-style.ts';
import { STRICT } from './schema-parts.ts';
import { acmeDialect } from './testing/acme.ts';
import { type CheckedClient, checkedClient } from './testing/checked-client.ts';
import { createKey } from './testing/native-steps.ts';
import { type RunningDialects, runDialects } from './testing/running-dialects.ts';

const ids = { hook: hexIds('ep', 'hook'), attempt: hexIds('dlv', 'try') };
const Text = Type.String();
const seen: unknown[] = [];

const echo = operation<{ readonly text: string }, string>({
  name: 'echo',
  scopes: ['events:read'],
  async run({ caller, idempotency, conduct }, { text }) {
    seen.push([caller.actor, idempotency?.key ?? null, conduct.dialect]);
    return text === 'no' ? refused('conflict', 'not now') : { ok: true, value: text, replayed: text === 'again' };
  },
});

/** Takes and gives what has the shape of a refusal. */
const looks = operation<
  { readonly ok: false; readonly problem: string },
  { readonly ok: false; readonly problem: string }
>({
  name: 'looks',
  scopes: ['events:read'],
  run: async (_tools, input) => ({ ok: true, value: input, replayed: false }),
});

const facts = { tag: 'x', summary: 'x', status: 200 } as const;

function badRoute(
  more: Partial<Pick<OperationRoute<RouteRequest, never, never, never>, 'page' | 'headers' | 'status'>> & {
    operation: typeof listDeliveries;
  },
) {
  return route({
    ...facts,
    method: 'GET',
    path: '/bad',
    operationId: 'bad',
    response: Text,
    decode: ({ page }) => ({ page }),
    encode: () => '',
    ...more,
  });
}

const routes = [
  route({
    ...facts,
    method: 'POST',
    path: '/echo',
    operation: { ...echo, idempotent: true },
    operationId: 'echo',
    request: { body: Type.Object({ text: Text }, STRICT) },
    status: 202,
    response: Type.Object({ said: Text }, STRICT),
    headers: { 'x-said': 'yes' },
    decode: ({ body: { text } }) => (text === 'odd' ? refused('validation_failed', 'too odd') : { text }),
    encode: (text) => (text === 'unsayable' ? refused('secret_rejected', 'cannot say it') : { said: text }),
  }),
  route({
    ...facts,
    method: 'POST',
    path: '/looks',
    operation: looks,
    operationId: 'looks',
    response: Type.Object({ ok: Type.Literal(false), problem: Text }, STRICT),
    decode: () => ({ ok: false, problem: 'as asked' }),
    encode: ({ ok, problem }) => ({ ok, problem }),
  }),
  route({
    ...facts,
    method: 'POST',
    path: '/slowly',
    operation: echo,
    operationId: 'slowly',
    request: { body: Type.Object({ text: Text }, STRICT) },
    response: Text,
    async decode({ body: { text } }) {
      const found = await Promise.resolve(text);
      if (found === 'lost') throw new Error('the look-up failed');
      return found === 'odd' ? refused('conflict', 'too odd') : { text: found };
    },
    encode: async (text) => await Promise.resolve(text),
  }),
  ...['/hooks/{id}/renew', '/again/{it}'].map((path, index) =>
    route({
      ...facts,
      method: 'POST',
      path,
      operation: rotateEndpointSecret,
      operationId: `renew${index}`,
      repeatsAs: 'renew0',
      ids: { [index === 0 ? 'id' : 'it']: ids.hook },
      response: Type.Object({ key: Text }, STRICT),
      decode: (request) => ({ endpointId: Object.values(request.ids)[0] as EndpointId }),
      encode: ({ secret }) => ({ key: secret.value }),
    }),
  ),
  route({
    ...facts,
    method: 'POST',
    path: '/hooks/{id}/kill',
    operation: rotateEndpointSecret,
    operationId: 'kill',
    ids: { id: ids.hook },
    response: Type.Object({ key: Text }, STRICT),
    decode: (request) => ({ endpointId: request.ids.id, graceSeconds: 0 }),
    encode: ({ secret }) => ({ key: secret.value }),
  }),
  route({
    ...facts,
    method: 'PUT',
    path: '/echo',
    operation: { ...echo, idempotent: true },
    operationId: 'putEcho',
    response: null,
    decode: () => ({ text: 'put' }),
    encode: () => 'never sent',
  }),
  route({
    ...facts,
    method: 'GET',
    path: '/hooks/{hook}/tries/{attempt}',
    operation: readEndpoint,
    operationId: 'readTwo',
    ids,
    response: Type.Object({ hook: Text, attempt: Text }, STRICT),
    decode: (request) => ({ endpointId: request.ids.hook }),
    encode: ({ endpoint }, { request }) => ({ hook: endpoint.id, attempt: request.ids.attempt }),
  }),
  route({
    ...facts,
    method: 'GET',
    path: '/hooks',
    operation: listEndpoints,
    operationId: 'listHooks',
    request: { query: Type.Object({ word: Type.Optional(Text) }, STRICT) },
    response: Type.Object({ count: Type.Integer(), word: Text, more: Type.Null() }, STRICT),
    decode: ({ page }) => ({ page }),
    encode: ({ items }, { next, request }) => ({
      count: items.length,
      word: request.query.word ?? '',
      more: next,
    }),
  }),
];

const dialect = acmeDialect({ routes });
let running: RunningDialects;
let ask: CheckedClient;
beforeAll(async () => {
  running = await runDialects([dialect]);
  ask = checkedClient(running, dialect);
});
afterAll(async () => await running.stop());
afterEach(() => {
  expect(running.crashes).toEqual([]);
  seen.length = 0;
});

describe('a route that is an operation', () => {
  it('runs it for the caller, with what the request decodes to', async () => {
    const answer = await ask('POST', '/echo', { json: { text: 'hello' }, headers: { 'idempotency-key': 'k' } });
    expect([answer.status, answer.json, answer.headers['x-said']]).toEqual([202, { said: 'hello' }, 'yes']);
    expect(answer.headers['idempotent-replayed']).toBeUndefined();
    expect(seen).toEqual([['bootstrap', 'k', 'acme']]);
  });

  it('says that an answer was given before', async () => {
    const answer = await ask('POST', '/echo', { json: { text: 'again' } });
    expect(answer.headers['idempotent-replayed']).toBe('true');
  });

  it.each([
    ['odd', 422, 'validation_failed', 0],
    ['no', 409, 'conflict', 1],
    ['unsayable', 422, 'secret_rejected', 1],
  ])('refuses in the words of the dialect, before, in or after the operation: %s', async (text, status, oops, runs) => {
    const answer = await ask('POST', '/echo', { json: { text } });
    expect([answer.status, answer.json.oops, answer.headers['x-said']]).toEqual([status, oops, undefined]);
    expect(seen).toHaveLength(runs);
  });

  it('takes for a refusal only what `refused` made, and not what has its shape', async () => {
    const answer = await ask('POST', '/looks');
    expect([answer.status, answer.json]).toEqual([200, { ok: false, problem: 'as asked' }]);
  });

  it('may ask elsewhere before it knows what is wanted', async () => {
    const say = async (text: string) => await ask('POST', '/slowly', { json: { text } });
    expect([(await say('hello')).json, (await say('odd')).json.oops]).toEqual(['hello', 'conflict']);
    expect((await say('lost')).status).toBe(500);
    expect(running.crashes.splice(0)).toEqual([new Error('the look-up failed')]);
  });

  it('is the same request under one key, however its id is written and whichever path led there', async () => {
    const native = checkedClient(running, running.native);
    const made = async (): Promise<string> =>
      (await native('POST', '/endpoints', { json: { url: running.receiver.url } })).json.endpoint.id;
    const [id, other] = [await made(), await made()] as [EndpointId, EndpointId];
    const hook = ids.hook.encode(id);
    const hyphenated = `hook_${uuids('ep').encode(id)}`;
    const headers = { 'idempotency-key': 'once' };
    const first = (await ask('POST', `/hooks/${hook}/renew`, { headers })).json;
    for (const path of [
      `/hooks/${hyphenated}/renew`,
      `/again/${hook}`,
      `/again/${hyphenated.toUpperCase().replace('HOOK', 'hook')}`,
    ]) {
      const again = await ask('POST', path, { headers });
      expect([path, again.json, again.headers['idempotent-replayed']]).toEqual([path, first, 'true']);
    }
    const second = await ask('POST', `/again/${ids.hook.encode(other)}`, { headers });
    expect(second.json).not.toEqual(first);
    expect((await native('GET', `/endpoints/${id}/secrets`)).json.items).toHaveLength(2);
  });

  it('is another request by another route, which may read the same body in another way', async () => {
    const native = checkedClient(running, running.native);
    const { json } = await native('POST', '/endpoints', { json: { url: running.receiver.url } });
    const headers = { 'idempotency-key': 'one for two' };
    const hook = `/hooks/${ids.hook.encode(json.endpoint.id)}`;
    const renewed = await ask('POST', `${hook}/renew`, { headers });
    const killed = await ask('POST', `${hook}/kill`, { headers });
    expect([killed.status, killed.headers['idempotent-replayed']]).toEqual([200, undefined]);
    expect(killed.json).not.toEqual(renewed.json);
    const { items } = (await native('GET', `/endpoints/${json.endpoint.id}/secrets`)).json;
    expect(items.map(({ state }: { state: string }) => state).toSorted()).toEqual(['active', 'expired', 'expired']);
  });

  it.each<[string, () => unknown, string]>([
    [
      'a page by id of what has no such order',
      () => badRoute({ operation: listDeliveries, page: idPages('after', ids.hook) }),
      'for listEndpoints alone',
    ],
    [
      'headers that cannot be sent',
      () => badRoute({ operation: listDeliveries, headers: { 'x-name': 'Café ☕' } }),
      '"x-name"',
    ],
    ['a status of a refusal', () => badRoute({ operation: listDeliveries, status: 404 }), 'is not from 200 to 299'],
    [
      'no operation',
      () => badRoute({ operation: undefined as unknown as typeof listDeliveries }),
      'it names no operation',
    ],
  ])('is refused with %s', (_name, make, message) => {
    expect(make).toThrow(message);
  });

  it('needs the scopes of its operation', async () => {
    const { token } = await createKey(running, { scopes: ['events:write'] });
    expect((await ask('POST', '/echo', { token, json: { text: 'x' } })).status).toBe(403);
    expect(seen).toEqual([]);
  });

  it('takes an Idempotency-Key on POST alone, and sends no body where there is none', async () => {
    const answer = await ask('PUT', '/echo', { headers: { 'idempotency-key': 'k' } });
    expect([answer.status, answer.text, seen]).toEqual([200, '', [['bootstrap', null, 'acme']]]);
  });

  it('reads each id of its path as the product writes it, and finds nothing under any other text', async () => {
    const { json } = await checkedClient(running, running.native)('POST', '/endpoints', {
      json: { url: running.receiver.url },
    });
    const hook = ids.hook.encode(json.endpoint.id);
    const attempt = ids.attempt.example;
    const found = await ask('GET', `/hooks/${hook}/tries/${attempt}`);
    expect(found.json).toEqual({ hook: json.endpoint.id, attempt: ids.attempt.decode(attempt) });
    for (const [one, other, what] of [
      [json.endpoint.id, attempt, 'endpoint'],
      ['%00', attempt, 'endpoint'],
      [hook, 'try_1', 'delivery'],
      [ids.hook.example, attempt, 'endpoint'],
    ]) {
      const missing = await ask('GET', `/hooks/${one}/tries/${other}`);
      expect([missing.status, missing.json.why]).toEqual([404, `no such ${what}`]);
    }
  });

  it('has a page of the usual size without a page style, and no parameters for others', async () => {
    const { items } = (await checkedClient(running, running.native)('GET', '/endpoints?limit=100')).json;
    const made = items.length;
    expect((await ask('GET', '/hooks?word=x')).json).toEqual({ count: made, word: 'x', more: null });
    expect((await ask('GET', '/hooks?limit=1')).status).toBe(422);
  });
});
