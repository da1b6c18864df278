import { Value } from 'typebox/value';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { PRODUCTS } from '../../domain/keyring-fixtures.ts';
import { withOwnDialects } from '../built-in.ts';
import { type Dialect, defineDialect } from '../public.ts';
import { checkedClient } from '../testing/checked-client.ts';
import { runDialects } from '../testing/running-dialects.ts';
import { signup, thesignup } from './signup.ts';
import { deliveryCases, FAILURES_MAX } from './testing/delivery-cases.ts';
import { endpointCases } from './testing/endpoint-cases.ts';
import { expectPage, expectProblem } from './testing/page.ts';
import { pageCases } from './testing/page-cases.ts';
import { signersOf } from './testing/receiver.ts';
import { refusalCases } from './testing/refusal-cases.ts';
import { rotationCases } from './testing/rotation-cases.ts';
import { create, deliver, openWorld, rotate, type SignupWorld } from './testing/signup-world.ts';

const plans = new Map<string, number>();
/** Asked elsewhere, as a database of plans would be. */
const capped = thesignup({ endpointsMax: async (organizationId) => plans.get(organizationId) ?? null });

/** Its endpoints forbid to rotate inside a window and to show a secret again, whoever asks. */
const strict: Dialect = defineDialect({
  ...signup,
  name: 'strict',
  mount: { prefix: '/strict' },
  endpointDefaults: {
    ...signup.endpointDefaults,
    rotationPolicy: {
      ...signup.endpointDefaults.rotationPolicy,
      enforced: true,
      onOverlap: 'refuse',
      recoveryMinutes: 0,
    },
  },
});

// Filled by beforeAll; a test never runs before it.
const world = { plans } as SignupWorld;

beforeAll(async () => {
  const engine = { autoSuspendAttempts: FAILURES_MAX, autoSuspendHours: 0 };
  openWorld(world, await runDialects([capped, strict], { retrySchedule: null, engine }), capped);
});
afterAll(async () => {
  await world.running.stop();
});
afterEach(() => {
  expect(world.running.crashes.splice(0)).toEqual([]);
  world.running.receiver.answer = { status: 200, body: 'thanks' };
});

pageCases(world);
endpointCases(world);
deliveryCases(world);
refusalCases(world);
rotationCases(world);

describe('the dialect', () => {
  it('answers every operation as its schemas and its page say', () => {
    expect(world.ask.unseen()).toEqual([]);
  });

  it('asks of a rotation what the product does, and shows the secret again for as long as a key is remembered', () => {
    expect(signup.endpointDefaults.rotationPolicy).toEqual({ ...PRODUCTS.thesignup, recoveryMinutes: 1_440 });
  });

  it('describes itself, the cap of plans included', async () => {
    const { json } = await world.running.http.inject({ url: '/signup/openapi.json' });
    const { paths } = json();
    expect(Object.keys(paths['/signup/webhooks'].post.responses)).toContain('402');
    expect(Object.keys(paths['/signup/webhooks/{id}/rotate'].post.responses)).not.toContain('402');
  });

  it('shows examples that fit', () => {
    for (const { operationId, request, responses, examples } of signup.routes) {
      for (const [status, schema] of Object.entries(responses)) {
        if (schema === null) continue;
        expect([operationId, Value.Check(schema, examples?.responses?.[Number(status)])]).toEqual([operationId, true]);
      }
      if (request.body === undefined || request.body === 'raw') continue;
      expect([operationId, Value.Check(request.body, examples?.request)]).toEqual([operationId, true]);
    }
  });

  it('with caps of its own takes the place of the one that comes with the server', () => {
    const own = thesignup({ endpointsMax: 10 });
    expect(withOwnDialects([own]).filter(({ name }) => name === 'signup')).toEqual([own]);
    expect(withOwnDialects([]).filter(({ name }) => name === 'signup')).toEqual([signup]);
  });

  it('takes a function that answers at once', async () => {
    const running = await runDialects([thesignup({ endpointsMax: () => 0 })]);
    try {
      const ask = checkedClient(running, signup);
      const answer = await ask('POST', '/webhooks', { json: { url: running.receiver.url } });
      expect([answer.status, running.crashes]).toEqual([402, []]);
    } finally {
      await running.stop();
    }
  });

  it('refuses a cap that is no whole number', () => {
    for (const endpointsMax of [-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => thesignup({ endpointsMax })).toThrow(TypeError);
    }
  });
});

describe('a server with other settings', () => {
  it('caps by a number, and narrows the grace', async () => {
    const dialect = thesignup({ endpointsMax: 1 });
    const running = await runDialects([dialect], { rotationLimits: { graceSecondsMax: 60 } });
    try {
      const small = { plans } as SignupWorld;
      openWorld(small, running, dialect);
      const { id, secret: first, type } = await create(small);
      const json = { url: running.receiver.url };
      expectProblem(await small.ask('POST', '/webhooks', { json }), 402, 'upgrade-required', 'upgrade_required');
      const second = await rotate(small, id);
      const signers = async () => signersOf({ first, second }, (await deliver(small, type)).request);
      expect(await signers()).toEqual(['second', 'first']);
      running.advance(60_000);
      expect(await signers()).toEqual(['second']);
    } finally {
      await running.stop();
    }
  });

  it('says when there were too many requests', async () => {
    const running = await runDialects([signup], { rateLimit: { requests: 2, windowSeconds: 60 } });
    try {
      const ask = checkedClient(running, signup);
      for (let count = 0; count < 2; count += 1) expectPage(await ask('GET', '/webhooks'), 200, 'endpoints');
      const limited = await ask('GET', '/webhooks');
      expectProblem(limited, 429, 'too-many-requests', 'rate_limited');
      expect(limited.headers['retry-after']).toMatch(/^\d+$/);
      running.advance(60_000);
      expectPage(await ask('GET', '/webhooks'), 200, 'endpoints');
    } finally {
      await running.stop();
    }
  });
});
