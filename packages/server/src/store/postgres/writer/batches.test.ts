import { describe, expect, it } from 'vitest';
import { uuidOf } from '../../../domain/ids.ts';
import { acceptedEvent, failed, leased, newId, START, succeeded, waiting } from '../../contract/fixtures.ts';
import type { AcceptedDelivery, Outcome } from '../../port.ts';
import { OUTAGE_MS_MAX } from '../retry.ts';
import type { CutProxy } from '../testing/cut-proxy.ts';
import { type Hot, type HotNode, untilBlocked, withHot } from '../testing/hot.ts';

const STORED = { kind: 'accepted', outcomes: [{ kind: 'stored' }] };
const DUE = { now: START, itemsMax: 10 };
const CUTS = ['before', 'after'] as const;
const HEALTH = { successAt: null, failureAt: START, failures: 1, firstFailureAt: START };
const RETRY = { kind: 'retry', dueAt: START } as const;

/** A node whose connections go through something that cuts them. */
async function prepare(hot: Hot) {
  const proxy = await hot.proxy();
  const node = await hot.node({ url: proxy.url });
  const { organizationId, endpoints } = await hot.populate(1);
  const [endpointId = newId('ep')] = endpoints;
  const accept = async (...deliveries: readonly AcceptedDelivery[]) =>
    await node.writer.accept({ events: [acceptedEvent(organizationId, deliveries)], idempotency: null });
  const record = async (...outcomes: readonly Outcome[]) =>
    await node.writer.record({ incarnation: node.incarnation, outcomes, health: [{ ...HEALTH, endpointId }] });
  const claim = async (itemsMax = 10) =>
    await node.writer.claim({ incarnation: node.incarnation, endpointId, now: START, itemsMax, bytesMax: 1_000 });
  // Statements are prepared, so that what is cut later is one that runs.
  await accept(leased(endpointId));
  return { proxy, node, organizationId, endpointId, accept, record, claim };
}

/** Cuts the next statement of that name after it was answered, and lets nobody in until its caller was told. */
async function givenUp<T>(hot: Hot, proxy: CutProxy, name: string, work: () => Promise<T>): Promise<void> {
  proxy.cutNext(name, 'after, with all others');
  const passing = setInterval(() => {
    hot.clock.aheadMs += OUTAGE_MS_MAX / 4;
  }, 5);
  await expect(work()).rejects.toMatchObject({ reason: 'commit_failed' });
  clearInterval(passing);
}

const count = async (hot: Hot, table: string): Promise<number> =>
  Number(await hot.value(`SELECT count(*)::integer FROM ${table}`));
const lease = async (hot: Hot, { id }: { readonly id: string }) =>
  await hot.value('SELECT lease FROM queue WHERE delivery = $1::uuid', [uuidOf(id)]);

const RELEASING = `SELECT count(*)::integer FROM pg_stat_activity
  WHERE datname = current_database() AND application_name = 'hookring write' AND state = 'active'`;

