import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { EventKey } from '../../domain/ids.ts';
import {
  acceptedEvent,
  acceptOne,
  createTestClock,
  DAY,
  leased,
  populate,
  START,
  succeeded,
} from '../contract/fixtures.ts';
import type { Outcome } from '../port.ts';
import { openSqliteStore } from './open.ts';

/** Repeated to the length of a payload; it stands nowhere else. */
const WORD = 'correct-horse-battery-staple-';
/** Payloads that share a page, fill one, and need pages of their own. */
const SIZES = [40, 40, 700, 700, 700, 2_000, 5_000, 40_000, 700, 700] as const;

function bytesOf(index: number, size: number): Buffer {
  return Buffer.from(`${WORD}${index}-`.repeat(Math.ceil(size / WORD.length)).slice(0, Math.max(size, 40)));
}

describe.each(['inline', 'threads'] as const)('bytes that were removed (%s)', (mode) => {
  it.each(['erased', 'pruned'] as const)('are in no file of the database when they were %s', async (how) => {
    const folder = mkdtempSync(join(tmpdir(), 'hookring-erased-'));
    const path = join(folder, 'hookring.db');
    const clock = createTestClock();
    const store = await openSqliteStore({ path, mode, clock, freeDiskRatio: async () => 1 });
    const { organization: owner, endpoint: one } = await populate(store, 1);
    const owed: { key: EventKey; outcome: Outcome }[] = [];
    // Three that go for each that is still owed then: what is left of a page moves to another one.
    for (let index = 0; index < SIZES.length * 4; index += 1) {
      const size = SIZES[index % SIZES.length] ?? 0;
      const delivery = leased(one.id);
      const { event, ...accepted } = acceptedEvent(owner.id, [delivery], { event: { payload: bytesOf(index, size) } });
      await acceptOne(store, { event, ...accepted });
      const outcome = succeeded(delivery, {
        responseHeaders: [['x-echo', bytesOf(index, 40).toString()]],
        responseExcerpt: bytesOf(index, Math.min(size, 4_096)),
      });
      if (index % 4 === 3) owed.push({ key: event.key, outcome });
      else await store.record({ incarnation: store.incarnation, outcomes: [outcome], health: [] });
    }
    const files = () => [path, `${path}-wal`].map((file) => readFileSync(file));
    await store.housekeep({ kind: 'upkeep', now: 0 });
    expect(files().some((file) => file.includes(WORD))).toBe(true);

    const prune = async () => (await store.prune({ before: START + DAY, after: null, itemsMax: 1_000 })).removed.events;
    expect(await prune()).toBe(SIZES.length * 3);
    const outcomes = owed.map(({ outcome }) => outcome);
    await store.record({ incarnation: store.incarnation, outcomes, health: [] });
    if (how === 'pruned') expect(await prune()).toBe(SIZES.length);
    else {
      const erase = { kind: 'event.erase', organizationId: owner.id, at: START + DAY } as const;
      for (const { key } of owed) expect((await store.apply([{ ...erase, eventKey: key }])).kind).toBe('applied');
    }
    await store.housekeep({ kind: 'upkeep', now: 0 });
    expect(files().map((file) => file.includes(WORD.slice(0, 12)))).toEqual([false, false]);
    await store.close();
    rmSync(folder, { recursive: true });
  });
});
