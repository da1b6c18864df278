import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import { type Dialect, defineDialect, NATIVE_ROTATION_POLICY } from '../public.ts';
import { checkedClient } from '../testing/checked-client.ts';
import { runDialects } from '../testing/running-dialects.ts';
import { agentmessage } from './agentmessage.ts';
import { type OperatedWorld, operatorCases } from './testing/operator-cases.ts';
import { pageCases } from './testing/page-cases.ts';

const strict: Dialect = defineDialect({
  ...agentmessage,
  name: 'strict',
  mount: { prefix: '/strict' },
  endpointDefaults: {
    ...agentmessage.endpointDefaults,
    rotationPolicy: { ...NATIVE_ROTATION_POLICY, enforced: true },
  },
});

// Filled by beforeAll; a test never runs before it.
const world = { requestsMax: 100, recoveryMinutesMax: 10, graceSecondsMax: 60 } as OperatedWorld;

beforeAll(async () => {
  const { recoveryMinutesMax, graceSecondsMax, requestsMax } = world;
  world.running = await runDialects([agentmessage, strict], {
    rootDialect: 'agentmessage',
    rotationLimits: { recoveryMinutesMax, graceSecondsMax },
    rateLimit: { requests: requestsMax, windowSeconds: 3_600 },
  });
  world.ask = checkedClient(world.running, agentmessage);
  world.strict = checkedClient(world.running, strict);
  world.native = checkedClient(world.running, world.running.native);
});
afterAll(async () => {
  await world.running.stop();
});
afterEach(() => {
  expect(world.running.crashes.splice(0)).toEqual([]);
});

pageCases(world);
operatorCases(world);
