import { describe, expect, it } from 'vitest';
import { uuidOf } from '../../../domain/ids.ts';
import { acceptedEvent, failed, leased, newId, START, succeeded, waiting } from '../../contract/fixtures.ts';
import type { AcceptedDelivery, HealthChange, Outcome, RecordUnit } from '../../port.ts';
import { type Hot, type HotNode, withHot } from '../testing/hot.ts';

const NONE_LOST = { lostLeases: 0 };

/** A node with deliveries leased to it, all of one endpoint. */
async function prepare(hot: Hot, deliveryCount: number) {
  const node = await hot.node();
  const { organizationId, endpoints } = await hot.populate(2);
  const [endpointId = newId('ep')] = endpoints;
  const deliveries = Array.from({ length: deliveryCount }, () => leased(endpointId));
  const event = acceptedEvent(organizationId, deliveries);
  await node.writer.accept({ events: [event], idempotency: null });
  const [one, two] = deliveries;
  if (one === undefined || two === undefined) throw new Error('two deliveries');
  return { node, organizationId, endpointId, endpoints, event, one, two };
}

function unitOf({ incarnation }: Pick<HotNode, 'incarnation'>, ...outcomes: readonly Outcome[]): RecordUnit {
  return { incarnation, outcomes, health: [] };
}

async function shown(hot: Hot, { id }: AcceptedDelivery) {
  const { rows } = await hot.sql.query({
    text: `SELECT d.status, d.attempt_count,
        (SELECT count(*)::integer FROM attempts a WHERE a.delivery = d.id),
        (SELECT CASE WHEN q.lease IS NULL THEN 'waits' ELSE 'leased' END FROM queue q WHERE q.delivery = d.id)
      FROM deliveries d WHERE d.id = $1::uuid`,
    values: [uuidOf(id)],
    rowMode: 'array',
  });
  return rows[0];
}

const RETRY = { kind: 'retry', dueAt: START + 9 } as const;
const DEAD = { kind: 'dead', at: START, reason: 'retries_exhausted' } as const;

