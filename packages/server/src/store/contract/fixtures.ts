import { randomFillSync } from 'node:crypto';
import { nativeWebhooks } from '@hookring/signing';
import type { Attempt } from '../../domain/attempt.ts';
import type { Clock } from '../../domain/clock.ts';
import type { Endpoint } from '../../domain/endpoint.ts';
import type { Event } from '../../domain/event.ts';
import { createIdSource, type DeliveryId, type EndpointId, type OrganizationId } from '../../domain/ids.ts';
import type { Organization } from '../../domain/organization.ts';
import { NATIVE_ROTATION_POLICY } from '../../domain/rotation-policy.ts';
import type {
  AcceptedDelivery,
  AcceptedEvent,
  Change,
  Command,
  IdempotencyRow,
  Outcome,
  Store,
  StoredKeyring,
  StoredSecret,
} from '../port.ts';

/** Some time in 2027; tests move it by hand. */
export const START = 1_800_000_000_000;
export const HOUR = 3_600_000;
export const DAY = 24 * HOUR;

export type TestClock = Clock & { time: number };

export function createTestClock(): TestClock {
  const clock = { time: START, now: () => clock.time, monotonic: () => clock.time };
  return clock;
}

const source = createIdSource({ now: () => START, fillRandom: (bytes) => void randomFillSync(bytes) });
export const newId: typeof source.next = (prefix) => source.next(prefix);

/** What every adapter must be able to do for its suite. */
export type Opened = {
  readonly store: Store;
  readonly clock: TestClock;
  /** Closes the store and opens the same data again. */
  reopen(): Promise<Store>;
  close(): Promise<void>;
};
export type OpenStore = () => Promise<Opened>;

/** Runs a test on a store of its own, which is closed whatever happens. */
export type WithStore = (test: (opened: Opened) => Promise<void>) => Promise<void>;

export function organization(changes: Partial<Organization> = {}): Organization {
  return {
    id: newId('org'),
    externalId: null,
    name: 'Acme',
    rotationPolicy: NATIVE_ROTATION_POLICY,
    version: 1,
    createdAt: START,
    updatedAt: START,
    ...changes,
  };
}

export function endpoint(organizationId: OrganizationId, changes: Partial<Endpoint> = {}): Endpoint {
  return {
    id: newId('ep'),
    organizationId,
    url: 'https://example.com/hook',
    eventTypes: ['order.*'],
    description: 'orders',
    status: { kind: 'active' },
    headers: [{ name: 'x-api-key', sealed: 'sealed.aGVhZGVy' }],
    metadata: { team: 'a' },
    keyring: 'own',
    retrySchedule: [1, 2],
    sendDeadlineSeconds: 5,
    concurrency: 7,
    ratePerSecond: null,
    signatureProfile: nativeWebhooks,
    envelope: null,
    rotationPolicy: NATIVE_ROTATION_POLICY,
    catalogue: null,
    extra: { color: 'red' },
    version: 1,
    createdAt: START,
    updatedAt: START,
    ...changes,
  };
}

export function secret(number: number, changes: Partial<StoredSecret> = {}): StoredSecret {
  return {
    id: newId('sec'),
    algorithm: 'hmac-sha256',
    number,
    createdAt: START,
    activatesAt: START,
    supersededAt: null,
    expiresAt: null,
    revokedAt: null,
    signsFrom: START,
    signsUntil: null,
    origin: 'generated',
    hint: 'abcd',
    fingerprint: '00'.repeat(32),
    publicKey: null,
    actor: 'cli',
    reason: null,
    sealed: 'sealed.c2VjcmV0',
    ...changes,
  };
}

export function ring(owner: StoredKeyring['owner'], version: number, secrets: readonly StoredSecret[]): StoredKeyring {
  return { owner, version, secrets };
}

