import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { acceptedEvent, DAY, HOUR, idempotencyRow, leased, newId, START, waiting } from '../../contract/fixtures.ts';
import type { AcceptUnit } from '../../port.ts';
import { type Hot, untilBlocked, withHot } from '../testing/hot.ts';

const STORED = { kind: 'accepted', outcomes: [{ kind: 'stored' }] };
const CHANGED = { kind: 'endpoints_changed' };

const count = async (hot: Hot, table: string): Promise<number> =>
  Number(await hot.value(`SELECT count(*)::integer FROM ${table}`));

function unitOf(event: AcceptUnit['events'][number], more: Partial<AcceptUnit> = {}): AcceptUnit {
  return { events: [event], idempotency: null, ...more };
}

describe('accepting on PostgreSQL', () => {
  it('stores nothing of a unit that matched other endpoints, and the others of its batch', () =>
    withHot(async (hot) => {
      const { writer } = await hot.node();
      const one = await hot.populate(1);
      const two = await hot.populate(1);
      await hot.sql.query('UPDATE organizations SET endpoints_version = 4 WHERE id = $1', [one.organizationId]);
      const events = [one, one, two, one].map(({ organizationId, endpoints }) =>
        acceptedEvent(organizationId, [leased(endpoints[0] ?? newId('ep')), waiting(endpoints[0] ?? newId('ep'))]),
      );
      const versions = [3, 4, 0, null];
      const results = await Promise.all(
        events.map((event, index) => writer.accept(unitOf(event, { endpointsVersion: versions[index] ?? null }))),
      );
      expect(results).toEqual([CHANGED, STORED, STORED, STORED]);
      const { rows } = await hot.sql.query('SELECT count(*)::integer AS n FROM events');
      expect(rows[0]).toEqual({ n: 3 });
      expect([await count(hot, 'deliveries'), await count(hot, 'queue')]).toEqual([6, 6]);
      // Nothing of a unit without any endpoint either: it may have some by now.
      const alone = unitOf(acceptedEvent(two.organizationId, []), {
        endpointsVersion: 9,
        idempotency: idempotencyRow(),
      });
      expect(await writer.accept(alone)).toEqual(CHANGED);
      expect([await count(hot, 'events'), await count(hot, 'idempotency')]).toEqual([3, 0]);
    }));

  it('stores one of two events with one id that two nodes take in at once, and finds the other a duplicate or a clash', () =>
    withHot(async (hot) => {
      const [one, two] = [await hot.node(), await hot.node()];
      const { organizationId, endpoints } = await hot.populate(1);
      const [endpointId = newId('ep')] = endpoints;
      for (let round = 0; round < 12; round += 1) {
        const isClash = round % 3 === 0;
        const ids = Array.from({ length: 6 }, (_, index) => `r${round}-${index}`);
        const units = [ids, ids.toReversed()].map((list, node) =>
          list.map((id) =>
            unitOf(
              acceptedEvent(organizationId, [leased(endpointId)], {
                event: { id },
                fingerprint: isClash ? `node ${node}` : 'same',
              }),
            ),
          ),
        );
        const results = await Promise.all(
          [one, two].map(({ writer }, node) => Promise.all(units[node]?.map((unit) => writer.accept(unit)) ?? [])),
        );
        for (const id of ids) {
          const found = results.map(
            (list, node) => list[units[node]?.findIndex((unit) => unit.events[0]?.event.id === id) ?? 0],
          );
          const stored = found.filter((result) => result?.kind === 'accepted' && result.outcomes[0]?.kind === 'stored');
          expect(stored).toHaveLength(1);
          const key = await hot.value(`SELECT event::text FROM event_ids WHERE id = $1`, [id]);
          const other = found.find((result) => result !== stored[0]);
          if (isClash) expect(other).toEqual({ kind: 'event_id_conflict', index: 0 });
          else expect(other).toMatchObject({ outcomes: [{ kind: 'duplicate', createdAt: START }] });
          expect(await hot.value('SELECT count(*)::integer FROM events WHERE key = $1 AND id = $2', [key, id])).toBe(1);
        }
        expect(await count(hot, 'events')).toBe((round + 1) * ids.length);
        expect(await count(hot, 'queue')).toBe((round + 1) * ids.length);
      }
    }));

  it('stores the request of one of two nodes', () =>
    withHot(async (hot) => {
      const nodes = [await hot.node(), await hot.node(), await hot.node()];
      const { organizationId } = await hot.populate(0);
      for (let round = 0; round < 8; round += 1) {
        const idempotency = idempotencyRow({ key: `k${round}` });
        const results = await Promise.all(
          nodes.map(({ writer }) => writer.accept({ events: [acceptedEvent(organizationId, [])], idempotency })),
        );
        expect(results.map(({ kind }) => kind).toSorted()).toEqual([
          'accepted',
          'idempotency_conflict',
          'idempotency_conflict',
        ]);
      }
      expect([await count(hot, 'events'), await count(hot, 'idempotency')]).toEqual([8, 8]);
    }));

  it('finds a duplicate in a unit that waits behind the one with its id, in the same turn', () =>
    withHot(async (hot) => {
      const { writer } = await hot.node();
      const { organizationId } = await hot.populate(0);
      const event = (fingerprint: string) =>
        unitOf(acceptedEvent(organizationId, [], { event: { id: 'mine' }, fingerprint }));
      const results = await Promise.all(['a', 'a', 'b', 'a'].map((fingerprint) => writer.accept(event(fingerprint))));
      expect(results.map((result) => (result.kind === 'accepted' ? result.outcomes[0]?.kind : result.kind))).toEqual([
        'stored',
        'duplicate',
        'event_id_conflict',
        'duplicate',
      ]);
    }));

  it('lets ids and requests that have expired be used again, by one of two nodes', () =>
    withHot(async (hot) => {
      const nodes = [await hot.node(), await hot.node()];
      const { organizationId } = await hot.populate(0);
      const [first] = nodes;
      const idempotency = idempotencyRow({ expiresAt: START + HOUR });
      const early = acceptedEvent(organizationId, [], { event: { id: 'x' }, fingerprint: 'a' });
      await first?.writer.accept({ events: [early], idempotency });
      const later = START + 7 * DAY;
      const results = await Promise.all(
        nodes.map(({ writer }) => {
          const event = acceptedEvent(organizationId, [], { event: { id: 'x', createdAt: later }, fingerprint: 'b' });
          return writer.accept({
            events: [event],
            idempotency: { ...idempotency, createdAt: later, expiresAt: later + 1 },
          });
        }),
      );
      expect(results.map(({ kind }) => kind).toSorted()).toEqual(['accepted', 'idempotency_conflict']);
      expect(await count(hot, 'event_ids')).toBe(1);
    }));

  it('keeps several events of one unit that have one id, and finds the last by it', () =>
    withHot(async (hot) => {
      const { writer } = await hot.node();
      const { organizationId } = await hot.populate(0);
      const events = ['a', 'b', 'b'].map((fingerprint) =>
        acceptedEvent(organizationId, [], { event: { id: 'x' }, fingerprint }),
      );
      const result = await writer.accept({ events, idempotency: null });
      expect(result).toEqual({ kind: 'accepted', outcomes: events.map(() => ({ kind: 'stored' })) });
      expect(await count(hot, 'events')).toBe(3);
      expect(await hot.value("SELECT fingerprint FROM event_ids WHERE id = 'x'")).toBe('b');
    }));

  it('makes the day that is missing, and stores nothing of a time that no day is made for', () =>
    withHot(async (hot) => {
      const { writer } = await hot.node();
      const { organizationId } = await hot.populate(0);
      const old = acceptedEvent(organizationId, [], { event: { key: 'evt_01g00000000000000000000000' } });
      const never = acceptedEvent(organizationId, [], { event: { key: 'evt_7zzzzzzzzzzzzzzzzzzzzzzzzz' } });
      const fine = acceptedEvent(organizationId, []);
      const results = await Promise.allSettled([old, never, fine].map((event) => writer.accept(unitOf(event))));
      expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
      expect(await count(hot, 'events')).toBe(2);
    }));

  it('rejects units alone that can never be stored, whatever is wrong with them', () =>
    withHot(async (hot) => {
      const { writer } = await hot.node();
      const { organizationId, endpoints } = await hot.populate(1);
      const [endpointId = newId('ep')] = endpoints;
      const good = () => acceptedEvent(organizationId, [leased(endpointId)]);
      const bad = [
        acceptedEvent(organizationId, [], { event: { type: 'a\0b' } }),
        acceptedEvent(organizationId, [leased(newId('ep'))]),
        acceptedEvent(newId('org'), []),
        acceptedEvent(organizationId, [], { event: { key: 'evt_nonsense' } }),
        acceptedEvent(organizationId, [], { event: { createdAt: 0.5 } }),
        acceptedEvent(organizationId, [], { event: { id: randomBytes(9_000).toString('hex') }, fingerprint: 'f' }),
      ];
      const twice = good();
      const events = [good(), ...bad, good(), twice, twice];
      const results = await Promise.allSettled(events.map((event) => writer.accept(unitOf(event))));
      const expected = ['fulfilled', ...bad.map(() => 'rejected'), 'fulfilled'];
      expect(results.slice(0, -2).map(({ status }) => status)).toEqual(expected);
      // One event cannot be stored twice: which of them it is does not matter.
      expect(
        results
          .slice(-2)
          .map(({ status }) => status)
          .toSorted(),
      ).toEqual(['fulfilled', 'rejected']);
      for (const result of results) {
        if (result.status === 'rejected') expect(result.reason).not.toMatchObject({ name: 'StoreUnavailable' });
      }
      expect([await count(hot, 'events'), await count(hot, 'queue')]).toEqual([3, 3]);
    }));

  it('is tried again after a deadlock', () =>
    withHot(async (hot) => {
      const { writer, failures } = await hot.node();
      const { organizationId, endpoints } = await hot.populate(2);
      const [first = newId('ep'), second = newId('ep')] = endpoints;
      await writer.accept(unitOf(acceptedEvent(organizationId, [waiting(first), waiting(second)])));
      const other = await hot.connect();
      const lock =
        'UPDATE due_endpoints SET due_at = due_at WHERE endpoint = (SELECT number FROM endpoints WHERE id = $1)';
      await other.query('BEGIN');
      // This session waits longer before it looks for a deadlock, so that the batch is the one that finds it.
      await other.query("SET LOCAL deadlock_timeout = '1min'");
      await other.query(lock, [second]);
      const accepted = writer.accept(unitOf(acceptedEvent(organizationId, [waiting(first), waiting(second)])));
      await untilBlocked(hot);
      const crossing = other.query(lock, [first]);
      await crossing;
      await other.query('COMMIT');
      expect(await accepted).toEqual(STORED);
      expect(await count(hot, 'queue')).toBe(4);
      // Others in the way are no trouble of the store's.
      expect(failures).toEqual([]);
    }));

  it('says that there is due work once an endpoint has some that nobody answers for', () =>
    withHot(async (hot) => {
      const { writer, due } = await hot.node();
      const { organizationId, endpoints } = await hot.populate(1);
      const [endpointId = newId('ep')] = endpoints;
      const accept = async () => await writer.accept(unitOf(acceptedEvent(organizationId, [waiting(endpointId)])));
      await writer.accept(unitOf(acceptedEvent(organizationId, [leased(endpointId)])));
      expect(due).toHaveLength(0);
      await accept();
      expect(due).toHaveLength(1);
      await accept();
      expect(due).toHaveLength(1);
      await writer.takeDue({ now: START, itemsMax: 1 });
      await accept();
      expect(due).toHaveLength(2);
    }));

  it('works behind a pooler, which knows no names of statements', () =>
    withHot(async (hot) => {
      const { writer } = await hot.node({ pooler: 'transaction' });
      const { organizationId, endpoints } = await hot.populate(1);
      const delivery = waiting(endpoints[0] ?? newId('ep'));
      expect(await writer.accept(unitOf(acceptedEvent(organizationId, [delivery])))).toEqual(STORED);
      expect((await writer.takeDue({ now: START, itemsMax: 9 })).endpointIds).toEqual(endpoints);
    }));
});
