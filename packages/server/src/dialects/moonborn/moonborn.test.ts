import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { checkedClient } from '../testing/checked-client.ts';
import { runDialects } from '../testing/running-dialects.ts';
import { moonborn } from './moonborn.ts';
import { moonbornBadInput } from './testing/bad-input-cases.ts';
import { deliveryCases } from './testing/delivery-cases.ts';
import { endpointCases } from './testing/endpoint-cases.ts';
import type { MoonbornWorld } from './testing/moonborn-world.ts';
import { pageCases } from './testing/page-cases.ts';
import { policyCases } from './testing/policy-cases.ts';
import { replayCases } from './testing/replay-cases.ts';
import { requestCases } from './testing/request-cases.ts';
import { rotationCases } from './testing/rotation-cases.ts';
import { SESSION_JWTS, sessionCases } from './testing/session-cases.ts';

// Filled by beforeAll; a test never runs before it.
const world = {} as MoonbornWorld;

beforeAll(async () => {
  world.running = await runDialects([moonborn], { retrySchedule: null, sessionJwts: SESSION_JWTS });
  world.ask = checkedClient(world.running, moonborn);
  world.native = checkedClient(world.running, world.running.native);
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
replayCases(world);
rotationCases(world);
requestCases(world);
sessionCases(world);
policyCases();
moonbornBadInput(world);

describe('every operation', () => {
  it('was seen here with each of its good answers', () => {
    expect(world.ask.unseen()).toEqual([]);
  });
});
