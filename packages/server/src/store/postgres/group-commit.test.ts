import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { STORE_BATCH_UNITS_MAX, STORE_QUEUE_BYTES_MAX, STORE_QUEUE_UNITS_MAX } from '../../domain/limits.ts';
import { StoreUnavailable } from '../port.ts';
import { Lane, type Settled, WriteQueue } from './group-commit.ts';

type Unit = { readonly name: string; readonly claims?: readonly string[] };

/** A lane whose batches end when the test says so. */
function createLane(inFlightMax: number) {
  const queue = new WriteQueue();
  const batches: { readonly names: readonly string[]; end(how?: 'fails' | 'breaks'): Promise<void> }[] = [];
  const committed: number[] = [];
  const lane = new Lane<Unit, string>({
    queue,
    inFlightMax,
    defer: queueMicrotask,
    watch: { monotonic: () => 0, committed: (units) => committed.push(units) },
    claims: (unit) => unit.claims ?? null,
    run: (units) =>
      new Promise((resolve, reject) => {
        batches.push({
          names: units.map(({ name }) => name),
          async end(how) {
            if (how === 'fails') reject(new StoreUnavailable('commit_failed'));
            else {
              const settle = ({ name }: Unit, index: number): Settled<string> =>
                how === 'breaks' && index === 0
                  ? { kind: 'defect', error: new Error(`broken ${name}`) }
                  : { kind: 'done', result: `done ${name}` };
              resolve(units.map(settle));
            }
            await turn();
          },
        });
      }),
  });
  return { lane, queue, batches, committed };
}

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));
const named = (...names: readonly string[]): Unit[] => names.map((name) => ({ name }));

