import { Type } from 'typebox';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { refused } from '../app/outcome.ts';
import { hexIds } from './id-codec.ts';
import { operation } from './operation.ts';
import { route } from './operation-route.ts';
import { listEndpoints, readEndpoint } from './operations/endpoints.ts';
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

const facts = { tag: 'x', summary: 'x', status: 200 } as const;

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
    expect((await ask('GET', '/hooks?word=x')).json).toEqual({ count: 1, word: 'x', more: null });
    expect((await ask('GET', '/hooks?limit=1')).status).toBe(422);
  });
});
