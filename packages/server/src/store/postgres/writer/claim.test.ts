import { describe, expect, it } from 'vitest';
import { uuidOf } from '../../../domain/ids.ts';
import { acceptedEvent, failed, leased, newId, START, succeeded, waiting } from '../../contract/fixtures.ts';
import type { AcceptedDelivery, Claimed } from '../../port.ts';
import { type Hot, type HotNode, untilBlocked, withHot } from '../testing/hot.ts';

const DUE = { now: START, itemsMax: 10 };
const RETRY = { kind: 'retry', dueAt: START + 60 } as const;

/** Nodes, and so many deliveries of one endpoint that wait. */
async function prepare(hot: Hot, nodeCount: number, waitingCount: number) {
  const nodes: HotNode[] = [];
  for (let index = 0; index < nodeCount; index += 1) nodes.push(await hot.node());
  const { organizationId, endpoints } = await hot.populate(1);
  const [endpointId = newId('ep')] = endpoints;
  const [node, other = node] = nodes;
  if (node === undefined || other === undefined) throw new Error('a node');
  const accept = async (deliveries: readonly AcceptedDelivery[]) =>
    await node.writer.accept({ events: [acceptedEvent(organizationId, deliveries)], idempotency: null });
  if (waitingCount > 0) await accept(Array.from({ length: waitingCount }, () => waiting(endpointId)));
  const claim = async ({ writer, incarnation }: HotNode, itemsMax = 100): Promise<Claimed> =>
    await writer.claim({ incarnation, endpointId, now: START, itemsMax, bytesMax: 1_000_000 });
  const status = async (to: string): Promise<void> =>
    void (await hot.sql.query('UPDATE endpoints SET status = $1, status_at = 1 WHERE id = $2', [to, endpointId]));
  return { nodes, node, other, organizationId, endpointId, accept, claim, status };
}

async function dueRows(hot: Hot) {
  const { rows } = await hot.sql.query({
    text: 'SELECT due_at::double precision, taken_by FROM due_endpoints ORDER BY endpoint',
    rowMode: 'array',
  });
  return rows;
}