describe('a batch whose answer is lost', () => {
  it.each(CUTS)('of events is stored once: cut %s it arrived', (cut) =>
    withHot(async (hot) => {
      const { proxy, node, endpointId, accept } = await prepare(hot);
      const mine = leased(endpointId);
      proxy.cutNext('accept', cut);
      expect(await accept(mine, waiting(endpointId))).toEqual(STORED);
      expect(proxy.cuts).toBe(1);
      expect([await count(hot, 'events'), await count(hot, 'deliveries'), await count(hot, 'queue')]).toEqual([
        2, 3, 3,
      ]);
      expect(await lease(hot, mine)).toBe(node.incarnation);
      expect((await node.writer.takeDue(DUE)).endpointIds).toEqual([endpointId]);
    }),
  );

  it.each(CUTS)('tells again which units had matched other endpoints: cut %s it arrived', (cut) =>
    withHot(async (hot) => {
      const { proxy, node, organizationId } = await prepare(hot);
      const unit = (endpointsVersion: number, id: string | null) => ({
        events: [acceptedEvent(organizationId, [], id === null ? {} : { event: { id }, fingerprint: 'f' })],
        idempotency: null,
        endpointsVersion,
      });
      await node.writer.accept(unit(0, 'x'));
      proxy.cutNext('accept_keyed', cut);
      const units = [unit(0, 'y'), unit(7, 'z'), unit(0, null), unit(7, null), unit(0, 'x')];
      const results = await Promise.all(units.map((each) => node.writer.accept(each)));
      expect(results.map((result) => (result.kind === 'accepted' ? result.outcomes[0]?.kind : result.kind))).toEqual([
        'stored',
        'endpoints_changed',
        'stored',
        'endpoints_changed',
        'duplicate',
      ]);
      expect([await count(hot, 'events'), await count(hot, 'event_ids')]).toEqual([4, 2]);
    }),
  );

  it.each(CUTS)('of results is recorded once, with the health: cut %s it arrived', (cut) =>
    withHot(async (hot) => {
      const { proxy, endpointId, accept, record } = await prepare(hot);
      const [good, bad, foreign] = [leased(endpointId), leased(endpointId), waiting(endpointId)];
      await accept(good, bad, foreign);
      await record();
      proxy.cutNext('record', cut);
      const DEAD = { kind: 'dead', at: START, reason: 'retries_exhausted' } as const;
      const outcomes = [succeeded(good), failed(bad, { kind: 'unchanged' }), failed(bad, RETRY), failed(foreign, DEAD)];
      expect(await record(...outcomes)).toEqual({ lostLeases: 1 });
      expect(proxy.cuts).toBe(1);
      expect(await count(hot, 'attempts')).toBe(4);
      expect(await hot.value('SELECT consecutive_failures::integer FROM endpoint_health')).toBe(2);
      expect(await lease(hot, bad)).toBe(null);
      expect(await lease(hot, good)).toBe(undefined);
    }),
  );

  it.each(CUTS)('of a claim brings what it leased, and nothing is leased that nobody has: cut %s it arrived', (cut) =>
    withHot(async (hot) => {
      const { proxy, node, endpointId, accept, claim } = await prepare(hot);
      await accept(waiting(endpointId), waiting(endpointId), waiting(endpointId));
      const [first] = (await claim(1)).deliveries;
      proxy.cutNext('claim', cut);
      const claimed = await claim();
      expect(proxy.cuts).toBe(1);
      expect(claimed.deliveries).toHaveLength(2);
      expect(claimed.deliveries[0]).toMatchObject({ eventType: 'order.created', dueAt: START, attemptCount: 0 });
      const mine = 'SELECT delivery::text FROM queue WHERE lease = $1 AND due_at = $2';
      const { rows } = await hot.sql.query({ text: mine, values: [node.incarnation, START], rowMode: 'array' });
      // One was leased before anything waited.
      expect(rows).toHaveLength(4);
      const told = [first, ...claimed.deliveries].map((each) => uuidOf(each?.id ?? ''));
      expect(rows.flat()).toEqual(expect.arrayContaining(told));
    }),
  );

  it.each(CUTS)('of endpoints names them all the same: cut %s it arrived', (cut) =>
    withHot(async (hot) => {
      const { proxy, node, endpointId, accept } = await prepare(hot);
      await node.writer.takeDue(DUE);
      await accept(waiting(endpointId));
      proxy.cutNext('take_due', cut);
      expect((await node.writer.takeDue(DUE)).endpointIds).toEqual([endpointId]);
      expect(proxy.cuts).toBe(1);
      expect(await hot.value('SELECT taken_by FROM due_endpoints')).toBe(node.incarnation);
    }),
  );

  it.each(CUTS)('of a release gives back once: cut %s it arrived', (cut) =>
    withHot(async (hot) => {
      const { proxy, node, endpointId, accept, claim } = await prepare(hot);
      const mine = leased(endpointId);
      await accept(mine);
      const unit = { incarnation: node.incarnation, endpointId, deliveryIds: [mine.id], dueAt: START };
      await node.writer.release(unit);
      expect((await claim()).deliveries).toHaveLength(1);
      proxy.cutNext('release', cut);
      await node.writer.release(unit);
      expect(await lease(hot, mine)).toBe(null);
      expect((await claim()).deliveries).toHaveLength(1);
    }),
  );

  it('stores nothing when it arrives after it was given up', () =>
    withHot(async (hot) => {
      const { proxy, endpointId, accept, record } = await prepare(hot);
      const mine = leased(endpointId);
      await accept(mine);
      // The statement waits for a row while its connection goes: the server does not notice until it has run on.
      const session = await hot.connect();
      await session.query('BEGIN');
      await session.query('SELECT 1 FROM queue WHERE delivery = $1::uuid FOR UPDATE', [uuidOf(mine.id)]);
      const recorded = record(succeeded(mine));
      await untilBlocked(hot);
      proxy.cutAll();
      // The second try waits for the same row, and the first has not ended.
      await untilBlocked(hot, 2);
      await session.query('COMMIT');
      expect(await recorded).toEqual({ lostLeases: 0 });
      expect(await count(hot, 'attempts')).toBe(1);
      expect(await hot.value('SELECT consecutive_failures::integer FROM endpoint_health')).toBe(1);
      expect(await hot.value("SELECT count(*)::integer FROM deliveries WHERE status = 'succeeded'")).toBe(1);
    }));

  it('is found where it was under way as its session was ended', () =>
    withHot(async (hot) => {
      const { node, endpointId, accept, record } = await prepare(hot);
      const deliveries = Array.from({ length: 20 }, () => leased(endpointId));
      const end = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE datname = current_database() AND application_name = 'hookring write'`;
      for (const [index, each] of deliveries.entries()) {
        const [accepted] = await Promise.all([
          accept(each),
          new Promise((resolve) => setTimeout(resolve, index % 7)).then(() => hot.sql.query(end)),
        ]);
        expect(accepted).toEqual(STORED);
      }
      expect(await record(...deliveries.map((each) => succeeded(each)))).toEqual({ lostLeases: 0 });
      expect(await count(hot, 'attempts')).toBe(deliveries.length);
      expect(await count(hot, 'queue')).toBe(1);
      expect(await hot.value('SELECT count(*)::integer FROM queue WHERE lease = $1', [node.incarnation])).toBe(1);
    }));

  it('leaves no row behind once its answer has arrived', () =>
    withHot(async (hot) => {
      const { endpointId, accept } = await prepare(hot);
      for (let index = 0; index < 5; index += 1) await accept(leased(endpointId));
      expect(await count(hot, 'batches')).toBe(1);
    }));
});

describe('a batch that was given up while nobody knew what became of it', () => {
  it('is undone: what it leased waits again, and what it took is in the index', () =>
    withHot(async (hot) => {
      const { proxy, node, endpointId, accept, claim } = await prepare(hot);
      const [mine, other] = [leased(endpointId), waiting(endpointId)];
      await givenUp(hot, proxy, 'accept', async () => await accept(mine, other));
      proxy.admit();
      // The next statement of any kind finds out first.
      expect((await node.writer.takeDue({ now: START - 1, itemsMax: 1 })).endpointIds).toEqual([]);
      expect(await count(hot, 'events')).toBe(2);
      expect([await lease(hot, mine), await lease(hot, other)]).toEqual([null, null]);
      expect((await node.writer.takeDue(DUE)).endpointIds).toEqual([endpointId]);
      expect((await claim()).deliveries).toHaveLength(2);
    }));

  it('gives back what claims leased and what was taken out of the index', () =>
    withHot(async (hot) => {
      const { proxy, node, endpointId, accept, claim } = await prepare(hot);
      await accept(waiting(endpointId), waiting(endpointId));
      const [first] = (await claim(1)).deliveries;
      await givenUp(hot, proxy, 'claim', async () => await claim());
      proxy.admit();
      const again = await claim();
      expect(again.deliveries).toHaveLength(1);
      expect(again.deliveries[0]?.id).not.toBe(first?.id);
      await accept(waiting(endpointId));
      await node.writer.takeDue({ now: START - 1, itemsMax: 1 });
      await givenUp(hot, proxy, 'take_due', async () => await node.writer.takeDue(DUE));
      proxy.admit();
      expect((await node.writer.takeDue(DUE)).endpointIds).toEqual([endpointId]);
    }));

  it('takes back nothing that was claimed again since then, however late it arrives', () =>
    withHot(async (hot) => {
      const { proxy, node, endpointId, accept, claim } = await prepare(hot);
      const mine = leased(endpointId);
      await accept(mine);
      const unit = { incarnation: node.incarnation, endpointId, deliveryIds: [mine.id], dueAt: START };
      await node.writer.release({ ...unit, deliveryIds: [] });
      const session = await hot.connect();
      await session.query('BEGIN');
      await session.query('SELECT 1 FROM queue FOR UPDATE');
      const released = expect(node.writer.release(unit)).rejects.toMatchObject({ reason: 'commit_failed' });
      await untilBlocked(hot);
      // Its statement waits on the server, whoever gave it up.
      proxy.cutNext('batch_void', 'before');
      const passing = setInterval(() => {
        hot.clock.aheadMs += OUTAGE_MS_MAX;
      }, 1);
      proxy.cutAll();
      await released;
      clearInterval(passing);
      expect((await claim()).deliveries).toEqual([]);
      await session.query('COMMIT');
      while (Number(await hot.value(RELEASING)) > 0) await new Promise((resolve) => setTimeout(resolve, 2));
      expect(await lease(hot, mine)).toBe(node.incarnation);
    }));

  it('is not recorded twice when the engine comes with the same unit again', () =>
    withHot(async (hot) => {
      const { proxy, node, endpointId, accept } = await prepare(hot);
      const [mine, other] = [leased(endpointId), leased(endpointId)];
      await accept(mine, other);
      const units = [mine, other].map((each) => ({
        incarnation: node.incarnation,
        outcomes: [failed(each, RETRY)],
        health: [{ ...HEALTH, endpointId }],
      }));
      const recordAll = async () => await Promise.all(units.map((unit) => node.writer.record(unit)));
      await node.writer.record({ incarnation: node.incarnation, outcomes: [], health: [] });
      await givenUp(hot, proxy, 'record', recordAll);
      proxy.admit();
      expect(await recordAll()).toEqual([{ lostLeases: 0 }, { lostLeases: 0 }]);
      expect(await count(hot, 'attempts')).toBe(2);
      expect(await hot.value('SELECT consecutive_failures::integer FROM endpoint_health')).toBe(2);
    }));
});

describe('a batch that was committed, and whose content cannot be read again', () => {
  /** The answer is lost, and what was to bring it again too. */
  async function unread<T>(hot: Hot, proxy: CutProxy, name: string, work: () => Promise<T>): Promise<void> {
    const cutsBefore = proxy.cuts;
    proxy.cutNext(name, 'after');
    const passing = setInterval(() => {
      if (proxy.cuts === cutsBefore + 1) proxy.cutNext(`${name}_recovered`, 'after, with all others');
      if (proxy.cuts === cutsBefore + 2) hot.clock.aheadMs += OUTAGE_MS_MAX / 4;
    }, 1);
    await expect(work()).rejects.toMatchObject({ reason: 'commit_failed' });
    clearInterval(passing);
    expect(proxy.cuts).toBe(cutsBefore + 2);
    proxy.admit();
  }

  it('gives back what it claimed', () =>
    withHot(async (hot) => {
      const { proxy, accept, claim, endpointId } = await prepare(hot);
      const mine = waiting(endpointId);
      await accept(mine);
      await claim(0);
      await unread(hot, proxy, 'claim', async () => await claim());
      expect((await claim()).deliveries.map(({ id }) => id)).toEqual([mine.id]);
    }));

  it('gives back what it took out of the index', () =>
    withHot(async (hot) => {
      const { proxy, node, accept, endpointId } = await prepare(hot);
      await node.writer.takeDue(DUE);
      await accept(waiting(endpointId));
      await unread(hot, proxy, 'take_due', async () => await node.writer.takeDue(DUE));
      expect((await node.writer.takeDue(DUE)).endpointIds).toEqual([endpointId]);
    }));
});

describe('an outage', () => {
  it('is waited for once, and not by each batch that comes while it lasts', () =>
    withHot(async (hot) => {
      const { proxy, node, endpointId, accept } = await prepare(hot);
      await givenUp(hot, proxy, 'accept', async () => await accept(leased(endpointId)));
      // The clock stands still now, as far as a wait of seconds is concerned.
      await expect(accept(leased(endpointId))).rejects.toMatchObject({ reason: 'commit_failed' });
      await expect(node.writer.takeDue(DUE)).rejects.toMatchObject({ reason: 'commit_failed' });
      proxy.admit();
      expect(await accept(leased(endpointId))).toEqual(STORED);
      expect(await count(hot, 'events')).toBe(3);
    }));

  it('keeps results that the engine brings again, however often it was told that they were not kept', () =>
    withHot(async (hot) => {
      const { proxy, node, endpointId, accept } = await prepare(hot);
      const mine = leased(endpointId);
      await accept(mine);
      const unit = {
        incarnation: node.incarnation,
        outcomes: [failed(mine, RETRY)],
        health: [{ ...HEALTH, endpointId }],
      };
      await node.writer.record({ ...unit, outcomes: [], health: [] });
      await givenUp(hot, proxy, 'record', async () => await node.writer.record(unit));
      for (let tries = 0; tries < 3; tries += 1)
        await expect(node.writer.record(unit)).rejects.toThrow('commit_failed');
      proxy.admit();
      expect(await node.writer.record(unit)).toEqual({ lostLeases: 0 });
      expect(await count(hot, 'attempts')).toBe(1);
      expect(await hot.value('SELECT consecutive_failures::integer FROM endpoint_health')).toBe(1);
    }));

  it('of a server that is only read from is told at once', () =>
    withHot(async (hot) => {
      const { node, organizationId, endpointId, accept } = await prepare(hot);
      const name = String(await hot.value('SELECT current_database()'));
      await hot.sql.query(`ALTER DATABASE ${name} SET default_transaction_read_only = on`);
      const end = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE datname = current_database() AND application_name = 'hookring write'`;
      await hot.sql.query(end);
      await expect(accept(leased(endpointId))).rejects.toMatchObject({ reason: 'commit_failed' });
      expect(node.failures).not.toEqual([]);
      // What only reads goes on working, and ends nothing.
      const named = acceptedEvent(organizationId, [leased(endpointId)], { fingerprint: 'f' });
      const refused = node.writer.accept({ events: [named], idempotency: null });
      await expect(refused).rejects.toMatchObject({ reason: 'commit_failed' });
      expect(node.recoveries).toEqual([]);
      await hot.sql.query('SET default_transaction_read_only = off');
      await hot.sql.query(`ALTER DATABASE ${name} RESET default_transaction_read_only`);
      await hot.sql.query(end);
      expect(await accept(leased(endpointId))).toEqual(STORED);
      expect(node.recoveries).toHaveLength(1);
    }));
});

