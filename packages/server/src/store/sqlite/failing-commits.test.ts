import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { EventKey, OrganizationId } from '../../domain/ids.ts';
import { acceptedEvent, createTestClock, DAY, leased, populate, START, succeeded } from '../contract/fixtures.ts';
import type { AcceptedDelivery, Store } from '../port.ts';
import { IN_MEMORY, openWriterConnection } from './connection.ts';
import { inlineReader, inlineWriter } from './inline.ts';
import { createSqliteStore } from './store.ts';

const RUNS = process.env['HOOKRING_PROVE'] === '1' ? 2_000 : 60;
const ALL = { after: null, itemsMax: 200 };

type Step =
  | { readonly kind: 'accept'; readonly size: number; readonly deliveries: number }
  | { readonly kind: 'record' | 'erase'; readonly which: number }
  | { readonly kind: 'prune' };

const step = fc.record({
  work: fc.oneof(
    fc.record({
      kind: fc.constant('accept' as const),
      size: fc.constantFrom(10, 3_000, 60_000),
      deliveries: fc.nat(2),
    }),
    fc.record({ kind: fc.constantFrom('record' as const, 'erase' as const), which: fc.nat(20) }),
    fc.constant({ kind: 'prune' as const }),
  ),
  /** Pages that the database may still grow by: it fails somewhere in the middle; null: no limit. */
  room: fc.option(fc.nat(6)),
});

/** What the store must hold: an event, whether it was erased, and what is still owed of it. */
type Model = Map<EventKey, { erased: boolean; owed: AcceptedDelivery[]; ended: AcceptedDelivery[] }>;

async function run(store: Store, owner: OrganizationId, work: Step, model: Model, one: AcceptedDelivery['endpointId']) {
  if (work.kind === 'accept') {
    const owed = Array.from({ length: work.deliveries }, () => leased(one));
    const event = acceptedEvent(owner, owed, { event: { payload: new Uint8Array(work.size).fill(7) } });
    await store.accept({ events: [event], idempotency: null });
    model.set(event.event.key, { erased: false, owed, ended: [] });
    return;
  }
  if (work.kind === 'prune') {
    await store.prune({ before: START + DAY, after: null, itemsMax: 5 });
    return;
  }
  const entries = [...model];
  const [key, held] = entries[work.which % Math.max(1, entries.length)] ?? [];
  if (key === undefined || held === undefined) return;
  if (work.kind === 'erase') {
    const applied = await store.apply([{ kind: 'event.erase', organizationId: owner, eventKey: key, at: START }]);
    if (applied.kind === 'applied') held.erased = true;
    return;
  }
  const [delivery, ...rest] = held.owed;
  if (delivery === undefined) return;
  await store.record({ incarnation: store.incarnation, outcomes: [succeeded(delivery)], health: [] });
  held.owed = rest;
  held.ended.push(delivery);
}

describe('a store whose commits fail now and then, somewhere in the middle', () => {
  it('holds exactly what it said it holds, and forgets nothing that is owed', () =>
    fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), async (steps) => {
        const db = openWriterConnection(IN_MEMORY);
        const store = createSqliteStore({
          writer: inlineWriter(db, START),
          reader: inlineReader(db, IN_MEMORY),
          clock: createTestClock(),
          disk: null,
          defer: queueMicrotask,
          lock: null,
          telemetry: null,
          onFatal: null,
        });
        const { organization: owner, endpoint: one } = await populate(store, 1);
        const model: Model = new Map();
        for (const { work, room } of steps) {
          const pages = Number(Object.values(db.prepare('PRAGMA page_count').get() ?? {})[0]);
          db.exec(`PRAGMA max_page_count = ${room === null ? 1_000_000 : pages + room}`);
          await run(store, owner.id, work, model, one.id).catch((error: unknown) => {
            expect(error).toMatchObject({ name: 'StoreUnavailable', reason: 'commit_failed' });
          });
          if (work.kind === 'prune') await forgetPruned(store, owner.id, model);
        }
        const events = (await store.reader.events(owner.id, ALL)).items;
        expect(new Map(events.map((event) => [event.key, event.payloadErasedAt !== null]))).toEqual(
          new Map([...model].map(([key, { erased }]) => [key, erased])),
        );
        const queued = [...model.values()].flatMap(({ owed }) => owed);
        expect((await store.reader.figures(START)).queued).toBe(queued.length);
        for (const { owed, ended } of model.values()) {
          for (const { id } of owed) expect((await store.reader.delivery(owner.id, id))?.shown).toBe('in_flight');
          for (const { id } of ended) {
            expect((await store.reader.delivery(owner.id, id))?.shown).toBe('succeeded');
            expect(await store.reader.attemptsOfDelivery(owner.id, id)).toHaveLength(1);
          }
        }
        expect(db.prepare('PRAGMA integrity_check').get()).toEqual({ integrity_check: 'ok' });
        await store.close();
      }),
      { numRuns: RUNS },
    ));
});

/** What pruning took may only be what nobody was owed. */
async function forgetPruned(store: Store, owner: OrganizationId, model: Model): Promise<void> {
  const left = new Set((await store.reader.events(owner, ALL)).items.map(({ key }) => key));
  for (const [key, { owed }] of model) {
    if (left.has(key)) continue;
    expect(owed).toEqual([]);
    model.delete(key);
  }
}
