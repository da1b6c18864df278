import type { DeliveryId } from '../../../domain/ids.ts';
import {
  ARCHIVED,
  acceptedEvent,
  claimUnit,
  DAY,
  endpoint,
  failed,
  HOUR,
  idempotencyRow,
  leased,
  newId,
  organization,
  type populate,
  ring,
  START,
  SUSPENDED,
  secret,
  statusChange,
  succeeded,
  type TestClock,
  waiting,
} from '../../contract/fixtures.ts';
import type { Reader, Store } from '../../port.ts';
import type { Database, Runner } from '../database.ts';
import { idOf } from '../uuids.ts';
import { adopt, giveBack, giveBackEndpoints } from '../writer/leased.ts';
import { reapLeases } from '../writer/reap-leases.ts';
import type { Collection } from './explained.ts';
import { filledUuid } from './large-database.ts';

const AUDITED = {
  at: START,
  actor: 'x',
  action: 'endpoint.created',
  target: 'x',
  reason: null,
  address: null,
  requestId: null,
  detail: {},
} as const;
const PAGE = { after: null, itemsMax: 20 };

type Populated = Awaited<ReturnType<typeof populate>>;

/** Everything that a store does, at least once, on the rows of `populated` and on the filled ones. */
export async function useStore(
  { store, db, clock }: { readonly store: Store; readonly db: Database; readonly clock: TestClock },
  populated: Populated,
  rows: number,
  collection: Collection,
): Promise<void> {
  await useHotPath(store, populated, collection);
  await useControl(store, populated);
  await useReader(store.reader, populated, rows);
  await useHousekeeping(store, db);
  await useRetention(store, clock);
  // What this node was given without hearing of it, and what it was given under another incarnation.
  const run = async (...sent: Parameters<Runner['run']>) => (await db.on('write').run(...sent)).rows;
  const batches = { once: run, read: run } as never; // Nothing else is used of it.
  const ids = [idOf('dlv', filledUuid(1, rows))];
  await giveBack(batches, ids, store.incarnation);
  await adopt(batches, ids, { from: store.incarnation, to: store.incarnation + 1 });
  await giveBackEndpoints(batches, [1], store.incarnation);
}

async function useHotPath(store: Store, { organization: owner, endpoints }: Populated, collection: Collection) {
  const [one, two] = endpoints;
  if (one === undefined || two === undefined) throw new Error('two endpoints');
  const { incarnation } = store;
  for (let round = 0; round < 3; round += 1) {
    const deliveries = [leased(one.id), leased(one.id), leased(one.id), leased(one.id), waiting(two.id)];
    const own = acceptedEvent(owner.id, [waiting(one.id)], { event: { id: `workload-${round}` }, fingerprint: 'f' });
    const key = `workload-${round}`;
    await store.accept({ events: [acceptedEvent(owner.id, deliveries)], idempotency: null });
    await store.accept({ events: [own], idempotency: idempotencyRow({ key }) });
    await store.accept({ events: [own], idempotency: idempotencyRow({ key: `${key} again` }) });
    const [good, late, dead, cancelled] = deliveries;
    if (good === undefined || late === undefined || dead === undefined || cancelled === undefined)
      throw new Error('four');
    const outcomes = [
      succeeded(good),
      failed(late, { kind: 'retry', dueAt: START + 5 }),
      failed(dead, { kind: 'dead', at: START, reason: 'retries_exhausted' as const }),
      failed(cancelled, { kind: 'cancelled', at: START }),
    ];
    const health = [{ endpointId: one.id, successAt: START, failureAt: null, failures: 0, firstFailureAt: null }];
    await store.record({ incarnation, outcomes, health });
    await store.takeDue({ now: START + 9, itemsMax: 200 });
    const { deliveries: claimed } = await store.claim(claimUnit(store, one.id, START + 9));
    const deliveryIds = claimed.map(({ id }) => id);
    await store.release({ incarnation, endpointId: one.id, deliveryIds, dueAt: START });
    await store.claim(claimUnit(store, one.id, START + 9));
    for (const name of ['accept', 'record', 'take_due', 'claim', 'release'])
      if (round === 0) collection.loseAnswer(name);
  }
}