describe('a lane', () => {
  it('sends what was submitted in one turn together, and what comes meanwhile with the next batch', async () => {
    const { lane, batches, committed } = createLane(1);
    const first = named('a', 'b').map((unit) => lane.submit(unit, 1));
    await turn();
    const second = named('c', 'd').map((unit) => lane.submit(unit, 1));
    await turn();
    expect(batches.map(({ names }) => names)).toEqual([['a', 'b']]);
    await batches[0]?.end();
    expect(await Promise.all(first)).toEqual(['done a', 'done b']);
    expect(batches[1]?.names).toEqual(['c', 'd']);
    await batches[1]?.end();
    expect(await Promise.all(second)).toEqual(['done c', 'done d']);
    expect(committed).toEqual([2, 2]);
  });

  it('has a second batch under way only where that is worth it', async () => {
    const { lane, batches } = createLane(2);
    const submit = (count: number) => {
      for (let index = 0; index < count; index += 1) void lane.submit({ name: 'x' }, 1);
    };
    submit(1);
    await turn();
    submit(31);
    await turn();
    expect(batches).toHaveLength(1);
    submit(1);
    await turn();
    expect(batches.map(({ names }) => names.length)).toEqual([1, 32]);
    submit(100);
    await turn();
    expect(batches).toHaveLength(2);
    await batches[1]?.end();
    expect(batches.map(({ names }) => names.length)).toEqual([1, 32, 100]);
  });

  it('never sends more units or bytes together than its bounds, but always one', async () => {
    const { lane, batches } = createLane(1);
    for (let index = 0; index < STORE_BATCH_UNITS_MAX + 1; index += 1) void lane.submit({ name: 'x' }, 1);
    for (let index = 0; index < 3; index += 1) void lane.submit({ name: 'large' }, 6 * 1024 * 1024);
    void lane.submit({ name: 'huge' }, 60 * 1024 * 1024);
    for (let index = 0; index < 5; index += 1) {
      await turn();
      await batches[index]?.end();
    }
    expect(batches.map(({ names }) => names.length)).toEqual([STORE_BATCH_UNITS_MAX, 2, 1, 1, 1]);
  });

  it('rejects a broken unit alone, and all of a batch that was not committed', async () => {
    const { lane, batches, queue, committed } = createLane(1);
    const first = Promise.allSettled(named('a', 'b').map((unit) => lane.submit(unit, 7)));
    await turn();
    await batches[0]?.end('breaks');
    expect(await first).toMatchObject([
      { status: 'rejected', reason: { message: 'broken a' } },
      { status: 'fulfilled', value: 'done b' },
    ]);
    const second = Promise.allSettled(named('c', 'd').map((unit) => lane.submit(unit, 7)));
    await turn();
    await batches[1]?.end('fails');
    for (const result of await second) {
      expect(result).toMatchObject({ status: 'rejected', reason: { reason: 'commit_failed' } });
    }
    expect([queue.units, queue.bytes]).toEqual([0, 0]);
    // What failed tells nothing of how long commits take.
    expect(committed).toEqual([2]);
  });

  it('commits what waits before it closes, and then takes nothing', async () => {
    const { lane, batches } = createLane(1);
    const first = Promise.allSettled([lane.submit({ name: 'a' }, 1)]);
    await turn();
    const second = Promise.allSettled([lane.submit({ name: 'b' }, 1)]);
    let isDrained = false;
    const drain = async (): Promise<void> => {
      await lane.drain();
      isDrained = true;
    };
    const drained = drain();
    await expect(lane.submit({ name: 'late' }, 1)).rejects.toMatchObject({ reason: 'closed' });
    await batches[0]?.end();
    expect(isDrained).toBe(false);
    await batches[1]?.end('fails');
    await drained;
    expect([...(await first), ...(await second)].map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
  });

  it('tells the room that is left in all lanes together', () => {
    const { lane, queue } = createLane(1);
    expect({ units: queue.room.units, bytes: queue.room.bytes }).toEqual({
      units: STORE_QUEUE_UNITS_MAX,
      bytes: STORE_QUEUE_BYTES_MAX,
    });
    void lane.submit({ name: 'a' }, 10);
    expect({ units: queue.room.units, bytes: queue.room.bytes }).toEqual({
      units: STORE_QUEUE_UNITS_MAX - 1,
      bytes: STORE_QUEUE_BYTES_MAX - 10,
    });
    queue.isOpen = false;
    expect([queue.room.units, queue.room.bytes]).toEqual([0, 0]);
  });
});

describe('units that claim the same thing', () => {
  it('go one after the other in the order in which they came, and hold nobody else up', async () => {
    const { lane, batches } = createLane(2);
    for (const unit of [
      { name: 'a1', claims: ['a'] },
      { name: 'a2', claims: ['a'] },
      { name: 'b1', claims: ['b'] },
      { name: 'a3b2', claims: ['a', 'b'] },
      { name: 'free' },
      { name: 'b3', claims: ['b'] },
    ]) {
      void lane.submit(unit, 1);
    }
    for (let index = 0; index < 4; index += 1) {
      await turn();
      await batches[index]?.end();
    }
    expect(batches.map(({ names }) => names)).toEqual([['a1', 'b1', 'free'], ['a2'], ['a3b2'], ['b3']]);
  });

  it('are never under way together, whatever comes and ends when', async () => {
    const step = fc.oneof(
      fc.record({
        kind: fc.constant('submit' as const),
        claims: fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 2 }),
      }),
      fc.record({ kind: fc.constant('end' as const), which: fc.nat(1) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        const { lane, batches } = createLane(2);
        const claimsOf = new Map<string, readonly string[]>();
        const order: string[] = [];
        const open = new Set<number>();
        const look = () => {
          for (const [index, { names }] of batches.entries()) {
            if (index < order.length) continue;
            order.push(names.join());
            open.add(index);
          }
          const held = [...open].flatMap(
            (index) => batches[index]?.names.flatMap((name) => claimsOf.get(name) ?? []) ?? [],
          );
          expect(new Set(held).size).toBe(held.length);
        };
        let submitted = 0;
        for (const each of steps) {
          if (each.kind === 'submit') {
            const name = String(submitted);
            const claims = [...new Set(each.claims)];
            claimsOf.set(name, claims);
            void lane.submit({ name, ...(claims.length === 0 ? {} : { claims }) }, 1);
            submitted += 1;
          } else {
            const index = [...open][each.which % Math.max(1, open.size)];
            if (index !== undefined) {
              open.delete(index);
              await batches[index]?.end();
            }
          }
          await turn();
          look();
        }
        while (open.size > 0) {
          for (const index of open) {
            open.delete(index);
            await batches[index]?.end();
          }
          look();
        }
        const sent = batches.flatMap(({ names }) => names);
        expect(sent.toSorted()).toEqual([...claimsOf.keys()].toSorted());
        for (const claim of ['a', 'b', 'c']) {
          const mine = sent.filter((name) => claimsOf.get(name)?.includes(claim)).map(Number);
          expect(mine).toEqual(mine.toSorted((one, two) => one - two));
        }
      }),
      { numRuns: 100 },
    );
  });
});
