import { describe, expect, it } from 'vitest';
import type { SendRequest, SendResult } from '../net/sender.ts';
import { inWorld } from './testing/in-world.ts';
import { ScriptedSender } from './testing/scripted-sender.ts';
import { World } from './testing/world.ts';

const PHASES = { dnsMs: null, connectMs: null, tlsMs: null, firstByteMs: null, totalMs: 1 };

/** Receivers never answer; only the end of the sender ends their requests. */
class SilentSender extends ScriptedSender {
  readonly #pending: ((result: SendResult) => void)[] = [];
  requests = 0;

  override send(_request: SendRequest): Promise<SendResult> {
    this.requests += 1;
    return new Promise((resolve) => this.#pending.push(resolve));
  }

  override async destroy(): Promise<void> {
    for (const resolve of this.#pending.splice(0)) {
      resolve({ kind: 'failure', failure: 'closed', detail: 'ended', staleConnection: false, phases: PHASES });
    }
  }
}

async function worldOfSilence() {
  const world = new World({ onDisk: true });
  const sender = new SilentSender(world.time);
  world.sender = sender;
  await world.begin();
  await world.addEndpoint({ concurrency: 2 });
  await world.accept(...Array.from({ length: 5 }, () => world.event()));
  await world.time.advance(10);
  expect(sender.requests).toBe(2);
  return { world, sender };
}

describe('a stop that was given a time', () => {
  it('ends sends that do not end by themselves, and gives all of them back to the store', async () => {
    const { world, sender } = await worldOfSilence();
    const stop = world.engine.stop({ forceAfterMs: 5_000, abort: () => sender.destroy() });
    await world.time.advance(4_999);
    expect(world.engine.figures().inFlight).toBe(2);
    await world.time.advance(1);
    await stop;
    expect(world.engine.figures()).toMatchObject({ inFlight: 0, inMemory: 0, inMemoryBytes: 0 });
    // Nothing counts as an attempt, and the next run sends all of it.
    expect((await world.deliveries()).map(({ state, attemptCount }) => [state.kind, attemptCount])).toEqual(
      Array.from({ length: 5 }, () => ['pending', 0]),
    );
    await world.crash();
    world.sender.script = () => ({ status: 200 });
    await world.time.advance(5_000);
    expect(world.sender.seen).toHaveLength(5);
    expect(world.faults).toEqual([]);
    await world.end();
  });

  it('tells of an abort that fails, and goes on waiting', async () => {
    const { world, sender } = await worldOfSilence();
    const stop = world.engine.stop({ forceAfterMs: 10, abort: () => Promise.reject(new Error('no')) });
    await world.time.advance(20);
    expect(world.faults).toEqual([{ where: 'abort', error: new Error('no') }]);
    await sender.destroy();
    await world.time.advance(10);
    await stop;
    await world.store.close();
  });

  it(
    'ends nothing by force when sends end in time',
    inWorld({ onDisk: true }, async (world) => {
      await world.addEndpoint();
      world.sender.script = () => ({ status: 200, afterMs: 500 });
      await world.accept();
      await world.time.advance(10);
      let aborts = 0;
      const stop = world.engine.stop({
        forceAfterMs: 1_000,
        abort: async () => {
          aborts += 1;
        },
      });
      await world.time.advance(10_000);
      await stop;
      expect(aborts).toBe(0);
      expect((await world.deliveries()).map(({ state }) => state.kind)).toEqual(['succeeded']);
      await world.crash();
    }),
  );
});
