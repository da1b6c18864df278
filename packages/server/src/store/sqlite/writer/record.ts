import { arrayOf, type CellReader, number } from '../cells.ts';
import { NEXT, NO_BYTES } from '../wire/record.ts';
import type { AnswerBuilder, WriteContext } from './context.ts';

/** What `deliveries.status` says of a delivery that has not ended. */
const WAITING = new Set<unknown>(['pending', 'retrying']);

/** Appends attempts and moves their deliveries on. */
export function createRecord(
  context: WriteContext,
): (cells: CellReader, slab: Uint8Array, slabAt: number, answer: AnswerBuilder) => void {
  const { db, directory, due, leased, numbers } = context;
  const selectDelivery = db.prepare(`
    SELECT d.number, d.status, q.lease FROM deliveries d LEFT JOIN queue q ON q.delivery = d.number
    WHERE d.organization = ? AND d.id = ?`);
  selectDelivery.setReturnArrays(true);
  const insertAttempt = db.prepare(`
    INSERT INTO attempts (number, id, delivery, endpoint, ordinal, started_at, response_status, error_kind,
      error_detail, dns_ms, connect_ms, tls_ms, first_byte_ms, total_ms, ring_version, key_ids, response_headers,
      response_excerpt)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`);
  const updateDelivery = db.prepare(`
    UPDATE deliveries SET status = ?, attempt_count = max(attempt_count, ?), last_response_status = ?,
      last_error_kind = ?, last_attempt_at = ?, ended_at = ?, death_reason = ?
    WHERE number = ?`);
  const deleteQueued = db.prepare('DELETE FROM queue WHERE delivery = ?');
  const requeue = db.prepare('UPDATE queue SET lease = NULL, due_at = ? WHERE delivery = ?');
  const changeHealth = db.prepare(CHANGE_HEALTH);

  /** Answers whether the state was the caller's to change; `bytes` counts what was read of the slab. */
  function recordOne(
    cells: CellReader,
    slab: Uint8Array,
    slabAt: number,
    incarnation: number,
  ): { owned: boolean; bytes: number } {
    const next = cells.number();
    const at = cells.number();
    const reason = cells.textOrNull();
    const id = cells.text();
    const deliveryId = cells.text();
    const endpoint = directory.requireEndpoint(cells.text());
    const ordinal = cells.number();
    const startedAt = cells.number();
    const responseStatus = cells.numberOrNull();
    const errorKind = cells.textOrNull();
    const errorDetail = cells.textOrNull();
    const dnsMs = cells.numberOrNull();
    const connectMs = cells.numberOrNull();
    const tlsMs = cells.numberOrNull();
    const firstByteMs = cells.numberOrNull();
    const totalMs = cells.number();
    const ringVersion = cells.number();
    const keyIds = cells.text();
    const headers = cells.textOrNull();
    const length = cells.number();
    const excerpt = length === NO_BYTES ? null : slab.subarray(slabAt, slabAt + length);
    const bytes = excerpt === null ? 0 : length;

    const held = leased.find(deliveryId, endpoint.number, incarnation);
    const row = held === null ? arrayOf(selectDelivery, endpoint.organization, deliveryId) : undefined;
    // Its event is past retention, and its history went with it.
    if (held === null && row === undefined) return { owned: false, bytes };
    const delivery = held ?? number(row?.[0]);
    insertAttempt.run(
      numbers.attempt++,
      id,
      delivery,
      endpoint.number,
      ordinal,
      startedAt,
      responseStatus,
      errorKind,
      errorDetail,
      dnsMs,
      connectMs,
      tlsMs,
      firstByteMs,
      totalMs,
      ringVersion,
      keyIds,
      headers,
      excerpt,
    );
    if (next === NEXT.unchanged) return { owned: true, bytes };
    const owned = held !== null || row?.[2] === incarnation || (next === NEXT.succeeded && WAITING.has(row?.[1]));
    if (!owned) return { owned, bytes };
    leased.remove(deliveryId);

    if (next === NEXT.retry) {
      requeue.run(at, delivery);
      due.waits(endpoint, at);
      updateDelivery.run('retrying', ordinal, responseStatus, errorKind, startedAt, null, null, delivery);
    } else {
      deleteQueued.run(delivery);
      updateDelivery.run(
        STATUS_OF_NEXT[next] ?? 'dead',
        ordinal,
        responseStatus,
        errorKind,
        startedAt,
        at,
        reason,
        delivery,
      );
    }
    return { owned, bytes };
  }

  return function record(cells, slab, slabAt, answer) {
    const incarnation = cells.number();
    const outcomeCount = cells.number();
    const healthCount = cells.number();
    let at = slabAt;
    let lost = 0;
    for (let index = 0; index < outcomeCount; index += 1) {
      const { owned, bytes } = recordOne(cells, slab, at, incarnation);
      at += bytes;
      if (!owned) lost += 1;
    }
    for (let index = 0; index < healthCount; index += 1) {
      const endpoint = directory.requireEndpoint(cells.text());
      const successAt = cells.numberOrNull();
      const failureAt = cells.numberOrNull();
      const failures = cells.number();
      const firstFailureAt = cells.numberOrNull();
      changeHealth.run(endpoint.number, failures, failures > 0 ? firstFailureAt : null, successAt, failureAt);
    }
    answer.cells.push(lost);
  };
}

const STATUS_OF_NEXT: Readonly<Record<number, string>> = {
  [NEXT.succeeded]: 'succeeded',
  [NEXT.dead]: 'dead',
  [NEXT.cancelled]: 'cancelled',
};

/** A success in the change starts the count anew; without one the failures add up. */
const CHANGE_HEALTH = `
  INSERT INTO endpoint_health (endpoint, consecutive_failures, failing_since, last_success_at, last_failure_at)
  VALUES (?, ?, ?, ?, ?)
  ON CONFLICT (endpoint) DO UPDATE SET
    consecutive_failures =
      iif(excluded.last_success_at IS NULL, consecutive_failures, 0) + excluded.consecutive_failures,
    failing_since = iif(excluded.last_success_at IS NULL, coalesce(failing_since, excluded.failing_since),
      excluded.failing_since),
    last_success_at = coalesce(max(last_success_at, excluded.last_success_at), last_success_at,
      excluded.last_success_at),
    last_failure_at = coalesce(max(last_failure_at, excluded.last_failure_at), last_failure_at,
      excluded.last_failure_at)`;