async function useControl(store: Store, { organization: owner, endpoints }: Populated): Promise<void> {
  const [, , three] = endpoints;
  if (three === undefined) throw new Error('three endpoints');
  const other = organization({ externalId: `other ${Math.random()}` });
  const four = endpoint(owner.id);
  const [living, next] = [secret(1), secret(2)];
  const key = {
    id: newId('key'),
    organizationId: owner.id,
    name: 'x',
    tokenHash: newId('key'),
    hint: 'x',
    dialect: 'native',
  };
  const event = acceptedEvent(owner.id, []);
  await store.accept({ events: [event], idempotency: null });
  const again = { id: newId('dlv'), organizationId: owner.id, endpointId: three.id, eventKey: event.event.key };
  const lists = [
    [
      { kind: 'organization.insert', organization: other },
      { kind: 'endpoint.insert', endpoint: four },
      { kind: 'keyring.insert', ring: ring(four.id, 1, [living]) },
      { kind: 'apiKey.insert', apiKey: { ...key, scopes: [], createdAt: START, expiresAt: null, revokedAt: null } },
      { kind: 'serviceKey.put', name: newId('key'), sealed: 'sealed.eA', replaces: null },
      { kind: 'idempotency.insert', row: idempotencyRow({ key: newId('key') }) },
    ],
    [
      { kind: 'organization.put', organization: { ...other, name: 'New', version: 2 }, expectedVersion: 1 },
      statusChange(four, SUSPENDED),
      { kind: 'endpoint.expect', endpointId: three.id, version: three.version },
      {
        kind: 'keyring.put',
        ring: ring(four.id, 2, [next]),
        retired: [{ ...living, expiresAt: START, signsUntil: START }],
        expectedVersion: 1,
      },
      { kind: 'apiKey.revoke', id: key.id, at: START },
      { kind: 'delivery.insert', deliveries: [{ ...again, resendOf: null, createdAt: START }] },
      { kind: 'endpoint.wake', endpointId: three.id },
    ],
    [
      { kind: 'endpoint.put', endpoint: { ...four, version: 3 }, expectedVersion: 2, resetHealth: true },
      { kind: 'keyring.expect', owner: four.id, version: 2 },
      { kind: 'endpoint.defer', endpointId: three.id, dueAt: START + 9 },
      { kind: 'audit.append', row: { ...AUDITED, id: newId('aud'), organizationId: owner.id } },
    ],
    [{ kind: 'serviceKey.put', name: 'x', sealed: 'sealed.eA', replaces: 'sealed.eB' }],
  ] as const;
  for (const commands of lists) await store.apply([...commands]);
  const done = acceptedEvent(owner.id, []);
  await store.accept({ events: [done], idempotency: null });
  await store.apply([{ kind: 'event.erase', organizationId: owner.id, eventKey: done.event.key, at: START }]);
  await store.reseal({ secrets: [{ owner: four.id, id: next.id, from: 'sealed.c2VjcmV0', to: 'sealed.eA' }] });
  await store.apply([statusChange(three, ARCHIVED)]);
  await store.takeJob('workload', 1_000);
}

async function useReader(reader: Reader, { organization: owner, endpoints }: Populated, rows: number): Promise<void> {
  const [one] = endpoints;
  if (one === undefined) throw new Error('an endpoint');
  const [early, late] = [Math.floor(rows / 4), rows - 5];
  const places = [null, idOf('dlv', filledUuid(early, rows)), idOf('dlv', filledUuid(late, rows))];
  await reader.organization(owner.id);
  await reader.organizationByExternalId('nobody');
  await reader.organizations(PAGE);
  await reader.endpoint(owner.id, one.id);
  for (const archived of ['included', 'excluded'] as const) await reader.endpoints(owner.id, PAGE, archived);
  await reader.endpointCount(owner.id, ['active', 'suspended', 'archived']);
  await reader.subscribers(owner.id);
  await reader.keyring(one.id);
  await reader.secrets(one.id, PAGE);
  await reader.secret(one.id, newId('sec'));
  await reader.apiKeyByHash('1');
  await reader.apiKey(owner.id, newId('key'));
  await reader.apiKeys(owner.id, PAGE);
  await reader.idempotency('p1', 'r', '1', START);
  await reader.serviceKey('x');
  await reader.sealedSecrets(PAGE);
  await reader.sealedHeaders(PAGE);
  await reader.figures(START);
  const open = { actor: null, action: null, target: null, since: null, until: null };
  for (const organizationId of [owner.id, null]) {
    await reader.audit({ ...open, organizationId }, PAGE);
    await reader.audit({ ...open, organizationId, actor: 'y', since: START - 5 * DAY, until: START }, PAGE);
  }
  const { items } = await reader.events(owner.id, PAGE);
  await reader.events(owner.id, { ...PAGE, after: idOf('evt', filledUuid(early, rows)) });
  for (const { id } of items) await reader.event(owner.id, id);
  await useDeliveryReads(reader, owner.id, one.id, rows, places);
  await useAttemptReads(reader, owner.id, one.id, rows);
}

