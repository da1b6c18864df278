import { CLIENT_EVENT_ID_DAYS } from '../../../domain/limits.ts';
import type { IdempotencyRow } from '../../port.ts';
import { arrayOf, type CellReader, number, text } from '../cells.ts';
import { ACCEPT_ANSWER, DELIVERY_CELLS, decodeIdempotency, EVENT_CELLS } from '../wire/accept.ts';
import type { AnswerBuilder, WriteContext } from './context.ts';
import { createInsertIdempotency } from './idempotency.ts';

const DAY_MS = 24 * 3_600 * 1_000;

type Duplicate = { readonly key: string; readonly createdAt: number };
type Checked = { readonly conflictAt: number } | { readonly duplicates: readonly (Duplicate | null)[] };

/** Stores events with their deliveries. Everything that can refuse a unit is checked before its first write. */
export function createAccept(
  context: WriteContext,
): (cells: CellReader, slab: Uint8Array, slabAt: number, answer: AnswerBuilder) => void {
  const { db, directory, due, leased: leases, numbers } = context;
  const idempotency = createInsertIdempotency(db);
  const selectId = db.prepare(`
    SELECT i.fingerprint, e.key, e.created_at FROM event_ids i JOIN events e ON e.number = i.event
    WHERE i.organization = ? AND i.id = ? AND i.expires_at > ?`);
  selectId.setReturnArrays(true);
  const insertId = db.prepare(
    'INSERT OR REPLACE INTO event_ids (organization, id, event, fingerprint, expires_at) VALUES (?, ?, ?, ?, ?)',
  );
  const insertEvent = db.prepare(`
    INSERT INTO events (number, key, organization, id, type, content_type, occurred_at, created_at, payload)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`);
  const insertDelivery = db.prepare(`
    INSERT INTO deliveries (number, id, organization, endpoint, event, status, attempt_count, created_at)
    VALUES (?, ?, ?, ?, ?, 'pending', 0, ?)`);
  const insertQueued = db.prepare('INSERT INTO queue (delivery, endpoint, due_at, lease) VALUES (?, ?, ?, ?)');

  function check(cells: CellReader, count: number): Checked {
    const start = cells.at;
    const duplicates: (Duplicate | null)[] = [];
    for (let index = 0; index < count; index += 1) {
      const eventAt = cells.at;
      const organizationId = cells.text();
      const key = cells.text();
      const id = cells.textOrNull() ?? key;
      cells.at = eventAt + 6;
      const createdAt = cells.number();
      const fingerprint = cells.textOrNull();
      cells.at = eventAt + 9;
      cells.at = eventAt + EVENT_CELLS + cells.number() * DELIVERY_CELLS;
      const row =
        fingerprint === null
          ? undefined
          : arrayOf(selectId, directory.requireOrganization(organizationId), id, createdAt);
      if (row !== undefined && row[0] !== fingerprint) return { conflictAt: index };
      duplicates.push(row === undefined ? null : { key: text(row[1]), createdAt: number(row[2]) });
    }
    cells.at = start;
    return { duplicates };
  }

  /** Reads one event with its deliveries, and stores it unless it is a duplicate. Answers the bytes of its payload. */
  function store(cells: CellReader, slab: Uint8Array, slabAt: number, duplicate: boolean): number {
    const { incarnation } = context;
    const organization = directory.requireOrganization(cells.text());
    const key = cells.text();
    const id = cells.textOrNull();
    const type = cells.text();
    const contentType = cells.textOrNull();
    const occurredAt = cells.numberOrNull();
    const createdAt = cells.number();
    const fingerprint = cells.textOrNull();
    const length = cells.number();
    const deliveryCount = cells.number();
    if (duplicate) {
      cells.at += deliveryCount * DELIVERY_CELLS;
      return length;
    }
    const event = numbers.event++;
    const payload = slab.subarray(slabAt, slabAt + length);
    insertEvent.run(event, key, organization, id, type, contentType, occurredAt, createdAt, payload);
    if (fingerprint !== null) {
      insertId.run(organization, id ?? key, event, fingerprint, createdAt + CLIENT_EVENT_ID_DAYS * DAY_MS);
    }
    for (let index = 0; index < deliveryCount; index += 1) {
      const deliveryId = cells.text();
      const endpoint = directory.requireEndpoint(cells.text());
      const leased = cells.any() === 1;
      const delivery = numbers.delivery++;
      insertDelivery.run(delivery, deliveryId, organization, endpoint.number, event, createdAt);
      insertQueued.run(delivery, endpoint.number, createdAt, leased ? incarnation : null);
      if (leased) leases.add(deliveryId, { delivery, endpoint: endpoint.number, incarnation });
      else due.waits(endpoint, createdAt);
    }
    return length;
  }

  return function accept(cells, slab, slabAt, answer) {
    const count = cells.number();
    const clientIds = cells.number();
    const row: IdempotencyRow | null = cells.number() === 1 ? decodeIdempotency(cells) : null;
    if (row !== null && idempotency.isTaken(row)) {
      answer.cells.push(ACCEPT_ANSWER.idempotencyConflict);
      return;
    }
    const checked = clientIds === 0 ? null : check(cells, count);
    if (checked !== null && 'conflictAt' in checked) {
      answer.cells.push(ACCEPT_ANSWER.eventIdConflict, checked.conflictAt);
      return;
    }
    if (row !== null) idempotency.insert(row);
    let at = slabAt;
    for (let index = 0; index < count; index += 1) {
      at += store(cells, slab, at, checked !== null && checked.duplicates[index] !== null);
    }
    if (checked === null || checked.duplicates.every((duplicate) => duplicate === null)) {
      answer.cells.push(ACCEPT_ANSWER.allStored);
      return;
    }
    answer.cells.push(ACCEPT_ANSWER.someDuplicate);
    for (const duplicate of checked.duplicates) answer.cells.push(duplicate?.key ?? null, duplicate?.createdAt ?? 0);
  };
}
