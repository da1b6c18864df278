import { expect, it } from 'vitest';
import { loopLoad } from './loop-load.ts';

it('tells how much this thread worked since it was asked before', async () => {
  const load = loopLoad();
  const rest = () => new Promise((resolve) => setTimeout(resolve, 50));
  await rest();
  const atRest = load();
  const until = performance.now() + 50;
  while (performance.now() < until);
  // The work counts once its turn is over.
  await new Promise(setImmediate);
  const atWork = load();
  expect(atRest).toBeLessThan(atWork);
  expect(atWork).toBeGreaterThan(0.5);
  await rest();
  expect(load()).toBeLessThan(atWork);
});