export function acceptedEvent(
  organizationId: OrganizationId,
  deliveries: readonly AcceptedDelivery[],
  changes: { readonly event?: Partial<Event>; readonly fingerprint?: string } = {},
): AcceptedEvent {
  const key = newId('evt');
  return {
    event: {
      key,
      id: key,
      organizationId,
      type: 'order.created',
      payload: Buffer.from('{"n":1}'),
      contentType: 'application/json',
      occurredAt: START,
      createdAt: START,
      ...changes.event,
    },
    fingerprint: changes.fingerprint ?? null,
    deliveries,
  };
}

export function leased(endpointId: EndpointId): AcceptedDelivery {
  return { id: newId('dlv'), endpointId, leased: true };
}

export function waiting(endpointId: EndpointId): AcceptedDelivery {
  return { id: newId('dlv'), endpointId, leased: false };
}

export function idempotencyRow(changes: Partial<IdempotencyRow> = {}): IdempotencyRow {
  return {
    principal: 'key_1',
    route: 'POST /v1/events',
    key: 'k1',
    fingerprint: 'f1',
    reference: '{}',
    createdAt: START,
    expiresAt: START + DAY,
    ...changes,
  };
}

export function attempt(deliveryId: DeliveryId, endpointId: EndpointId, changes: Partial<Attempt> = {}): Attempt {
  return {
    id: newId('att'),
    deliveryId,
    endpointId,
    number: 1,
    startedAt: START + 5,
    responseStatus: 200,
    errorKind: null,
    errorDetail: null,
    phases: { dnsMs: null, connectMs: 1.5, tlsMs: null, firstByteMs: 3, totalMs: 4 },
    keyIds: 'sec_a sec_b',
    ringVersion: 3,
    responseHeaders: null,
    responseExcerpt: null,
    ...changes,
  };
}

export function succeeded(delivery: AcceptedDelivery, changes: Partial<Attempt> = {}): Outcome {
  return { attempt: attempt(delivery.id, delivery.endpointId, changes), next: { kind: 'succeeded', at: START + 9 } };
}

export function failed(delivery: AcceptedDelivery, next: Outcome['next'], changes: Partial<Attempt> = {}): Outcome {
  const failure = { responseStatus: 500, ...changes };
  return { attempt: attempt(delivery.id, delivery.endpointId, failure), next };
}

/** An organization with so many endpoints. */
export async function populate(store: Store, endpointCount: number) {
  const owner = organization();
  const endpoints = Array.from({ length: endpointCount }, () => endpoint(owner.id));
  const commands: Command[] = [{ kind: 'organization.insert', organization: owner }];
  for (const one of endpoints) commands.push({ kind: 'endpoint.insert', endpoint: one });
  const applied = await store.apply(commands);
  if (applied.kind !== 'applied') throw new Error('the fixture could not be stored');
  const [first = endpoint(owner.id)] = endpoints;
  return { organization: owner, endpoints, endpoint: first };
}

export async function acceptOne(store: Store, event: AcceptedEvent): Promise<void> {
  const result = await store.accept({ events: [event], idempotency: null });
  if (result.kind !== 'accepted') throw new Error('the fixture was refused');
}

export function claimUnit(store: Store, endpointId: EndpointId, now: number, itemsMax = 100, bytesMax = 1_000_000) {
  return { incarnation: store.incarnation, endpointId, now, itemsMax, bytesMax };
}

/** Hears what changes from now on. That some endpoint has due work, a store may say at any time. */
export function hearing(store: Store): Change[] {
  const heard: Change[] = [];
  store.onChange((changes) => heard.push(...changes.filter(({ kind }) => kind !== 'due')));
  return heard;
}

/** Changes the status of an endpoint that is stored as it was given. */
export function statusChange(one: Endpoint, status: Endpoint['status'], expectedVersion = 1): Command {
  const changed = { ...one, status, version: expectedVersion + 1 };
  return { kind: 'endpoint.put', endpoint: changed, expectedVersion, resetHealth: status.kind === 'active' };
}

export const SUSPENDED: Endpoint['status'] = { kind: 'suspended', reason: 'manual', at: START };
export const ARCHIVED: Endpoint['status'] = { kind: 'archived', at: START + 1 };
