import {
  DELIVERIES_PER_REQUEST_MAX,
  STORE_QUEUE_BYTES_MAX,
  STORE_QUEUE_ROW_BYTES,
  STORE_QUEUE_UNITS_MAX,
} from '../domain/limits.ts';
import type { Store } from '../store/port.ts';
import type { IncomingEvent } from './engine.ts';
import type { OrganizationView } from './organization-view.ts';

/** What a request asks of the store's queue. */
type Demand = { readonly events: number; readonly deliveries: number; readonly payloadBytes: number };

/**
 * Whether the queue takes it now, may take it later, or never does. One event alone cannot be sent in smaller parts, so
 * an idle queue takes it however many endpoints it goes to.
 */
export function admission(demand: Demand, room: Store['room']): 'now' | 'later' | 'never' {
  const { events, deliveries, payloadBytes } = demand;
  if (events > 1 && deliveries > DELIVERIES_PER_REQUEST_MAX) return 'never';
  if (room.units < 1) return 'later';
  if (room.bytes >= payloadBytes + (events + deliveries) * STORE_QUEUE_ROW_BYTES) return 'now';
  const isIdle = room.units >= STORE_QUEUE_UNITS_MAX && room.bytes >= STORE_QUEUE_BYTES_MAX;
  return events === 1 && isIdle ? 'now' : 'later';
}

export function payloadBytesOf(events: readonly IncomingEvent[]): number {
  let bytes = 0;
  for (const { payload } of events) bytes += payload.length;
  return bytes;
}

/** Counts no further than to the limit: a batch of many types must not make as many lists of endpoints. */
export function countDeliveries(events: readonly IncomingEvent[], view: OrganizationView): number {
  let deliveries = 0;
  for (const { type } of events) {
    deliveries += view.match(type).length;
    if (deliveries > DELIVERIES_PER_REQUEST_MAX) break;
  }
  return deliveries;
}
