import type { Attempt } from '../../domain/attempt.ts';
import type { OrganizationId } from '../../domain/ids.ts';
import type { Row } from '../cells.ts';
import type { ShownAttempt, ShownDelivery, StoredEvent } from '../port.ts';
import { attemptOf, eventOf, shownAttemptOf, shownDeliveryOf } from '../rows.ts';
import { idOf, idOrNullOf } from './uuids.ts';

// Where rows are many, ids are kept as UUIDs; here they become what is shown outside.

/**
 * Whatever is looked up for one row of a large table is a subquery of its own that ends at the first row: a planner that
 * expects many would read whole tables instead, partition by partition.
 */
export const DELIVERY_COLUMNS = `d.id, (SELECT o.id FROM organizations o WHERE o.number = d.organization) AS organization_id,
  p.id AS endpoint_id, d.event AS event_key, v.id AS event_id, v.type AS event_type,
  (SELECT x.at FROM erasures x WHERE x.event = d.event) AS event_erased_at,
  d.status, d.attempt_count, d.last_response_status, d.last_error_kind,
  d.last_attempt_at, d.ended_at, d.death_reason, d.resend_of, d.created_at, q.due_at, q.lease,
  p.status AS endpoint_status, p.status_at AS endpoint_status_at`;
export const ENDPOINT_JOIN = `
  CROSS JOIN LATERAL (SELECT p.id, p.status, p.status_at FROM endpoints p WHERE p.number = d.endpoint LIMIT 1) p`;
/** Without a type when the event is past retention while the delivery, made later, is not. */
export const EVENT_JOIN = `
  LEFT JOIN LATERAL (
    SELECT v.id, v.type FROM events v WHERE v.organization = d.organization AND v.key = d.event LIMIT 1) v ON true`;
export const QUEUE_JOIN = `
  LEFT JOIN LATERAL (SELECT q.due_at, q.lease FROM queue q WHERE q.delivery = d.id LIMIT 1) q ON true`;
export const DELIVERY_JOINS = `${ENDPOINT_JOIN}${EVENT_JOIN}${QUEUE_JOIN}`;

export function shownDelivery(row: Row): ShownDelivery {
  return shownDeliveryOf({
    ...row,
    id: idOf('dlv', row['id']),
    event_key: idOf('evt', row['event_key']),
    resend_of: idOrNullOf('dlv', row['resend_of']),
  });
}

export function storedEvent(row: Row, organizationId: OrganizationId): StoredEvent {
  return eventOf({ ...row, key: idOf('evt', row['key']), payload: plainBytes(row['payload']) }, organizationId);
}

export function storedAttempt(row: Row): Attempt {
  return attemptOf(withAttemptIds(row));
}

export function shownAttempt(row: Row): ShownAttempt {
  return shownAttemptOf({ ...withAttemptIds(row), event_key: idOf('evt', row['event_key']) });
}

function withAttemptIds(row: Row): Row {
  return {
    ...row,
    id: idOf('att', row['id']),
    delivery_id: idOf('dlv', row['delivery']),
    response_excerpt: plainBytes(row['response_excerpt']),
  };
}

/** As every store gives bytes: those of the driver are of a class of their own, with other methods. */
function plainBytes(value: unknown): unknown {
  return value instanceof Uint8Array ? new Uint8Array(value.buffer, value.byteOffset, value.length) : value;
}
