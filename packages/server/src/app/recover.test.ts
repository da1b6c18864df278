import { expect, it } from 'vitest';
import type { AppContext } from './context.ts';
import { createEndpoint } from './create-endpoint.ts';
import { createKeyedQueue } from './keyed-queue.ts';
import { type RecoverInput, recoverDeliveries } from './recover.ts';
import { inAppWorld, NEW_ENDPOINT, valueOf } from './testing/app-world.ts';

/** Another node on the same store; `meanwhile` happens once it has found what it would send again. */
function otherNode(app: AppContext, meanwhile: () => Promise<unknown>): AppContext {
  let isFirst = true;
  const { reader } = app.store;
  const recoverable: typeof reader.recoverable = async (...asked) => {
    const found = await reader.recoverable(...asked);
    if (isFirst) {
      isFirst = false;
      await meanwhile();
    }
    return found;
  };
  const store = Object.create(app.store, { reader: { value: { ...reader, recoverable } } });
  return { ...app, store, queue: createKeyedQueue() };
}

it(
  'of two recoveries at once on two nodes, what the one sends again the other does not',
  inAppWorld(async ({ world, app, caller }) => {
    const settings = { ...NEW_ENDPOINT.settings, retrySchedule: [] };
    const { endpoint } = valueOf(await createEndpoint(app, caller(), { ...NEW_ENDPOINT, settings }, null));
    world.sender.script = () => ({ status: 500 });
    const since = world.time.now();
    await world.accept(world.event(), world.event());
    await world.time.advance(1_000);
    const input: RecoverInput = { endpointId: endpoint.id, since, until: null, statuses: ['dead'], after: null };
    const recover = async (node: AppContext) => valueOf(await recoverDeliveries(node, caller(), input, null, 'shown'));
    const recovered: number[] = [];
    const other = otherNode(app, async () => recovered.push((await recover(app)).recovered));
    recovered.push((await recover(other)).recovered);
    expect(recovered).toEqual([2, 0]);
    await world.time.advance(1_000);
    expect(world.sender.seen).toHaveLength(4);
  }),
);
