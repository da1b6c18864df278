import { JSON_CONTENT_TYPE } from '../../../domain/event.ts';
import type { EventKey } from '../../../domain/ids.ts';
import type { AcceptResult, AcceptUnit, IdempotencyRow } from '../../port.ts';
import type { CellReader } from '../cells.ts';
import { type BatchEncoder, UNIT, type UnitCodec } from './batch.ts';

/** Cells of an event before its deliveries, and of one delivery. */
export const EVENT_CELLS = 10;
export const DELIVERY_CELLS = 3;

/** First cell of the answer. */
export const ACCEPT_ANSWER = { allStored: 0, someDuplicate: 1, eventIdConflict: 2, idempotencyConflict: 3 } as const;

const STORED = { kind: 'stored' } as const;
const ONE_STORED: AcceptResult = { kind: 'accepted', outcomes: [STORED] };

export const acceptCodec: UnitCodec<AcceptUnit, AcceptResult> = {
  slabBytes(unit) {
    let sum = 0;
    for (const { event } of unit.events) sum += event.payload.length;
    return sum;
  },

  encode(unit, out) {
    const { cells } = out;
    let clientIds = 0;
    for (const { fingerprint } of unit.events) if (fingerprint !== null) clientIds += 1;
    cells.push(UNIT.accept, unit.events.length, clientIds, unit.idempotency === null ? 0 : 1);
    if (unit.idempotency !== null) encodeIdempotency(unit.idempotency, out);
    for (const { event, fingerprint, deliveries } of unit.events) {
      cells.push(
        event.organizationId,
        event.key,
        event.id === event.key ? null : event.id,
        event.type,
        event.contentType === JSON_CONTENT_TYPE ? null : event.contentType,
        event.occurredAt === event.createdAt ? null : event.occurredAt,
        event.createdAt,
        fingerprint,
        event.payload.length,
        deliveries.length,
      );
      for (const delivery of deliveries) cells.push(delivery.id, delivery.endpointId, delivery.leased ? 1 : 0);
      out.putBytes(event.payload);
    }
  },

  decode(unit, { cells }) {
    switch (cells.number()) {
      case ACCEPT_ANSWER.allStored:
        return unit.events.length === 1 ? ONE_STORED : { kind: 'accepted', outcomes: unit.events.map(() => STORED) };
      case ACCEPT_ANSWER.someDuplicate:
        return { kind: 'accepted', outcomes: unit.events.map(() => decodeOutcome(cells)) };
      case ACCEPT_ANSWER.eventIdConflict:
        return { kind: 'event_id_conflict', index: cells.number() };
      default:
        return { kind: 'idempotency_conflict' };
    }
  },
};

function decodeOutcome(cells: CellReader) {
  const key = cells.textOrNull();
  const createdAt = cells.number();
  // The writer answers keys that it read from the table of events.
  return key === null ? STORED : ({ kind: 'duplicate', key: key as EventKey, createdAt } as const);
}

function encodeIdempotency(row: IdempotencyRow, { cells }: BatchEncoder): void {
  cells.push(row.principal, row.route, row.key, row.fingerprint, row.reference, row.createdAt, row.expiresAt);
}

export function decodeIdempotency(cells: CellReader): IdempotencyRow {
  return {
    principal: cells.text(),
    route: cells.text(),
    key: cells.text(),
    fingerprint: cells.text(),
    reference: cells.text(),
    createdAt: cells.number(),
    expiresAt: cells.number(),
  };
}
