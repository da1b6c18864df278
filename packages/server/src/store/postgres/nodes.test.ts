import { describe, expect, it } from 'vitest';
import type { Endpoint } from '../../domain/endpoint.ts';
import type { EndpointId } from '../../domain/ids.ts';
import {
  ARCHIVED,
  acceptedEvent,
  acceptOne,
  claimUnit,
  failed,
  hearing,
  leased,
  populate,
  ring,
  START,
  SUSPENDED,
  secret,
  statusChange,
  succeeded,
  waiting,
} from '../contract/fixtures.ts';
import type { Change, Store, StoredSecret } from '../port.ts';
import { withNodes } from './testing/nodes.ts';

const LEASE_MS = 15_000;
const REAP = { kind: 'reap_leases', itemsMax: 100 } as const;

function kindsOf(changes: readonly Change[]): string[] {
  return changes.map(({ kind }) => kind);
}

describe('nodes on one database', () => {
  it('hear of what the others changed, in order, and once of their own', () =>
    withNodes(async (nodes) => {
      const [one, two] = [await nodes.open({ isSilent: true }), await nodes.open({ isSilent: true })];
      const [own, others] = [hearing(one), hearing(two)];
      const { organization: owner, endpoint: target } = await populate(one, 1);
      await one.apply([{ kind: 'keyring.insert', ring: ring(target.id, 1, [secret(1)]) }]);
      await one.apply([statusChange(target, SUSPENDED)]);
      expect(others).toEqual([]);
      expect(await two.currency.renew()).toBe(true);
      expect(others).toEqual([
        { kind: 'organization', organization: owner },
        expect.objectContaining({ kind: 'endpoint', endpointsVersion: 1, healthReset: false }),
        { kind: 'resealed', owner: target.id },
        expect.objectContaining({
          kind: 'endpoint',
          endpoint: { ...target, status: SUSPENDED, version: 2 },
          endpointsVersion: 2,
        }),
      ]);
      await one.currency.renew();
      expect(kindsOf(own)).toEqual(['organization', 'endpoint', 'keyring', 'endpoint']);
      expect(await two.reader.subscribers(owner.id)).toMatchObject({ endpointsVersion: 2 });
    }));

  it('hear by themselves', () =>
    withNodes(async (nodes) => {
      const [one, two] = [await nodes.open(), await nodes.open()];
      const heard = new Promise<void>((resolve) => {
        two.onChange((changes) => {
          if (kindsOf(changes).includes('organization')) resolve();
        });
      });
      await populate(one, 0);
      await heard;
    }));

  it('end two changes of one version as one that is applied and one conflict', () =>
    withNodes(async (nodes) => {
      const [one, two] = [await nodes.open(), await nodes.open()];
      const { endpoint: target } = await populate(one, 1);
      for (let version = 1; version <= 10; version += 1) {
        const change = (description: string) => ({
          kind: 'endpoint.put' as const,
          endpoint: { ...target, description, version: version + 1 },
          expectedVersion: version,
          resetHealth: false,
        });
        const results = await Promise.all([one.apply([change('one')]), two.apply([change('two')])]);
        expect(results.map(({ kind }) => kind).toSorted()).toEqual(['applied', 'conflict']);
        const winner = results[0]?.kind === 'applied' ? 'one' : 'two';
        expect((await two.reader.endpointById(target.id))?.endpoint.description).toBe(winner);
      }
    }));

  it('lose no secret when both rotate one ring at once', () =>
    withNodes(async (nodes) => {
      const [one, two] = [await nodes.open(), await nodes.open()];
      const { endpoint: target } = await populate(one, 1);
      await one.apply([{ kind: 'keyring.insert', ring: ring(target.id, 1, [secret(1)]) }]);
      const given: StoredSecret[] = [];
      await Promise.all(
        [one, two, one, two].map(async (store) => {
          for (let index = 0; index < 8; index += 1) given.push(await rotate(store, target.id));
        }),
      );
      const living = await one.reader.keyring(target.id);
      expect([living?.version, living?.secrets.length]).toEqual([33, 2]);
      const { items } = await two.reader.secrets(target.id, { after: null, itemsMax: 100 });
      expect(items).toHaveLength(33);
      const ids = new Set<string>(items.map(({ id }) => id));
      expect(given.filter(({ id }) => !ids.has(id))).toEqual([]);
    }));

  it('run a job on one of them at a time, and on another when that one is gone', () =>
    withNodes(async (nodes) => {
      const [one, two] = [await nodes.open({ isSilent: true }), await nodes.open({ isSilent: true })];
      const runs = await Promise.all([one.takeJob('retention', 60_000), two.takeJob('retention', 60_000)]);
      expect(runs.filter((runsHere) => runsHere)).toHaveLength(1);
      const [mine, other] = runs[0] ? [one, two] : [two, one];
      expect(await mine.takeJob('retention', 60_000)).toBe(true);
      expect(await other.takeJob('retention', 60_000)).toBe(false);
      expect(await other.takeJob('figures', 60_000)).toBe(true);
      // Its time is over.
      nodes.clock.time += 60_001;
      await Promise.all([one.currency.renew(), two.currency.renew()]);
      expect(await other.takeJob('retention', 3_600_000)).toBe(true);
      expect(await mine.takeJob('retention', 60_000)).toBe(false);
      await other.close();
      expect(await mine.takeJob('retention', 60_000)).toBe(true);
    }));

  it('run the job of one that has fallen silent', () =>
    withNodes(async (nodes) => {
      const [silent, living] = [await nodes.open({ isSilent: true }), await nodes.open({ isSilent: true })];
      expect(await silent.takeJob('retention', 3_600_000)).toBe(true);
      nodes.clock.time += LEASE_MS;
      expect(await living.takeJob('retention', 60_000)).toBe(false);
      nodes.clock.time += 1;
      expect(await living.takeJob('retention', 60_000)).toBe(true);
    }));
});

