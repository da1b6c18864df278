import {
  type AttemptQuery,
  type DeliveryQuery,
  type DeliveryWithAttempts,
  type FollowQuery,
  followAttempts as follow,
  listDeliveries as list,
  listAttempts,
  listAttemptsOfOrganization,
  listDeliveriesOfEndpoint,
  readDelivery as read,
  resendDelivery as resend,
} from '../../app/deliveries.ts';
import { type Recovered, type RecoverInput, recoverDeliveries as recover } from '../../app/recover.ts';
import type { Attempt } from '../../domain/attempt.ts';
import type { DeliveryId, EndpointId } from '../../domain/ids.ts';
import type { FollowedPage, Page, PageRequest, ShownAttempt, ShownDelivery } from '../../store/port.ts';
import { type Operation, operation } from '../operation.ts';

/** Newest first. Every filter is open unless given. */
export const listDeliveries: Operation<
  Partial<DeliveryQuery> & { readonly page: PageRequest },
  Page<ShownDelivery>
> = operation({
  name: 'listDeliveries',
  scopes: ['deliveries:read'],
  run: async ({ app, caller, conduct }, { page, endpointId = null, eventId = null, statuses = null }) =>
    await list(app, caller, { endpointId, eventId, statuses }, page, conduct.archivedEndpoints),
});

/** The same for one endpoint, which must exist. */
export const listEndpointDeliveries: Operation<
  { readonly endpointId: EndpointId; readonly statuses?: DeliveryQuery['statuses']; readonly page: PageRequest },
  Page<ShownDelivery>
> = operation({
  name: 'listEndpointDeliveries',
  scopes: ['deliveries:read'],
  run: async ({ app, caller, conduct }, { endpointId, statuses = null, page }) =>
    await listDeliveriesOfEndpoint(
      app,
      caller,
      { endpointId, eventId: null, statuses },
      page,
      conduct.archivedEndpoints,
    ),
});

export const readDelivery: Operation<{ readonly deliveryId: DeliveryId }, DeliveryWithAttempts> = operation({
  name: 'readDelivery',
  scopes: ['deliveries:read'],
  run: async ({ app, caller, conduct }, { deliveryId }) =>
    await read(app, caller, deliveryId, conduct.archivedEndpoints),
});

/** Sends an event to its endpoint again, as a delivery of its own: the old one and its retries go on as they were. */
export const resendDelivery: Operation<
  {
    readonly deliveryId: DeliveryId;
    /** Only when it belongs to this endpoint. */
    readonly endpointId?: EndpointId | null;
    /** What becomes of one that has not been tried yet or is out: `refused` is `delivery_in_progress`. */
    readonly waiting?: 'allowed' | 'refused';
  },
  ShownDelivery
> = operation({
  name: 'resendDelivery',
  scopes: ['deliveries:write'],
  idempotent: true,
  async run({ app, caller, idempotency, conduct }, { deliveryId, endpointId = null, waiting = 'allowed' }) {
    const options = { endpointId, waiting, archived: conduct.archivedEndpoints };
    return await resend(app, caller, deliveryId, options, idempotency);
  },
});

/** Sends again what an endpoint missed in a range of time, a bounded step at a time. */
export const recoverDeliveries: Operation<RecoverInput, Recovered> = operation({
  name: 'recoverDeliveries',
  scopes: ['deliveries:write'],
  idempotent: true,
  run: async ({ app, caller, idempotency, conduct }, input) =>
    await recover(app, caller, input, idempotency, conduct.archivedEndpoints),
});

/** The requests that were sent to one endpoint, newest first. */
export const listEndpointAttempts: Operation<
  { readonly endpointId: EndpointId; readonly page: PageRequest },
  Page<Attempt>
> = operation({
  name: 'listEndpointAttempts',
  scopes: ['deliveries:read'],
  run: async ({ app, caller, conduct }, { endpointId, page }) =>
    await listAttempts(app, caller, endpointId, page, conduct.archivedEndpoints),
});

/** The requests that were sent for the whole organization, newest first. A page may be short and yet not the last. */
export const searchAttempts: Operation<
  Partial<AttemptQuery> & { readonly page: PageRequest },
  Page<ShownAttempt>
> = operation({
  name: 'searchAttempts',
  scopes: ['deliveries:read'],
  run: async ({ app, caller, conduct }, { page, ...query }) =>
    await listAttemptsOfOrganization(app, caller, { ...NO_ATTEMPT_FILTER, ...query }, page, conduct.archivedEndpoints),
});

/**
 * The requests of the whole organization as they are recorded, oldest first. The first page holds the newest; whoever goes
 * on from its `nextCursor`, which is always there, sees each later one exactly once.
 */
export const followAttempts: Operation<Partial<FollowQuery> & { readonly page: PageRequest }, FollowedPage> = operation(
  {
    name: 'followAttempts',
    scopes: ['deliveries:read'],
    run: async ({ app, caller, conduct }, { page, endpointId = null, eventType = null, outcome = null }) =>
      await follow(app, caller, { endpointId, eventType, outcome }, page, conduct.archivedEndpoints),
  },
);

const NO_ATTEMPT_FILTER: AttemptQuery = {
  endpointId: null,
  eventType: null,
  outcome: null,
  since: null,
  until: null,
  statusMin: null,
  statusMax: null,
};
