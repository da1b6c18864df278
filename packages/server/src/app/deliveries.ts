import type { Attempt } from '../domain/attempt.ts';
import type { ShownStatus } from '../domain/delivery.ts';
import { isWaiting, type WaitingStatus } from '../domain/delivery-state.ts';
import type { DeliveryId, EndpointId, EventKey } from '../domain/ids.ts';
import type {
  AttemptFilter,
  FollowedPage,
  FollowFilter,
  Page,
  PageRequest,
  ShownAttempt,
  ShownDelivery,
} from '../store/port.ts';
import { auditCommand } from './audit.ts';
import { type Caller, type IdempotencyRequest, missingScope } from './caller.ts';
import type { AppContext } from './context.ts';
import { idempotent } from './idempotency.ts';
import { done, type Outcome, type Refusal, refused, replayed } from './outcome.ts';
import { type ArchivedEndpoints, ownEndpoint } from './own-endpoint.ts';
import { decideAndApply } from './submit.ts';

export type DeliveryWithAttempts = ShownDelivery & { readonly attempts: readonly Attempt[] };

export type DeliveryQuery = {
  readonly endpointId: EndpointId | null;
  /** The public id of an event. */
  readonly eventId: string | null;
  /** Any of these; null: every one. */
  readonly statuses: readonly ShownStatus[] | null;
};

export type AttemptQuery = Omit<AttemptFilter, 'organizationId'>;
export type FollowQuery = Omit<FollowFilter, 'organizationId'>;

const WAITING_RETRY_AFTER_SECONDS = 5;
const WAITING: Readonly<Record<WaitingStatus, string>> = {
  pending: 'waits for its first try; it can be sent again when that has failed or succeeded',
  in_flight: 'is being sent; it can be sent again when that has failed or succeeded',
  held: 'is held while its endpoint is suspended, and goes out by itself when that is resumed',
};

export type ResendOptions = {
  /** Whether a delivery may be sent again whose first try, or the request that is out, has not ended. */
  readonly waiting: 'allowed' | 'refused';
  /** Only one that belongs to this endpoint; absent or null: any. */
  readonly endpointId?: EndpointId | null;
  /** Of its endpoint. */
  readonly archived: ArchivedEndpoints;
};

export async function listDeliveries(
  app: AppContext,
  caller: Caller,
  query: DeliveryQuery,
  page: PageRequest,
  archived: ArchivedEndpoints,
): Promise<Outcome<Page<ShownDelivery>>> {
  const refusal = missingScope(caller, 'deliveries:read');
  if (refusal !== null) return refusal;
  const { organizationId } = caller;
  // What is asked for is filtered by, so an endpoint that is not there leaves nothing.
  if (archived === 'hidden' && query.endpointId !== null) {
    const found = await ownEndpoint(app, caller, query.endpointId, archived);
    if (!found.ok) return done({ items: [], nextCursor: null });
  }
  let eventKey: EventKey | null = null;
  if (query.eventId !== null) {
    const event = await app.store.reader.event(organizationId, query.eventId);
    if (event === null) return done({ items: [], nextCursor: null });
    eventKey = event.key;
  }
  const filter = { organizationId, endpointId: query.endpointId, eventKey, statuses: query.statuses };
  return done(await app.store.reader.deliveries(filter, page));
}

/** The same for one endpoint, which must exist. */
export async function listDeliveriesOfEndpoint(
  app: AppContext,
  caller: Caller,
  query: DeliveryQuery & { readonly endpointId: EndpointId },
  page: PageRequest,
  archived: ArchivedEndpoints,
): Promise<Outcome<Page<ShownDelivery>>> {
  const refusal = missingScope(caller, 'deliveries:read');
  if (refusal !== null) return refusal;
  const found = await ownEndpoint(app, caller, query.endpointId, archived);
  // It is there: nothing is left to hide.
  return found.ok ? await listDeliveries(app, caller, query, page, 'shown') : found;
}

export async function readDelivery(
  app: AppContext,
  caller: Caller,
  id: DeliveryId,
  archived: ArchivedEndpoints,
): Promise<Outcome<DeliveryWithAttempts>> {
  const refusal = missingScope(caller, 'deliveries:read');
  if (refusal !== null) return refusal;
  const found = await app.store.reader.delivery(caller.organizationId, id);
  if (found === null) return noSuchDelivery();
  if (archived === 'hidden') {
    const owner = await ownEndpoint(app, caller, found.delivery.endpointId, archived);
    if (!owner.ok) return noSuchDelivery();
  }
  return done({ ...found, attempts: await app.store.reader.attemptsOfDelivery(caller.organizationId, id) });
}