async function useDeliveryReads(
  reader: Reader,
  organizationId: Populated['organization']['id'],
  endpointId: Populated['endpoint']['id'],
  rows: number,
  places: readonly (DeliveryId | null)[],
): Promise<void> {
  const event = idOf('evt', filledUuid(rows - 5, rows));
  for (const after of places) {
    const page = { after, itemsMax: 20 };
    for (const choice of [null, endpointId]) {
      const filter = { organizationId, endpointId: choice, eventKey: null };
      for (const statuses of [
        null,
        ['succeeded'],
        ['dead'],
        ['cancelled'],
        ['pending'],
        ['succeeded', 'dead'],
      ] as const) {
        await reader.deliveries({ ...filter, statuses }, page);
      }
    }
    await reader.deliveries({ organizationId, endpointId: null, eventKey: event, statuses: null }, page);
    if (after !== null) await reader.delivery(organizationId, after);
    if (after !== null) await reader.attemptsOfDelivery(organizationId, after);
  }
  const filter = { organizationId, endpointId, since: START - 8 * DAY, until: START - 6 * DAY };
  for (const status of ['dead', 'cancelled', 'succeeded'] as const) {
    await reader.recoverable({ ...filter, statuses: [status] }, PAGE);
    await reader.recoverableCount({ ...filter, statuses: [status] }, 100);
  }
}

async function useAttemptReads(
  reader: Reader,
  organizationId: Populated['organization']['id'],
  endpointId: Populated['endpoint']['id'],
  rows: number,
): Promise<void> {
  const after = idOf('att', filledUuid(Math.floor(rows / 2) - 5, rows));
  await reader.attemptsOfEndpoint(endpointId, PAGE);
  await reader.attemptsOfEndpoint(endpointId, { ...PAGE, after });
  const open = {
    endpointId: null,
    eventType: null,
    outcome: null,
    since: null,
    until: null,
    statusMin: null,
    statusMax: null,
  };
  for (const more of [
    {},
    { endpointId },
    { outcome: 'dead' as const },
    { until: START - 6 * DAY },
    { since: START - HOUR },
  ]) {
    await reader.attempts({ ...open, organizationId, ...more }, PAGE);
    await reader.attempts({ ...open, organizationId, ...more }, { ...PAGE, after });
  }
  const follow = { organizationId, endpointId: null, eventType: null, outcome: null };
  const { nextCursor } = await reader.followAttempts(follow, PAGE);
  await reader.followAttempts(follow, { after: nextCursor, itemsMax: 20 });
  const [, rest] = /^\d+(-.*)$/.exec(nextCursor) ?? [];
  const late = Math.floor(rows / 2_000) - 2;
  await reader.followAttempts(follow, { after: `${late}${rest}`, itemsMax: 20 });
}

async function useHousekeeping(store: Store, db: Database): Promise<void> {
  await store.housekeep({ kind: 'expire_held', now: START, heldMsMax: HOUR, itemsMax: 20 });
  await store.housekeep({ kind: 'cancel_archived', now: START, itemsMax: 20 });
  await store.housekeep({ kind: 'cancel_archived', now: START, itemsMax: 20 });
  await store.housekeep({ kind: 'prune_idempotency', now: START, itemsMax: 20 });
  await store.housekeep({ kind: 'purge_secrets', now: START + DAY, before: START + DAY, itemsMax: 20 });
  // The store itself would do so only after it has beaten for a while.
  await reapLeases(db, () => START, { incarnation: store.incarnation, steadyAt: START }, 20);
  await store.housekeep({ kind: 'upkeep', now: START });
  await store.space();
  await store.ping();
}

async function useRetention(store: Store, clock: TestClock): Promise<void> {
  const midnight = START - (START % DAY);
  const firstDay = '20270107';
  await store.reader.prunable({ before: START - 7 * DAY, after: null, itemsMax: 30 }, START);
  // Row by row: the time is in the middle of a day, or something of the day is owed.
  await store.prune({ before: START - 7 * DAY, after: null, itemsMax: 50 });
  await store.prune({ before: midnight - 4 * DAY, after: null, itemsMax: 500 });
  // Ids are taken on the second day, and later they are not.
  await store.prune({ before: midnight - 6 * DAY, after: firstDay, itemsMax: 50 });
  clock.time = START + 10 * DAY;
  // Beats, too: this node said for days not that it is there.
  await store.currency.renew();
  await store.reader.prunable({ before: midnight - 6 * DAY, after: firstDay, itemsMax: 50 }, clock.time);
  await store.prune({ before: midnight - 6 * DAY, after: firstDay, itemsMax: 50 });
  clock.time = START;
}