describe('a node that is gone', () => {
  it('leaves its deliveries and the endpoints that it answered for to the others', () =>
    withNodes(async (nodes) => {
      const { clock } = nodes;
      const [gone, living] = [await nodes.open({ isSilent: true }), await nodes.open({ isSilent: true })];
      const { organization: owner, endpoints } = await populate(gone, 3);
      const [sending, answered, archived] = endpoints as [Endpoint, Endpoint, Endpoint];
      const out = leased(sending.id);
      await acceptOne(gone, acceptedEvent(owner.id, [out, waiting(answered.id), leased(archived.id)]));
      expect((await gone.takeDue({ now: START, itemsMax: 10 })).endpointIds).toEqual([answered.id]);
      await gone.apply([statusChange(archived, ARCHIVED)]);
      await nodes.beat(LEASE_MS - 1_000, living);
      expect(await living.housekeep({ ...REAP, now: clock.time })).toEqual({ changed: 0, more: false });
      expect((await living.claim(claimUnit(living, sending.id, clock.time))).deliveries).toEqual([]);
      await nodes.beat(2_000, living);
      const heard: Change[] = [];
      living.onChange((changes) => heard.push(...changes));
      expect(await living.housekeep({ ...REAP, now: clock.time })).toEqual({ changed: 3, more: false });
      expect(kindsOf(heard)).toContain('due');
      const due = await living.takeDue({ now: clock.time, itemsMax: 10 });
      expect(due.endpointIds.toSorted()).toEqual([sending.id, answered.id].toSorted());
      const { deliveries } = await living.claim(claimUnit(living, sending.id, clock.time));
      expect(deliveries.map(({ id }) => id)).toEqual([out.id]);
      expect(await living.housekeep({ kind: 'cancel_archived', now: clock.time, itemsMax: 10 })).toEqual({
        changed: 1,
        more: false,
      });
    }));

  it('is cleared away in bounded steps', () =>
    withNodes(async (nodes) => {
      const { clock } = nodes;
      const [gone, living] = [await nodes.open({ isSilent: true }), await nodes.open({ isSilent: true })];
      const { organization: owner, endpoint: one } = await populate(gone, 1);
      await acceptOne(gone, acceptedEvent(owner.id, [leased(one.id), leased(one.id), leased(one.id)]));
      await nodes.beat(LEASE_MS + 1_000, living);
      const step = async () => await living.housekeep({ ...REAP, now: clock.time, itemsMax: 2 });
      expect(await step()).toEqual({ changed: 2, more: true });
      expect(await step()).toEqual({ changed: 1, more: false });
      expect(await step()).toEqual({ changed: 0, more: false });
    }));

  it('takes a new incarnation and says so when it comes back, and cannot end what another node sends', () =>
    withNodes(async (nodes) => {
      const { clock } = nodes;
      const [silent, living] = [await nodes.open({ isSilent: true }), await nodes.open({ isSilent: true })];
      const { organization: owner, endpoint: one } = await populate(silent, 1);
      const delivery = leased(one.id);
      await acceptOne(silent, acceptedEvent(owner.id, [delivery]));
      const before = silent.incarnation;
      let told = 0;
      silent.onLeasesLost(() => {
        told += 1;
        expect(silent.incarnation).toBeGreaterThan(before);
      });
      await nodes.beat(8_000, living);
      expect(silent.currency.goodUntil).toBeGreaterThan(START);
      await nodes.beat(LEASE_MS + 1_000, living);
      // It may have slept: by its own clock it must not send before it has looked.
      expect(silent.currency.goodUntil).toBeLessThan(clock.time);
      await living.housekeep({ ...REAP, now: clock.time });
      expect((await living.claim(claimUnit(living, one.id, clock.time))).deliveries).toHaveLength(1);
      const late = failed(delivery, { kind: 'dead', at: clock.time, reason: 'retries_exhausted' });
      expect(await silent.record({ incarnation: before, outcomes: [late], health: [] })).toEqual({ lostLeases: 1 });
      expect((await living.reader.delivery(owner.id, delivery.id))?.shown).toBe('in_flight');
      expect(await silent.currency.renew()).toBe(true);
      expect([told, silent.currency.goodUntil > clock.time]).toEqual([1, true]);
      const mine = leased(one.id);
      await acceptOne(silent, acceptedEvent(owner.id, [mine]));
      const { lostLeases } = await silent.record({
        incarnation: silent.incarnation,
        outcomes: [succeeded(mine)],
        health: [],
      });
      expect(lostLeases).toBe(0);
      await silent.currency.renew();
      expect(told).toBe(1);
    }));

  it('that only slept for a while keeps what it had leased', () =>
    withNodes(async (nodes) => {
      const { clock } = nodes;
      const [slow, living] = [await nodes.open({ isSilent: true }), await nodes.open({ isSilent: true })];
      const { organization: owner, endpoint: one } = await populate(slow, 1);
      await acceptOne(slow, acceptedEvent(owner.id, [leased(one.id)]));
      const { incarnation } = slow;
      await nodes.beat(LEASE_MS + 5_000, living);
      expect(await slow.currency.renew()).toBe(true);
      expect(await living.housekeep({ ...REAP, now: clock.time })).toEqual({ changed: 0, more: false });
      expect(slow.incarnation).toBe(incarnation);
    }));

  it('gives everything back when it closes', () =>
    withNodes(async (nodes) => {
      const [closing, living] = [await nodes.open(), await nodes.open()];
      const { organization: owner, endpoints } = await populate(closing, 2);
      const [one, two] = endpoints as [Endpoint, Endpoint];
      await acceptOne(closing, acceptedEvent(owner.id, [leased(one.id), waiting(two.id)]));
      await closing.takeDue({ now: START, itemsMax: 10 });
      await closing.close();
      const { endpointIds } = await living.takeDue({ now: START, itemsMax: 10 });
      expect(endpointIds.toSorted()).toEqual([one.id, two.id].toSorted());
    }));
});

