import { Client } from 'pg';
import { describe, expect, it } from 'vitest';
import type { Endpoint } from '../../domain/endpoint.ts';
import type { EndpointId, OrganizationId } from '../../domain/ids.ts';
import {
  acceptedEvent,
  claimUnit,
  failed,
  HOUR,
  idempotencyRow,
  leased,
  newId,
  populate,
  ring,
  START,
  SUSPENDED,
  secret,
  succeeded,
  waiting,
} from '../contract/fixtures.ts';
import type { AcceptedDelivery, AcceptedEvent, Applied, Command, HousekeepingStep, Store } from '../port.ts';
import { withNodes } from './testing/nodes.ts';

const SEEDS = process.env['HOOKRING_PROVE'] === '1' ? 40 : 2;
const ENDPOINTS = 5;
const WORKERS_PER_NODE = 5;
const STEPS_PER_WORKER = 25;

/** A generator that repeats itself (mulberry32). */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** What all workers did, to be compared with what is stored. */
type Done = {
  endpointChanges: number;
  organizationChanges: number;
  ringChanges: number;
  resends: number;
  readonly events: AcceptedEvent[];
};

type World = {
  readonly organizationId: OrganizationId;
  readonly endpoints: readonly Endpoint[];
  readonly done: Done;
};

type Move = (store: Store, world: World, random: () => number) => Promise<void>;

function pick<T>(items: readonly T[], random: () => number): T {
  const item = items[Math.floor(random() * items.length)];
  if (item === undefined) throw new Error('nothing to pick');
  return item;
}

/** Some of them, in any order: rows are to be locked in one order whatever a caller names first. */
function some<T>(items: readonly T[], random: () => number): T[] {
  return items
    .map((item) => ({ item, at: random() }))
    .filter(({ at }) => at < 0.6)
    .toSorted((a, b) => a.at - b.at)
    .map(({ item }) => item);
}

/** What is decided on versions that somebody else changed meanwhile is a conflict, and nothing else. */
function isApplied(applied: Applied): boolean {
  if (applied.kind === 'late') throw new Error('nothing was to be in time');
  return applied.kind === 'applied';
}

const changeEndpoints: Move = async (store, { endpoints, done }, random) => {
  const commands: Command[] = [];
  for (const { id } of some(endpoints, random).slice(0, 2)) {
    const found = await store.reader.endpointById(id);
    if (found === null) continue;
    const { endpoint } = found;
    const status = endpoint.status.kind === 'active' && random() < 0.5 ? SUSPENDED : ({ kind: 'active' } as const);
    const next = { ...endpoint, status, version: endpoint.version + 1 };
    const resetHealth = status.kind === 'active';
    commands.push({ kind: 'endpoint.put', endpoint: next, expectedVersion: endpoint.version, resetHealth });
  }
  if (isApplied(await store.apply(commands))) done.endpointChanges += commands.length;
};

const rotate: Move = async (store, { endpoints, done }, random) => {
  const { id } = pick(endpoints, random);
  const before = await store.reader.keyring(id);
  const [current, ...older] = before?.secrets ?? [];
  if (before === null || current === undefined) throw new Error('a ring is gone');
  const next = ring(id, before.version + 1, [secret(before.version + 1), current]);
  const retired = older.map((old) => ({ ...old, expiresAt: START }));
  const row = idempotencyRow({ key: newId('key') });
  const commands: Command[] = [
    { kind: 'idempotency.insert', row },
    { kind: 'keyring.put', ring: next, retired, expectedVersion: before.version },
  ];
  if (isApplied(await store.apply(commands))) done.ringChanges += 1;
};

const rename: Move = async (store, { organizationId, done }, random) => {
  const before = await store.reader.organization(organizationId);
  if (before === null) throw new Error('the organization is gone');
  const organization = { ...before, name: `name ${random()}`, version: before.version + 1 };
  const applied = await store.apply([{ kind: 'organization.put', organization, expectedVersion: before.version }]);
  if (isApplied(applied)) done.organizationChanges += 1;
};

