import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { checkedClient } from '../testing/checked-client.ts';
import { runDialects } from '../testing/running-dialects.ts';
import { agentmessage } from './agentmessage.ts';
import { badInputCases } from './testing/bad-input-cases.ts';
import { deliveryCases } from './testing/delivery-cases.ts';
import { endpointCases } from './testing/endpoint-cases.ts';
import { pageCases } from './testing/page-cases.ts';
import { rotationCases } from './testing/rotation-cases.ts';
import type { AgentMessageWorld } from './testing/world.ts';

// Filled by beforeAll; a test never runs before it.
const world = {} as AgentMessageWorld;

beforeAll(async () => {
  // One retry, at once.
  world.running = await runDialects([agentmessage], { retrySchedule: [0] });
  world.ask = checkedClient(world.running, agentmessage);
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
rotationCases(world);
badInputCases(world);

describe('every operation', () => {
  it('was seen here with each of its good answers', () => {
    expect(world.ask.unseen()).toEqual([]);
  });
});