describe('a database that stood still for longer than a lease', () => {
  const PAUSE_MS = 60_000;

  it('takes nothing from those that had no chance to say that they live', () =>
    withNodes(async (nodes) => {
      const { clock } = nodes;
      const [one, two] = [await nodes.open({ isSilent: true }), await nodes.open({ isSilent: true })];
      const { organization: owner, endpoint: target } = await populate(one, 1);
      await nodes.beat(20_000, one, two);
      const delivery = leased(target.id);
      await acceptOne(one, acceptedEvent(owner.id, [delivery]));
      const { incarnation } = one;
      clock.time += PAUSE_MS;
      const reap = async () => await two.housekeep({ ...REAP, now: clock.time });
      // Before its first beat after the pause, after it, and for as long as the other may need.
      expect(await reap()).toEqual({ changed: 0, more: false });
      await nodes.beat(8_000, two);
      expect(await reap()).toEqual({ changed: 0, more: false });
      await nodes.beat(20_000, one, two);
      expect(await reap()).toEqual({ changed: 0, more: false });
      const outcome = await one.record({ incarnation, outcomes: [succeeded(delivery)], health: [] });
      expect([outcome, one.incarnation]).toEqual([{ lostLeases: 0 }, incarnation]);
    }));

  it('does not keep what the dead had from those that came back', () =>
    withNodes(async (nodes) => {
      const { clock } = nodes;
      const [gone, living] = [await nodes.open({ isSilent: true }), await nodes.open({ isSilent: true })];
      const { organization: owner, endpoint: target } = await populate(gone, 1);
      await nodes.beat(20_000, gone, living);
      await acceptOne(gone, acceptedEvent(owner.id, [leased(target.id)]));
      clock.time += PAUSE_MS;
      await nodes.beat(14_000, living);
      expect(await living.housekeep({ ...REAP, now: clock.time })).toEqual({ changed: 1, more: false });
    }));
});

describe('a change that must be in time', () => {
  it('is not applied past its time', () =>
    withNodes(async (nodes) => {
      const store = await nodes.open();
      const heard = hearing(store);
      const { endpoint: one } = await populate(store, 1);
      heard.length = 0;
      const late = await store.apply([statusChange(one, SUSPENDED)], { notAfter: START - 1 });
      expect([late, heard]).toEqual([{ kind: 'late' }, []]);
      expect((await store.reader.endpointById(one.id))?.endpoint.status.kind).toBe('active');
      expect(await store.apply([statusChange(one, SUSPENDED)], { notAfter: START })).toEqual({ kind: 'applied' });
    }));
});

/** Puts a new secret in front; the one before the last goes to the history. */
async function rotate(store: Store, owner: EndpointId): Promise<StoredSecret> {
  for (;;) {
    const before = await store.reader.keyring(owner);
    if (before === null) throw new Error('no ring');
    const fresh = secret(before.version + 1);
    const [current, ...older] = before.secrets;
    if (current === undefined) throw new Error('an empty ring');
    const next = ring(owner, before.version + 1, [fresh, current]);
    const retired = older.map((old) => ({ ...old, expiresAt: START }));
    const command = { kind: 'keyring.put', ring: next, retired, expectedVersion: before.version } as const;
    if ((await store.apply([command])).kind === 'applied') return fresh;
  }
}