const wakeAndDefer: Move = async (store, { endpoints }, random) => {
  const commands = some(endpoints, random).map(
    ({ id: endpointId }): Command =>
      random() < 0.5 ? { kind: 'endpoint.wake', endpointId } : { kind: 'endpoint.defer', endpointId, dueAt: START },
  );
  isApplied(await store.apply(commands));
};

const accept: Move = async (store, { organizationId, endpoints, done }, random) => {
  const deliveries = some(endpoints, random).map(({ id }) => (random() < 0.5 ? leased(id) : waiting(id)));
  const event = acceptedEvent(organizationId, deliveries);
  const { kind } = await store.accept({ events: [event], idempotency: null });
  expect(kind).toBe('accepted');
  done.events.push(event);
  const outcomes = deliveries.filter((delivery) => delivery.leased).map((delivery) => outcomeOf(delivery, random));
  await record(store, outcomes, random);
};

const resend: Move = async (store, { organizationId, endpoints, done }, random) => {
  if (done.events.length === 0) return;
  const deliveries = some(endpoints, random).map(({ id: endpointId }) => ({
    id: newId('dlv'),
    organizationId,
    endpointId,
    eventKey: pick(done.events, random).event.key,
    resendOf: null,
    createdAt: START,
  }));
  if (isApplied(await store.apply([{ kind: 'delivery.insert', deliveries }]))) done.resends += deliveries.length;
};

const claim: Move = async (store, _world, random) => {
  const { endpointIds } = await store.takeDue({ now: START, itemsMax: 3 });
  for (const id of endpointIds) await claimFrom(store, id, random);
};

async function claimFrom(store: Store, id: EndpointId, random: () => number): Promise<void> {
  const { deliveries } = await store.claim(claimUnit(store, id, START, 3));
  const [first, ...rest] = deliveries.map((delivery): AcceptedDelivery => ({ ...delivery, leased: true }));
  if (first !== undefined && random() < 0.3) {
    const { incarnation } = store;
    await store.release({ incarnation, endpointId: id, deliveryIds: [first.id], dueAt: START });
  } else if (first !== undefined) rest.push(first);
  await record(
    store,
    rest.map((delivery) => outcomeOf(delivery, random)),
    random,
  );
}

function outcomeOf(delivery: AcceptedDelivery, random: () => number) {
  if (random() < 0.4) return succeeded(delivery);
  if (random() < 0.2) return failed(delivery, { kind: 'dead', at: START, reason: 'retries_exhausted' });
  return failed(delivery, { kind: 'retry', dueAt: START });
}

async function record(store: Store, outcomes: ReturnType<typeof outcomeOf>[], random: () => number): Promise<void> {
  if (outcomes.length === 0) return;
  const health = outcomes
    .map(({ attempt }) => attempt.endpointId)
    .toSorted(() => random() - 0.5)
    .map((endpointId) => ({ endpointId, successAt: START, failureAt: null, failures: 0, firstFailureAt: null }));
  await store.record({ incarnation: store.incarnation, outcomes, health });
}

const STEPS: readonly HousekeepingStep[] = [
  { kind: 'expire_held', now: START, heldMsMax: HOUR, itemsMax: 5 },
  { kind: 'cancel_archived', now: START, itemsMax: 5 },
  { kind: 'purge_secrets', now: START, before: START, itemsMax: 5 },
  { kind: 'prune_idempotency', now: START, itemsMax: 5 },
  { kind: 'reap_leases', now: START, itemsMax: 5 },
  { kind: 'upkeep', now: START },
];
const keepHouse: Move = async (store, _world, random) => void (await store.housekeep(pick(STEPS, random)));

const MOVES = [changeEndpoints, rotate, rename, wakeAndDefer, accept, accept, resend, claim, claim, keepHouse];

