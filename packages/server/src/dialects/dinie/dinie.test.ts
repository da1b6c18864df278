import type { TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { checkedClient } from '../testing/checked-client.ts';
import { runDialects } from '../testing/running-dialects.ts';
import { dinie } from './dinie.ts';
import { deliveryCases } from './testing/delivery-cases.ts';
import type { DinieWorld } from './testing/dinie-world.ts';
import { endpointCases } from './testing/endpoint-cases.ts';
import { limitCases } from './testing/limit-cases.ts';
import { pageCases } from './testing/page-cases.ts';
import { refusalCases } from './testing/refusal-cases.ts';
import { rotationCases } from './testing/rotation-cases.ts';
import { tokenCases } from './testing/token-cases.ts';

// Filled by beforeAll; a test never runs before it.
const world = {} as DinieWorld;

beforeAll(async () => {
  world.running = await runDialects([dinie]);
  world.ask = checkedClient(world.running, dinie);
  world.native = checkedClient(world.running, world.running.native);
});
afterAll(async () => {
  await world.running.stop();
});
afterEach(() => {
  expect(world.running.crashes.splice(0)).toEqual([]);
});

pageCases(world);
endpointCases(world);
deliveryCases(world);
tokenCases(world);
refusalCases(world);
limitCases();
rotationCases(world);

describe('every operation of Dinie', () => {
  it('that is a POST with a key can be repeated under an Idempotency-Key', () => {
    const posts = dinie.routes.filter((route) => route.method === 'POST' && route.access === 'key');
    expect(posts.map((route) => route.access === 'key' && route.idempotent)).toEqual([true, true, true]);
  });

  it('is documented with examples that fit its schemas', () => {
    let examples = 0;
    for (const { operationId, request, responses, examples: given = {} } of dinie.routes) {
      const pairs: (readonly [TSchema | undefined, unknown])[] = Object.entries(given.responses ?? {}).map(
        ([status, example]) => [responses[Number(status)] ?? undefined, example],
      );
      if (given.request !== undefined && request.body !== 'raw') pairs.push([request.body, given.request]);
      for (const [schema, example] of pairs) {
        examples += 1;
        expect([operationId, schema !== undefined && Compile(schema).Check(example)]).toEqual([operationId, true]);
      }
    }
    expect(examples).toBeGreaterThanOrEqual(10);
  });

  it('is described at a public address', async () => {
    const response = await world.running.http.inject({ url: '/dinie/openapi.json' });
    expect(response.statusCode).toBe(200);
    expect(Object.keys(response.json().paths)).toEqual(
      expect.arrayContaining([
        '/dinie/webhooks/endpoints',
        '/dinie/webhooks/endpoints/{webhook_endpoint_id}/secret/rotate',
      ]),
    );
  });

  it('was seen here with each of its good answers, all of which fit their schemas', () => {
    expect(world.ask.unseen()).toEqual([]);
  });
});