describe('claiming on PostgreSQL', () => {
  it('never gives one delivery to two nodes, and leaves none behind', () =>
    withHot(async (hot) => {
      const { nodes, claim } = await prepare(hot, 3, 300);
      const claimed = await Promise.all(
        nodes.map(async (node) => {
          const ids: string[] = [];
          for (;;) {
            const { deliveries, nextDueAt } = await claim(node, 7);
            ids.push(...deliveries.map(({ id }) => id));
            if (nextDueAt === null) return ids;
          }
        }),
      );
      const all = claimed.flat();
      expect([all.length, new Set(all).size]).toEqual([300, 300]);
      for (const [index, ids] of claimed.entries()) {
        const mine = 'SELECT count(*)::integer FROM queue WHERE lease = $1';
        expect(await hot.value(mine, [nodes[index]?.incarnation])).toBe(ids.length);
      }
      expect(await dueRows(hot)).toEqual([]);
    }));

  it('never names one endpoint to two nodes', () =>
    withHot(async (hot) => {
      const nodes = [await hot.node(), await hot.node(), await hot.node()];
      const { organizationId, endpoints } = await hot.populate(60);
      const deliveries = endpoints.map((endpointId) => waiting(endpointId));
      await nodes[0]?.writer.accept({ events: [acceptedEvent(organizationId, deliveries)], idempotency: null });
      const named: string[] = [];
      await Promise.all(
        nodes.map(async ({ writer }) => {
          for (let more = true; more; ) {
            const { endpointIds, nextDueAt } = await writer.takeDue({ now: START, itemsMax: 4 });
            named.push(...endpointIds);
            more = nextDueAt !== null;
          }
        }),
      );
      expect(named.toSorted()).toEqual([...endpoints].toSorted());
    }));

  it('passes over rows that another session holds, and says that there are more', () =>
    withHot(async (hot) => {
      const { node, claim } = await prepare(hot, 1, 3);
      const session = await hot.connect();
      await session.query('BEGIN');
      const { rows } = await session.query(
        'SELECT delivery::text FROM queue ORDER BY due_at, delivery LIMIT 2 FOR UPDATE',
      );
      const first = await claim(node);
      expect(first.deliveries.map(({ id }) => uuidOf(id))).not.toContain(rows[0]?.delivery);
      expect([first.deliveries.length, first.nextDueAt]).toEqual([1, START]);
      const second = await claim(node);
      expect([second.deliveries.length, second.nextDueAt]).toEqual([0, START]);
      // Nobody was given any: whoever comes by finds the endpoint.
      expect(await dueRows(hot)).toEqual([[START, null]]);
      await session.query('COMMIT');
      const third = await claim(node);
      expect([third.deliveries.length, third.nextDueAt]).toEqual([2, null]);
    }));

  it('keeps the endpoint of a node that was given some and left others, so that its end is noticed', () =>
    withHot(async (hot) => {
      const { node, claim } = await prepare(hot, 1, 3);
      await node.writer.takeDue(DUE);
      expect(await dueRows(hot)).toEqual([[START, node.incarnation]]);
      expect((await claim(node, 2)).nextDueAt).toBe(START);
      expect(await dueRows(hot)).toEqual([[START, node.incarnation]]);
      expect((await node.writer.takeDue(DUE)).endpointIds).toEqual([]);
      await hot.sql.query('DELETE FROM due_endpoints');
      // Also where the endpoint stood in no row.
      expect((await claim(node, 0)).nextDueAt).toBe(START);
      expect(await dueRows(hot)).toEqual([[START, null]]);
    }));

  it('does not lose what comes to wait between its look and its end', () =>
    withHot(async (hot) => {
      const { node, other, claim, accept, endpointId, organizationId } = await prepare(hot, 2, 1);
      await node.writer.takeDue(DUE);
      // Another session stands in the way of the row of the index, so that the claim has looked and waits.
      const session = await hot.connect();
      await session.query('BEGIN');
      await session.query('UPDATE due_endpoints SET due_at = due_at');
      const claimed = claim(node);
      await untilBlocked(hot);
      // What the other node accepts is put into the row by this session, as its statement would do it.
      const late = waiting(endpointId);
      await session.query('UPDATE due_endpoints SET revision = revision + 1, taken_by = NULL');
      const numbers = `SELECT number, organization FROM endpoints WHERE id = '${endpointId}'`;
      await session.query(`INSERT INTO deliveries (id, event, organization, endpoint, created_at)
        SELECT '${uuidOf(late.id)}', event, organization, endpoint, created_at FROM deliveries`);
      await session.query(`INSERT INTO queue (delivery, event, organization, endpoint, due_at)
        SELECT d.id, d.event, e.organization, e.number, d.created_at FROM deliveries d, (${numbers}) e
        WHERE d.id = '${uuidOf(late.id)}'`);
      await session.query('COMMIT');
      const first = await claimed;
      expect(first.deliveries).toHaveLength(1);
      // It cannot have seen the other one, and must not believe that there is none.
      expect(first.nextDueAt).toBe(START);
      expect(await dueRows(hot)).toEqual([[START, null]]);
      expect((await other.writer.takeDue(DUE)).endpointIds).toEqual([endpointId]);
      const second = await claim(other);
      expect([second.deliveries.map(({ id }) => id), second.nextDueAt]).toEqual([[late.id], null]);
      expect(await dueRows(hot)).toEqual([]);
      await accept([waiting(endpointId)]);
      expect(organizationId).toBeDefined();
      expect((await node.writer.takeDue(DUE)).endpointIds).toEqual([endpointId]);
    }));

  it('does not lose what comes to wait while it removes the row', () =>
    withHot(async (hot) => {
      const { node, other, claim, endpointId, organizationId } = await prepare(hot, 2, 0);
      for (let round = 0; round < 40; round += 1) {
        const mine = waiting(endpointId);
        const accept = async () =>
          await other.writer.accept({ events: [acceptedEvent(organizationId, [mine])], idempotency: null });
        const [claimed] = await Promise.all([claim(node), accept()]);
        if (claimed.deliveries.length === 1) continue;
        // Whichever came first: it was told, or stands in the index.
        const again = claimed.nextDueAt !== null || (await node.writer.takeDue(DUE)).endpointIds.length === 1;
        expect(again).toBe(true);
        expect((await claim(node)).deliveries.map(({ id }) => id)).toEqual([mine.id]);
      }
      expect(await hot.value('SELECT count(*)::integer FROM queue WHERE lease IS NULL')).toBe(0);
    }));

  it('does not lose an endpoint that is resumed while a node finds it suspended', () =>
    withHot(async (hot) => {
      const { node, endpointId, claim, status } = await prepare(hot, 1, 1);
      await status('suspended');
      const resumed = await hot.connect();
      await resumed.query('BEGIN');
      await resumed.query(`UPDATE endpoints SET status = 'active' WHERE id = '${endpointId}'`);
      await resumed.query('UPDATE due_endpoints SET revision = revision + 1, taken_by = NULL');
      // It looked before the resumption, and reaches the row after it.
      const claimed = claim(node);
      await untilBlocked(hot);
      await resumed.query('COMMIT');
      expect((await claimed).deliveries).toEqual([]);
      expect(await dueRows(hot)).toEqual([[START, null]]);
      expect((await node.writer.takeDue(DUE)).endpointIds).toEqual([endpointId]);
    }));

  it('does not lose an endpoint that is resumed while a node drops it from the index', () =>
    withHot(async (hot) => {
      const { node, other, endpointId, status } = await prepare(hot, 2, 1);
      await status('suspended');
      // The statement that drops it has looked, and waits before it touches the row.
      await hot.sql.query(`CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN PERFORM pg_advisory_xact_lock(1); RETURN NULL; END $$`);
      await hot.sql.query('CREATE TRIGGER wait BEFORE DELETE ON due_endpoints EXECUTE FUNCTION wait()');
      const resumed = await hot.connect();
      await resumed.query('BEGIN');
      await resumed.query('SELECT pg_advisory_xact_lock(1)');
      const taken = node.writer.takeDue(DUE);
      await untilBlocked(hot);
      await resumed.query(`UPDATE endpoints SET status = 'active' WHERE id = '${endpointId}'`);
      await resumed.query('UPDATE due_endpoints SET revision = revision + 1, taken_by = NULL');
      await resumed.query('COMMIT');
      expect((await taken).endpointIds).toEqual([]);
      expect((await other.writer.takeDue(DUE)).endpointIds).toEqual([endpointId]);
    }));

  it('does not lose an endpoint that is resumed while a node takes it with others out of the index', () =>
    withHot(async (hot) => {
      const [node, other] = [await hot.node(), await hot.node()];
      const { organizationId, endpoints } = await hot.populate(2);
      const [first = newId('ep'), second = newId('ep')] = endpoints;
      await node.writer.accept({
        events: [acceptedEvent(organizationId, [waiting(first), waiting(second)])],
        idempotency: null,
      });
      const number = `(SELECT number FROM endpoints WHERE id = '${second}')`;
      await hot.sql.query(`UPDATE due_endpoints SET due_at = due_at - 1 WHERE endpoint <> ${number}`);
      await hot.sql.query(`UPDATE endpoints SET status = 'suspended', status_at = 1 WHERE id = '${second}'`);
      // The statement has looked, and waits at the first row before it holds the second.
      await hot.sql.query(`CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN PERFORM pg_advisory_xact_lock(1); RETURN NEW; END $$`);
      await hot.sql.query('CREATE TRIGGER wait BEFORE UPDATE ON due_endpoints FOR EACH ROW EXECUTE FUNCTION wait()');
      const resumed = await hot.connect();
      await resumed.query('BEGIN');
      await resumed.query('SELECT pg_advisory_xact_lock(1)');
      const taken = node.writer.takeDue(DUE);
      await untilBlocked(hot);
      await resumed.query(`UPDATE endpoints SET status = 'active' WHERE id = '${second}'`);
      await resumed.query(
        `UPDATE due_endpoints SET revision = revision + 1, taken_by = NULL WHERE endpoint = ${number}`,
      );
      await resumed.query('COMMIT');
      const mine = (await taken).endpointIds;
      const others = (await other.writer.takeDue(DUE)).endpointIds;
      expect([...mine, ...others]).toEqual([first, second]);
    }));

  it.each(['takes', 'claims from'])(
    'does not lose an endpoint whose resumption cannot be seen yet by who %s it',
    (what) =>
      withHot(async (hot) => {
        const { node, other, endpointId, accept, claim, status } = await prepare(hot, 2, 0);
        await status('suspended');
        const resumed = await hot.connect();
        await resumed.query('BEGIN');
        // It found nothing that waits, and is about to commit.
        await resumed.query(`UPDATE endpoints SET status = 'active' WHERE id = '${endpointId}'`);
        await accept([waiting(endpointId)]);
        if (what === 'takes') expect((await node.writer.takeDue(DUE)).endpointIds).toEqual([]);
        else expect((await claim(node)).deliveries).toEqual([]);
        await resumed.query('COMMIT');
        expect((await other.writer.takeDue(DUE)).endpointIds).toEqual([endpointId]);
      }),
  );

  it('keeps an endpoint that a node answers for when a delivery comes to wait for later, and gives it to all when one is due', () =>
    withHot(async (hot) => {
      const { node, other, accept, claim, endpointId } = await prepare(hot, 2, 2);
      await node.writer.takeDue(DUE);
      const sent = leased(endpointId);
      await accept([sent]);
      const unit = { incarnation: node.incarnation, outcomes: [failed(sent, RETRY)], health: [] };
      await node.writer.record(unit);
      expect(await dueRows(hot)).toEqual([[START, node.incarnation]]);
      expect((await other.writer.takeDue(DUE)).endpointIds).toEqual([]);
      expect((await claim(node)).nextDueAt).toBe(START + 60);
      expect(await dueRows(hot)).toEqual([[START + 60, null]]);
      await accept([waiting(endpointId)]);
      expect((await other.writer.takeDue(DUE)).endpointIds).toEqual([endpointId]);
    }));

  it('removes the rows of endpoints that are not active, and has archived ones drained', () =>
    withHot(async (hot) => {
      const { node, endpointId, claim, status } = await prepare(hot, 1, 1);
      await status('archived');
      expect(await node.writer.takeDue(DUE)).toEqual({ endpointIds: [], nextDueAt: null });
      const draining = async () => await hot.value('SELECT draining FROM endpoints WHERE id = $1', [endpointId]);
      expect([await dueRows(hot), await draining()]).toEqual([[], true]);
      await hot.sql.query('UPDATE endpoints SET draining = false');
      expect(await claim(node)).toEqual({ deliveries: [], nextDueAt: null });
      expect(await draining()).toBe(true);
    }));

  it('ends deliveries whose event is gone, and brings the others', () =>
    withHot(async (hot) => {
      const { node, accept, claim, endpointId } = await prepare(hot, 1, 0);
      const lists = [1, 2, 3].map(() => [waiting(endpointId), waiting(endpointId)]);
      for (const list of lists) await accept(list);
      const [gone = []] = lists;
      await hot.sql.query(
        `DELETE FROM events WHERE key = (SELECT event FROM deliveries WHERE id = '${uuidOf(gone[0]?.id ?? '')}')`,
      );
      const claimed = await claim(node);
      expect(claimed.deliveries.map(({ id }) => id).toSorted()).toEqual(
        lists
          .slice(1)
          .flat()
          .map(({ id }) => id)
          .toSorted(),
      );
      // Some were in the way: the next claim finds nothing any more.
      expect(claimed.nextDueAt).toBe(START);
      expect(await claim(node)).toEqual({ deliveries: [], nextDueAt: null });
      const { rows } = await hot.sql.query(`SELECT d.status, d.death_reason, f.status AS failed
        FROM failed_deliveries f JOIN deliveries d ON d.id = f.delivery`);
      expect(rows).toEqual(gone.map(() => ({ status: 'dead', death_reason: 'payload_missing', failed: 'dead' })));
      expect(await hot.value('SELECT count(*)::integer FROM queue')).toBe(4);
    }));

  it('takes claims of many endpoints in one statement', () =>
    withHot(async (hot) => {
      const { writer, incarnation, db } = await hot.node();
      const { organizationId, endpoints } = await hot.populate(12);
      const deliveries = endpoints.flatMap((id) => [waiting(id), waiting(id), waiting(id)]);
      await writer.accept({ events: [acceptedEvent(organizationId, deliveries)], idempotency: null });
      const before = db.statements;
      const claims = await Promise.all(
        endpoints.map((endpointId, index) =>
          writer.claim({ incarnation, endpointId, now: START, itemsMax: index % 4, bytesMax: 1_000_000 }),
        ),
      );
      expect(db.statements - before).toBe(1);
      for (const [index, { deliveries: found, nextDueAt }] of claims.entries()) {
        expect(found.map(({ endpointId }) => endpointId)).toEqual(
          Array.from({ length: index % 4 }, () => endpoints[index]),
        );
        expect(nextDueAt).toBe(index % 4 === 3 ? null : START);
      }
      const ids = claims.flatMap(({ deliveries: found }) => found.map(({ id }) => id));
      expect(new Set(ids).size).toBe(18);
      const outcomes = claims.flatMap(({ deliveries: found }) =>
        found.map(({ id, endpointId }) => succeeded({ id, endpointId, leased: true })),
      );
      expect(await writer.record({ incarnation, outcomes, health: [] })).toEqual({ lostLeases: 0 });
    }));

  it('gives a released delivery to whoever comes first, unless it is not the node’s any more', () =>
    withHot(async (hot) => {
      const { node, other, accept, claim, endpointId } = await prepare(hot, 2, 0);
      const mine = leased(endpointId);
      await accept([mine]);
      const release = { endpointId, deliveryIds: [mine.id], dueAt: START };
      await other.writer.release({ ...release, incarnation: other.incarnation });
      expect((await claim(other)).deliveries).toEqual([]);
      await node.writer.release({ ...release, incarnation: node.incarnation });
      expect((await other.writer.takeDue(DUE)).endpointIds).toEqual([endpointId]);
      expect((await claim(other)).deliveries.map(({ id }) => id)).toEqual([mine.id]);
      await node.writer.release({ ...release, incarnation: node.incarnation });
      expect(await hot.value('SELECT lease FROM queue')).toBe(other.incarnation);
    }));
});