describe('a batch that is under way while its node takes another incarnation', () => {
  /** Holds the rows of a table, so that a statement waits, until its node has lost its leases. */
  async function meanwhile<T>(hot: Hot, node: HotNode, lock: string, work: () => Promise<T>): Promise<T> {
    const session = await hot.connect();
    await session.query('BEGIN');
    await session.query(lock);
    const answer = work();
    await untilBlocked(hot);
    node.incarnation += 1_000;
    await session.query('COMMIT');
    return await answer;
  }

  it('leases what it accepted to the new one', () =>
    withHot(async (hot) => {
      const { node, endpointId, accept } = await prepare(hot);
      const mine = leased(endpointId);
      await accept(waiting(endpointId));
      const before = node.incarnation;
      const lock = 'SELECT 1 FROM due_endpoints FOR UPDATE';
      expect(await meanwhile(hot, node, lock, async () => await accept(mine, waiting(endpointId)))).toEqual(STORED);
      expect(await lease(hot, mine)).toBe(before + 1_000);
    }));

  it('brings of what it claimed only what nobody had taken back by then', () =>
    withHot(async (hot) => {
      const { node, endpointId, accept } = await prepare(hot);
      const [one, two] = [waiting(endpointId), waiting(endpointId)];
      await accept(one, two);
      const before = node.incarnation;
      const claim = async () =>
        await node.writer.claim({ incarnation: before, endpointId, now: START, itemsMax: 9, bytesMax: 1_000 });
      const lock = 'SELECT 1 FROM due_endpoints FOR UPDATE';
      const claimed = await meanwhile(hot, node, lock, claim);
      expect(claimed.deliveries.map(({ id }) => id)).toEqual([one.id, two.id].toSorted());
      expect([await lease(hot, one), await lease(hot, two)]).toEqual([before + 1_000, before + 1_000]);
    }));

  it('brings it also when it does not hear at once that it is leased to the new one', () =>
    withHot(async (hot) => {
      const { proxy, node, endpointId, accept } = await prepare(hot);
      const mine = waiting(endpointId);
      await accept(mine);
      const before = node.incarnation;
      const claim = async () =>
        await node.writer.claim({ incarnation: before, endpointId, now: START, itemsMax: 9, bytesMax: 1_000 });
      proxy.cutNext('leases_adopt', 'after');
      const claimed = await meanwhile(hot, node, 'SELECT 1 FROM due_endpoints FOR UPDATE', claim);
      expect(proxy.cuts).toBe(1);
      expect(claimed.deliveries.map(({ id }) => id)).toEqual([mine.id]);
    }));
});