/** Sends what is left. A worker that stopped had taken endpoints for which it would have claimed again. */
async function sendAll(store: Store, { endpoints }: World): Promise<void> {
  for (const { id } of endpoints) {
    const found = await store.reader.endpointById(id);
    if (found === null) throw new Error('an endpoint is gone');
    const { endpoint } = found;
    const next = { ...endpoint, status: { kind: 'active' } as const, version: endpoint.version + 1 };
    await store.apply([
      { kind: 'endpoint.put', endpoint: next, expectedVersion: endpoint.version, resetHealth: true },
      { kind: 'endpoint.wake', endpointId: id },
    ]);
  }
  for (;;) {
    const { endpointIds } = await store.takeDue({ now: START, itemsMax: 100 });
    if (endpointIds.length === 0) return;
    for (const endpointId of endpointIds) {
      const { deliveries } = await store.claim(claimUnit(store, endpointId, START, 10_000));
      const outcomes = deliveries.map((delivery) => succeeded({ ...delivery, leased: true }));
      if (outcomes.length > 0) await store.record({ incarnation: store.incarnation, outcomes, health: [] });
    }
  }
}

describe('nodes that do everything at once', () => {
  it.each(Array.from({ length: SEEDS }, (_, seed) => seed + 1))('end all of it, and versions add up: seed %i', (seed) =>
    withNodes(async (nodes) => {
      const stores = [await nodes.open(), await nodes.open()];
      const [first] = stores;
      if (first === undefined) throw new Error('no store');
      const { organization, endpoints } = await populate(first, ENDPOINTS);
      await first.apply(endpoints.map(({ id }) => ({ kind: 'keyring.insert', ring: ring(id, 1, [secret(1)]) })));
      const done: Done = { endpointChanges: 0, organizationChanges: 0, ringChanges: 0, resends: 0, events: [] };
      const world: World = { organizationId: organization.id, endpoints, done };

      const workers = stores.flatMap((store, node) =>
        Array.from({ length: WORKERS_PER_NODE }, async (_, worker) => {
          const random = randomOf(seed * 1_000 + node * 100 + worker);
          for (let step = 0; step < STEPS_PER_WORKER; step += 1) await pick(MOVES, random)(store, world, random);
        }),
      );
      await Promise.all(workers);

      const client = new Client({ connectionString: nodes.url });
      await client.connect();
      try {
        const one = async (sql: string): Promise<number> => Number((await client.query(sql)).rows[0].n);
        const puts = await one('SELECT sum(version - 1) AS n FROM endpoints');
        expect(puts).toBe(done.endpointChanges);
        expect(await one('SELECT endpoints_version AS n FROM organizations')).toBe(ENDPOINTS + done.endpointChanges);
        expect(await one('SELECT version - 1 AS n FROM organizations')).toBe(done.organizationChanges);
        expect(await one('SELECT sum(version - 1) AS n FROM keyrings')).toBe(done.ringChanges);
        expect(await one('SELECT (SELECT count(*) FROM secrets) + (SELECT count(*) FROM secret_history) AS n')).toBe(
          ENDPOINTS + done.ringChanges,
        );
        const changes = await one('SELECT count(*) AS n FROM changes');
        expect([changes, await one('SELECT max(number) AS n FROM changes')]).toEqual([
          await one('SELECT number AS n FROM change_counter'),
          changes,
        ]);
        const made = done.events.flatMap(({ deliveries }) => deliveries).length + done.resends;
        expect(await one('SELECT count(*) AS n FROM deliveries')).toBe(made);
        const open = "SELECT count(*) AS n FROM deliveries WHERE status IN ('pending', 'retrying')";
        expect(await one(open)).toBe(await one('SELECT count(*) AS n FROM queue'));

        await sendAll(first, world);
        expect(await one('SELECT count(*) AS n FROM queue')).toBe(0);
      } finally {
        await client.end();
      }
    }),
  );
});