export async function listAttempts(
  app: AppContext,
  caller: Caller,
  endpointId: EndpointId,
  page: PageRequest,
  archived: ArchivedEndpoints,
): Promise<Outcome<Page<Attempt>>> {
  const refusal = missingScope(caller, 'deliveries:read');
  if (refusal !== null) return refusal;
  const found = await ownEndpoint(app, caller, endpointId, archived);
  if (!found.ok) return found;
  return done(await app.store.reader.attemptsOfEndpoint(endpointId, page));
}

/** The attempts of every endpoint, newest first. A page may be short, even empty, and still have a next one. */
export async function listAttemptsOfOrganization(
  app: AppContext,
  caller: Caller,
  query: AttemptQuery,
  page: PageRequest,
  archived: ArchivedEndpoints,
): Promise<Outcome<Page<ShownAttempt>>> {
  const refusal = missingScope(caller, 'deliveries:read');
  if (refusal !== null) return refusal;
  const { organizationId } = caller;
  if (query.endpointId !== null) {
    const found = await ownEndpoint(app, caller, query.endpointId, archived);
    if (!found.ok) return found;
  }
  return done(await app.store.reader.attempts({ ...query, organizationId }, page));
}

/** Attempts as they are recorded, oldest first, each exactly once to whoever goes on from page to page. */
export async function followAttempts(
  app: AppContext,
  caller: Caller,
  query: FollowQuery,
  page: PageRequest,
  archived: ArchivedEndpoints,
): Promise<Outcome<FollowedPage>> {
  const refusal = missingScope(caller, 'deliveries:read');
  if (refusal !== null) return refusal;
  if (query.endpointId !== null) {
    const found = await ownEndpoint(app, caller, query.endpointId, archived);
    if (!found.ok) return found;
  }
  return done(await app.store.reader.followAttempts({ ...query, organizationId: caller.organizationId }, page));
}

/** Sends an event to an endpoint again, as a delivery of its own: the old one and its retries go on as they were. */
export async function resendDelivery(
  app: AppContext,
  caller: Caller,
  id: DeliveryId,
  { waiting, endpointId: wantedOf = null, archived }: ResendOptions,
  request: IdempotencyRequest | null,
): Promise<Outcome<ShownDelivery>> {
  const refusal = missingScope(caller, 'deliveries:write');
  if (refusal !== null) return refusal;
  const { reader } = app.store;
  const { organizationId } = caller;
  const shown = async (newId: DeliveryId, answer: typeof done<ShownDelivery>): Promise<Outcome<ShownDelivery>> => {
    const made = await reader.delivery(organizationId, newId);
    return made === null ? refused('not_found', 'that delivery is past its retention') : answer(made);
  };
  return await idempotent<ShownDelivery, { deliveryId: DeliveryId }>(app, caller, request, {
    perform: async (row) => {
      const newId = app.ids.next('dlv');
      const outcome = await decideAndApply(app, async () => {
        const old = await reader.delivery(organizationId, id);
        if (old === null) return noSuchDelivery();
        const { endpointId, eventKey, eventId, payloadErasedAt } = old.delivery;
        if (wantedOf !== null && wantedOf !== endpointId) return noSuchDelivery();
        const owner = await ownEndpoint(app, caller, endpointId, archived);
        if (!owner.ok) return owner;
        if (owner.value.endpoint.status.kind === 'archived') {
          return refused('endpoint_archived', 'its endpoint is archived; an archived endpoint receives nothing');
        }
        if (payloadErasedAt !== null) {
          return refused('payload_erased', `the payload of event ${eventId} was erased; there is nothing left to send`);
        }
        if (waiting === 'refused' && isWaiting(old.shown)) {
          // Only a person ends the suspension of its endpoint: no time to wait can be told.
          const wait = old.shown === 'held' ? {} : { retryAfterSeconds: WAITING_RETRY_AFTER_SECONDS };
          return refused('delivery_in_progress', `this delivery ${WAITING[old.shown]}`, wait);
        }
        const createdAt = app.clock.now();
        const delivery = { id: newId, organizationId, endpointId, eventKey, resendOf: id, createdAt };
        return {
          ok: true,
          value: newId,
          commands: [
            ...(row === null ? [] : [{ kind: 'idempotency.insert' as const, row: row({ deliveryId: newId }) }]),
            { kind: 'delivery.insert', deliveries: [delivery] },
            auditCommand(app, caller, createdAt, {
              action: 'delivery.resent',
              target: id,
              detail: { endpointId, deliveryId: newId },
            }),
          ],
        };
      });
      return typeof outcome === 'symbol' || !outcome.ok ? outcome : await shown(newId, done);
    },
    replay: async ({ deliveryId }) => {
      const again = await shown(deliveryId, replayed);
      if (!again.ok) return again;
      const owner = await ownEndpoint(app, caller, again.value.delivery.endpointId, archived);
      return owner.ok ? again : owner;
    },
  });
}

function noSuchDelivery(): Refusal {
  return refused('not_found', 'no such delivery');
}
