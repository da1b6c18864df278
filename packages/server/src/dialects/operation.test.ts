import { Type } from 'typebox';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { EndpointId } from '../domain/ids.ts';
import { keyRoute } from './dialect-route.ts';
import { perform } from './operation.ts';
import { createEndpoint, testEndpoint } from './operations/endpoints.ts';
import { rotateEndpointSecret } from './operations/keyrings.ts';
import { acmeDialect } from './testing/acme.ts';
import { type CheckedClient, checkedClient } from './testing/checked-client.ts';
import { type RunningDialects, runDialects } from './testing/running-dialects.ts';

const facts = {
  method: 'POST',
  summary: 'x',
  tag: 'x',
  scopes: ['endpoints:write', 'secrets:rotate'],
  idempotent: true,
  responses: { 201: Type.Any() },
} as const;

/** Handlers of their own, with several operations in each. */
const routes = [
  keyRoute({
    ...facts,
    path: '/tried',
    operationId: 'createTried',
    request: { body: Type.Object({ url: Type.String() }) },
    async handle(context, { body }) {
      const made = await perform(context, createEndpoint, { settings: body });
      if (!made.ok) return made;
      const { id } = made.value.endpoint;
      const tried = await perform(context, testEndpoint, { endpointId: id });
      if (!tried.ok) return tried;
      const { delivered, url } = tried.value;
      return { ok: true, status: 201, body: { id, secret: made.value.secret?.value, delivered, url } };
    },
  }),
  keyRoute({
    ...facts,
    path: '/rotate-all',
    operationId: 'rotateAll',
    request: { body: Type.Object({ ids: Type.Array(Type.String()) }) },
    async handle(context, { body }) {
      const done: unknown[] = [];
      for (const endpointId of body.ids as EndpointId[]) {
        const rotated = await perform(context, rotateEndpointSecret, { endpointId });
        if (!rotated.ok) return rotated;
        done.push([rotated.value.endpoint.endpoint.id, rotated.value.secret.value]);
      }
      return { ok: true, status: 201, body: done };
    },
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

describe('several operations under one Idempotency-Key', () => {
  it('each do what they are for, and each repeat what they did', async () => {
    const request = { json: { url: running.receiver.url }, headers: { 'idempotency-key': 'tried' } };
    const first = await ask('POST', '/tried', request);
    expect([first.status, first.json]).toEqual([
      201,
      { id: expect.stringMatching(/^ep_/), secret: expect.any(String), delivered: true, url: running.receiver.url },
    ]);
    expect((await ask('POST', '/tried', request)).json).toEqual(first.json);
  });

  it('are told apart when they are the same one', async () => {
    const made = checkedClient(running, running.native);
    const create = async () =>
      (await made('POST', '/endpoints', { json: { url: running.receiver.url } })).json.endpoint.id as string;
    const ids = [await create(), await create()];
    const request = { json: { ids }, headers: { 'idempotency-key': 'both' } };
    const first = await ask('POST', '/rotate-all', request);
    expect(first.json.map(([id]: [string]) => id)).toEqual(ids);
    expect(new Set(first.json.map(([, secret]: [string, string]) => secret)).size).toBe(2);
    expect((await ask('POST', '/rotate-all', request)).json).toEqual(first.json);
    for (const id of ids) expect((await made('GET', `/endpoints/${id}/secrets`)).json.items).toHaveLength(2);
    expect(running.crashes).toEqual([]);
  });
});