describe('recording on PostgreSQL', () => {
  it('takes an attempt that changed nothing and the one that decided in one unit', () =>
    withHot(async (hot) => {
      const { node, one } = await prepare(hot, 2);
      const unit = unitOf(node, failed(one, { kind: 'unchanged' }), succeeded(one, { number: 2 }));
      expect(await node.writer.record(unit)).toEqual(NONE_LOST);
      expect(await shown(hot, one)).toEqual(['succeeded', 2, 2, null]);
    }));

  it('applies units that decide about one delivery one after the other', () =>
    withHot(async (hot) => {
      const { node, one, two } = await prepare(hot, 2);
      const other = { incarnation: node.incarnation + 1 };
      const results = await Promise.all([
        // Of a node that had lost its lease: not for it to decide, though it comes first.
        node.writer.record(unitOf(other, failed(one, RETRY))),
        node.writer.record(unitOf(node, failed(one, DEAD, { number: 2 }), failed(two, RETRY))),
        node.writer.record(unitOf(node, succeeded(two, { number: 2 }))),
      ]);
      expect(results).toEqual([{ lostLeases: 1 }, NONE_LOST, NONE_LOST]);
      expect(await shown(hot, one)).toEqual(['dead', 2, 2, null]);
      expect(await shown(hot, two)).toEqual(['succeeded', 2, 2, null]);
    }));

  it('lets the first of several decisions of one unit count, or the success among them', () =>
    withHot(async (hot) => {
      const { node, one, two } = await prepare(hot, 2);
      const unit = unitOf(
        node,
        failed(one, RETRY),
        failed(one, DEAD),
        failed(two, RETRY),
        succeeded(two, { number: 2 }),
      );
      expect(await node.writer.record(unit)).toEqual({ lostLeases: 2 });
      expect(await shown(hot, one)).toEqual(['retrying', 1, 2, 'waits']);
      expect(await shown(hot, two)).toEqual(['succeeded', 2, 2, null]);
    }));

  it('forgets the attempt of a delivery that retention took, and counts it as lost', () =>
    withHot(async (hot) => {
      const { node, one, two, endpointId } = await prepare(hot, 2);
      await hot.sql.query(`DELETE FROM deliveries WHERE id = '${uuidOf(one.id)}'`);
      await hot.sql.query(`DELETE FROM queue WHERE delivery = '${uuidOf(one.id)}'`);
      const never = leased(endpointId);
      const unit = unitOf(node, succeeded(one), succeeded(never), failed(never, { kind: 'unchanged' }), succeeded(two));
      expect(await node.writer.record(unit)).toEqual({ lostLeases: 2 });
      expect(await hot.value('SELECT count(*)::integer FROM attempts')).toBe(1);
    }));

  it('tells each unit of a batch what it lost itself', () =>
    withHot(async (hot) => {
      const { node, one, two } = await prepare(hot, 2);
      const other = { incarnation: node.incarnation + 1 };
      const results = await Promise.all([
        node.writer.record(unitOf(other, failed(one, DEAD), failed(one, { kind: 'unchanged' }))),
        node.writer.record(unitOf(node)),
        node.writer.record(unitOf(node, failed(two, DEAD))),
      ]);
      expect(results).toEqual([{ lostLeases: 1 }, NONE_LOST, NONE_LOST]);
      expect(await shown(hot, one)).toEqual(['pending', 0, 2, 'leased']);
    }));

  it('adds up the health of an endpoint over units of one batch as if each came alone', () =>
    withHot(async (hot) => {
      const { node, endpointId, endpoints } = await prepare(hot, 2);
      const other = endpoints[1] ?? newId('ep');
      const NOTHING = { successAt: null, failureAt: null, failures: 0, firstFailureAt: null };
      const changes: Omit<HealthChange, 'endpointId'>[] = [
        { ...NOTHING, failures: 3, firstFailureAt: START + 1, failureAt: START + 3 },
        { ...NOTHING, successAt: START + 4 },
        { ...NOTHING, failures: 2, firstFailureAt: START + 5, failureAt: START + 6 },
        { ...NOTHING, failures: 1, firstFailureAt: START + 7, failureAt: START + 7 },
        { successAt: START + 8, failures: 1, firstFailureAt: START + 9, failureAt: START + 9 },
        { ...NOTHING, failures: 1, firstFailureAt: START + 10, failureAt: START + 10 },
      ];
      for (let end = 1; end <= changes.length; end += 1) {
        const units = changes.slice(0, end);
        const record = async (endpoint: typeof endpointId, change: Omit<HealthChange, 'endpointId'>) =>
          await node.writer.record({ ...unitOf(node), health: [{ ...change, endpointId: endpoint }] });
        await hot.sql.query('DELETE FROM endpoint_health');
        await Promise.all(units.map((change) => record(endpointId, change)));
        for (const change of units) await record(other, change);
        const { rows } = await hot.sql.query({
          text: `SELECT consecutive_failures, failing_since, last_success_at, last_failure_at
            FROM endpoint_health h JOIN endpoints e ON e.number = h.endpoint ORDER BY e.id = $1`,
          values: [endpointId],
          rowMode: 'array',
        });
        expect(rows).toHaveLength(2);
        expect(rows[0]).toEqual(rows[1]);
      }
    }));

  it('never lets two nodes end one delivery', () =>
    withHot(async (hot) => {
      const { node, organizationId, endpointId } = await prepare(hot, 2);
      const other = await hot.node();
      for (let round = 0; round < 10; round += 1) {
        const deliveries = Array.from({ length: 8 }, () => leased(endpointId));
        await node.writer.accept({ events: [acceptedEvent(organizationId, deliveries)], idempotency: null });
        const results = await Promise.all([
          node.writer.record(unitOf(node, ...deliveries.map((each) => failed(each, DEAD)))),
          // Late successes, in the other order.
          other.writer.record(unitOf(other, ...deliveries.toReversed().map((each) => succeeded(each)))),
        ]);
        const lost = results.map(({ lostLeases }) => lostLeases);
        expect((lost[0] ?? 0) + (lost[1] ?? 0)).toBe(deliveries.length);
        const ids = deliveries.map(({ id }) => uuidOf(id));
        const dead = 'SELECT count(*)::integer FROM deliveries WHERE id = ANY ($1::uuid[]) AND status = $2';
        expect([await hot.value(dead, [ids, 'dead']), await hot.value(dead, [ids, 'succeeded'])]).toEqual(
          lost.toReversed(),
        );
        expect(await hot.value('SELECT count(*)::integer FROM attempts WHERE delivery = ANY ($1::uuid[])', [ids])).toBe(
          16,
        );
        const failures = 'SELECT count(*)::integer FROM failed_deliveries WHERE delivery = ANY ($1::uuid[])';
        expect(await hot.value(failures, [ids])).toBe(lost[1]);
      }
    }));

  it('stores what receivers said, NUL and all', () =>
    withHot(async (hot) => {
      const { node, one, two } = await prepare(hot, 2);
      const unit = unitOf(
        node,
        failed(one, RETRY, {
          errorDetail: 'a\0b',
          responseHeaders: [['x', 'a\0b']],
          responseExcerpt: new Uint8Array([0, 1, 0]),
        }),
        failed(two, RETRY, { errorDetail: '\ud800' }),
      );
      expect(await node.writer.record(unit)).toEqual(NONE_LOST);
      const { rows } = await hot.sql.query({
        text: 'SELECT error_detail, response_headers, response_excerpt FROM attempts ORDER BY id',
        rowMode: 'array',
      });
      expect(rows).toEqual([
        ['a\ufffdb', '[["x","a\\u0000b"]]', Buffer.from([0, 1, 0])],
        ['\ufffd', null, null],
      ]);
    }));

  it('rejects a unit alone that can never be stored', () =>
    withHot(async (hot) => {
      const { node, one, two } = await prepare(hot, 2);
      const results = await Promise.allSettled([
        node.writer.record(unitOf(node, succeeded(one))),
        node.writer.record(unitOf(node, succeeded(two, { number: 2 ** 40 }))),
        node.writer.record(unitOf(node, succeeded(two, { keyIds: 'a\0b' }))),
        node.writer.record(unitOf(node, succeeded(waiting(newId('ep'))))),
      ]);
      expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected', 'rejected']);
      expect(await shown(hot, one)).toEqual(['succeeded', 1, 1, null]);
      expect(await shown(hot, two)).toEqual(['pending', 0, 0, 'leased']);
    }));

  it('rewrites the rows of deliveries in place', () =>
    withHot(async (hot) => {
      const { node, organizationId, endpointId } = await prepare(hot, 2);
      const deliveries = Array.from({ length: 30 }, () => leased(endpointId));
      for (const each of deliveries) {
        await node.writer.accept({ events: [acceptedEvent(organizationId, [each])], idempotency: null });
        await node.writer.record(unitOf(node, succeeded(each)));
      }
      const updates = `SELECT sum(n_tup_upd)::integer FROM pg_stat_user_tables WHERE relname LIKE 'deliveries_%'`;
      while (Number(await hot.value(updates)) < deliveries.length) {
        // A session tells its figures at the end of a statement, once a second.
        await node.writer.takeDue({ now: START, itemsMax: 1 });
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      const moved = `SELECT sum(n_tup_upd - n_tup_hot_upd)::integer FROM pg_stat_user_tables
        WHERE relname LIKE 'deliveries_%'`;
      expect(await hot.value(moved)).toBe(0);
    }));
});
