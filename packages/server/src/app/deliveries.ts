import type { Attempt } from '../domain/attempt.ts';
import type { ShownStatus } from '../domain/delivery.ts';
import type { DeliveryId, EndpointId, EventKey } from '../domain/ids.ts';
import type { Page, PageRequest, ShownDelivery } from '../store/port.ts';
import { type Caller, type IdempotencyRequest, missingScope } from './caller.ts';
import type { AppContext } from './context.ts';
import { idempotent } from './idempotency.ts';
import { done, type Outcome, refused, replayed } from './outcome.ts';
import { decideAndApply } from './submit.ts';

export type DeliveryWithAttempts = ShownDelivery & { readonly attempts: readonly Attempt[] };

export type DeliveryQuery = {
  readonly endpointId: EndpointId | null;
  /** The public id of an event. */
  readonly eventId: string | null;
  readonly status: ShownStatus | null;
};

export async function listDeliveries(
  app: AppContext,
  caller: Caller,
  query: DeliveryQuery,
  page: PageRequest,
): Promise<Outcome<Page<ShownDelivery>>> {
  const refusal = missingScope(caller, 'deliveries:read');
  if (refusal !== null) return refusal;
  const { organizationId } = caller;
  let eventKey: EventKey | null = null;
  if (query.eventId !== null) {
    const event = await app.store.reader.event(organizationId, query.eventId);
    if (event === null) return done({ items: [], nextCursor: null });
    eventKey = event.key;
  }
  const filter = { organizationId, endpointId: query.endpointId, eventKey, status: query.status };
  return done(await app.store.reader.deliveries(filter, page));
}

export async function readDelivery(
  app: AppContext,
  caller: Caller,
  id: DeliveryId,
): Promise<Outcome<DeliveryWithAttempts>> {
  const refusal = missingScope(caller, 'deliveries:read');
  if (refusal !== null) return refusal;
  const found = await app.store.reader.delivery(caller.organizationId, id);
  if (found === null) return refused('not_found', 'no such delivery');
  return done({ ...found, attempts: await app.store.reader.attemptsOfDelivery(caller.organizationId, id) });
}

export async function listAttempts(
  app: AppContext,
  caller: Caller,
  endpointId: EndpointId,
  page: PageRequest,
): Promise<Outcome<Page<Attempt>>> {
  const refusal = missingScope(caller, 'deliveries:read');
  if (refusal !== null) return refusal;
  const endpoint = await app.store.reader.endpoint(caller.organizationId, endpointId);
  if (endpoint === null) return refused('not_found', 'no such endpoint');
  return done(await app.store.reader.attemptsOfEndpoint(endpointId, page));
}

/** Sends an event to an endpoint again, as a delivery of its own: the old one and its retries go on as they were. */
export async function resendDelivery(
  app: AppContext,
  caller: Caller,
  id: DeliveryId,
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
        if (old === null) return refused('not_found', 'no such delivery');
        const { endpointId, eventKey } = old.delivery;
        const endpoint = await reader.endpoint(organizationId, endpointId);
        if (endpoint === null) return refused('not_found', 'no such delivery');
        if (endpoint.endpoint.status.kind === 'archived') {
          return refused('endpoint_archived', 'its endpoint is archived; an archived endpoint receives nothing');
        }
        const createdAt = app.clock.now();
        const delivery = { id: newId, organizationId, endpointId, eventKey, resendOf: id, createdAt };
        return {
          ok: true,
          value: newId,
          commands: [
            ...(row === null ? [] : [{ kind: 'idempotency.insert' as const, row: row({ deliveryId: newId }) }]),
            { kind: 'delivery.insert', deliveries: [delivery] },
          ],
        };
      });
      return typeof outcome === 'symbol' || !outcome.ok ? outcome : await shown(newId, done);
    },
    replay: async ({ deliveryId }) => await shown(deliveryId, replayed),
  });
}
