import type { HealthChange, Incarnation, Outcome } from '../../port.ts';
import type { Statement, Value } from '../database.ts';
import { uuidAt } from '../uuids.ts';
import {
  BigintColumn,
  BytesColumn,
  clearAll,
  IntegerColumn,
  RealColumn,
  rowsOf,
  TextColumn,
  UuidColumn,
  widthOf,
} from '../values.ts';
import { BATCH_PARAMETERS, batchRow } from './batches.ts';
import type { Directory } from './directory.ts';
import { drain, earliestNew, putDue } from './due-index.ts';
import { lookUp } from './look-up.ts';

const NEXT = { unchanged: 0, succeeded: 1, retry: 2, dead: 3, cancelled: 4 } as const;

const createOutcomeColumns = () => ({
  id: new UuidColumn(),
  delivery: new UuidColumn(),
  key_ids: new TextColumn(),
  organization: new IntegerColumn(),
  endpoint: new IntegerColumn(),
  next: new IntegerColumn(),
  incarnation: new IntegerColumn(),
  at: new BigintColumn(),
  reason: new TextColumn(),
  ordinal: new IntegerColumn(),
  started_at: new BigintColumn(),
  response_status: new IntegerColumn(),
  error_kind: new TextColumn(),
  error_detail: new TextColumn(),
  dns_ms: new RealColumn(),
  connect_ms: new RealColumn(),
  tls_ms: new RealColumn(),
  first_byte_ms: new RealColumn(),
  total_ms: new RealColumn(),
  ring_version: new IntegerColumn(),
  response_headers: new TextColumn(),
  response_excerpt: new BytesColumn(),
});
const createHealthColumns = () => ({
  endpoint: new IntegerColumn(),
  failures: new BigintColumn(),
  failing_since: new BigintColumn(),
  success_at: new BigintColumn(),
  failure_at: new BigintColumn(),
});

const OUTCOMES_AT = BATCH_PARAMETERS + 1;
const HEALTH_AT = OUTCOMES_AT + widthOf(createOutcomeColumns());
const FROM_AT = HEALTH_AT + widthOf(createHealthColumns());

/** The bounds of the ids in the batch: partitions beside them are not even opened. */
const IN_BOUNDS = `d.id >= $${FROM_AT}::uuid AND d.id < $${FROM_AT + 1}::uuid`;
const NOW = `$${FROM_AT + 2}::bigint`;

/**
 * The queue decides: who holds the lease there, or brings a success, moves the delivery on. `owned` are the places of
 * outcomes that did. A look into it stays a look into a small table in memory: `NOT IN`, and `IN` beside an `OR`, are never
 * made into a join.
 */
export const RECORD: Statement = {
  name: 'record',
  text: `WITH given AS MATERIALIZED (SELECT * FROM ${rowsOf(OUTCOMES_AT, createOutcomeColumns(), 'g', true)}),
    ended AS (
      DELETE FROM queue q USING given g
      WHERE ${lookUp('q.delivery', 'g.delivery')}
        AND (g.next = ${NEXT.succeeded} OR (g.next >= ${NEXT.dead} AND q.lease = g.incarnation))
      RETURNING g.n, g.delivery, g.organization, g.endpoint, g.next, g.at, g.reason, g.ordinal, g.started_at,
        g.response_status, g.error_kind),
    again AS (
      UPDATE queue q SET lease = NULL, due_at = g.at FROM given g
      WHERE ${lookUp('q.delivery', 'g.delivery')} AND g.next = ${NEXT.retry} AND (q.lease = g.incarnation) IS TRUE
      RETURNING g.n, g.delivery, g.organization, g.endpoint, g.next, g.at, g.at AS due_at, g.reason, g.ordinal,
        g.started_at, g.response_status, g.error_kind),
    owned AS MATERIALIZED (
      SELECT n, delivery, organization, endpoint, next, at, reason, ordinal, started_at, response_status, error_kind
      FROM ended
      UNION ALL
      SELECT n, delivery, organization, endpoint, next, at, reason, ordinal, started_at, response_status, error_kind
      FROM again),
    moved AS (
      UPDATE deliveries d SET
        status = CASE o.next WHEN ${NEXT.succeeded} THEN 'succeeded' WHEN ${NEXT.retry} THEN 'retrying'
          WHEN ${NEXT.dead} THEN 'dead' ELSE 'cancelled' END,
        attempt_count = greatest(d.attempt_count, o.ordinal), last_response_status = o.response_status,
        last_error_kind = o.error_kind, last_attempt_at = o.started_at,
        ended_at = CASE o.next WHEN ${NEXT.retry} THEN NULL ELSE o.at END, death_reason = o.reason
      FROM owned o
      WHERE ${lookUp('d.id', 'o.delivery')} AND ${lookUp('d.organization', 'o.organization')}
        AND ${lookUp('d.endpoint', 'o.endpoint')}),
    failed AS (
      INSERT INTO failed_deliveries (delivery, endpoint, organization, status)
      SELECT delivery, endpoint, organization, CASE next WHEN ${NEXT.dead} THEN 'dead' ELSE 'cancelled' END
      FROM ended WHERE next >= ${NEXT.dead}),
    attempts_in AS (
      INSERT INTO attempts (id, delivery, started_at, endpoint, ordinal, response_status, ring_version, dns_ms,
        connect_ms, tls_ms, first_byte_ms, total_ms, error_kind, error_detail, key_ids, response_headers,
        response_excerpt)
      SELECT id, delivery, started_at, endpoint, ordinal, response_status, ring_version, dns_ms, connect_ms, tls_ms,
        first_byte_ms, total_ms, error_kind, error_detail, key_ids, response_headers, response_excerpt
      FROM given g
      WHERE g.n IN (SELECT n FROM owned) OR EXISTS (
        SELECT 1 FROM deliveries d
        WHERE d.organization = g.organization AND d.endpoint = g.endpoint AND d.id = g.delivery AND ${IN_BOUNDS})),
    ${putDue('due', 'again', NOW)},
    ${drain('again')},
    health AS (
      INSERT INTO endpoint_health AS h
        (endpoint, consecutive_failures, failing_since, last_success_at, last_failure_at)
      SELECT endpoint, failures, failing_since, success_at, failure_at
      FROM ${rowsOf(HEALTH_AT, createHealthColumns())}
      ORDER BY endpoint
      ON CONFLICT (endpoint) DO UPDATE SET
        consecutive_failures = CASE WHEN excluded.last_success_at IS NULL THEN h.consecutive_failures ELSE 0 END
          + excluded.consecutive_failures,
        failing_since = CASE WHEN excluded.last_success_at IS NULL
          THEN coalesce(h.failing_since, excluded.failing_since) ELSE excluded.failing_since END,
        last_success_at = greatest(h.last_success_at, excluded.last_success_at),
        last_failure_at = greatest(h.last_failure_at, excluded.last_failure_at)),
    ${batchRow(`ARRAY(SELECT g.n::integer FROM given g
        WHERE g.next <> ${NEXT.unchanged} AND g.n NOT IN (SELECT n FROM owned))`)}
    SELECT (SELECT array_to_string(numbers, ',') FROM batch), ${earliestNew('due')}`,
};

/** The columns of a batch. They are used again for the next one. */
export class RecordBatch {
  readonly #directory: Directory;
  readonly #outcomes = createOutcomeColumns();
  readonly #healthColumns = createHealthColumns();
  readonly #health = new Map<number, Health>();

  constructor(directory: Directory) {
    this.#directory = directory;
  }

  begin(): void {
    clearAll(this.#outcomes);
    clearAll(this.#healthColumns);
    this.#health.clear();
  }

  addOutcome({ attempt, next }: Outcome, incarnation: Incarnation): void {
    const endpoint = this.#require(attempt.endpointId);
    const columns = this.#outcomes;
    columns.id.add(attempt.id);
    columns.delivery.add(attempt.deliveryId);
    columns.organization.add(endpoint.organization);
    columns.endpoint.add(endpoint.number);
    columns.next.add(NEXT[next.kind]);
    columns.incarnation.add(incarnation);
    columns.at.add(next.kind === 'retry' ? next.dueAt : next.kind === 'unchanged' ? 0 : next.at);
    columns.reason.addOrNull(next.kind === 'dead' ? next.reason : null);
    columns.ordinal.add(attempt.number);
    columns.started_at.add(attempt.startedAt);
    columns.response_status.addOrNull(attempt.responseStatus);
    columns.error_kind.addOrNull(attempt.errorKind);
    columns.error_detail.addOrNull(attempt.errorDetail === null ? null : storable(attempt.errorDetail));
    columns.dns_ms.addOrNull(attempt.phases.dnsMs);
    columns.connect_ms.addOrNull(attempt.phases.connectMs);
    columns.tls_ms.addOrNull(attempt.phases.tlsMs);
    columns.first_byte_ms.addOrNull(attempt.phases.firstByteMs);
    columns.total_ms.add(attempt.phases.totalMs);
    columns.ring_version.add(attempt.ringVersion);
    columns.key_ids.add(attempt.keyIds);
    // In JSON a NUL is written out.
    columns.response_headers.addOrNull(
      attempt.responseHeaders === null ? null : JSON.stringify(attempt.responseHeaders),
    );
    columns.response_excerpt.addOrNull(attempt.responseExcerpt);
  }

  addHealth(change: HealthChange): void {
    const { number: endpoint } = this.#require(change.endpointId);
    const before = this.#health.get(endpoint);
    const { failures, successAt, failureAt } = change;
    const failingSince = failures > 0 ? change.firstFailureAt : null;
    if (before === undefined) {
      this.#health.set(endpoint, { failures, failingSince, successAt, failureAt });
      return;
    }
    // Two changes of one batch are one: what the second would do to the row that the first left.
    const startsAnew = successAt !== null;
    this.#health.set(endpoint, {
      failures: (startsAnew ? 0 : before.failures) + failures,
      failingSince: startsAnew ? failingSince : (before.failingSince ?? failingSince),
      successAt: later(before.successAt, successAt),
      failureAt: later(before.failureAt, failureAt),
    });
  }

  values(now: number): readonly Value[] {
    const health = this.#healthColumns;
    for (const [endpoint, change] of this.#health) {
      health.endpoint.add(endpoint);
      health.failures.add(change.failures);
      health.failing_since.addOrNull(change.failingSince);
      health.success_at.addOrNull(change.successAt);
      health.failure_at.addOrNull(change.failureAt);
    }
    const { delivery } = this.#outcomes;
    const [from, to] = delivery.count === 0 ? [0, 0] : [delivery.timeMin, delivery.timeMax + 1];
    const values: Value[] = [];
    for (const column of Object.values(this.#outcomes)) values.push(column.value());
    for (const column of Object.values(health)) values.push(column.value());
    values.push(uuidAt(from), uuidAt(to), Math.floor(now));
    return values;
  }

  #require(endpointId: string) {
    const entry = this.#directory.endpoint(endpointId);
    if (entry === null) throw new Error(`endpoint ${endpointId} is not in the store`);
    return entry;
  }
}

type Health = {
  readonly failures: number;
  readonly failingSince: number | null;
  readonly successAt: number | null;
  readonly failureAt: number | null;
};

function later(one: number | null, two: number | null): number | null {
  return one === null || two === null ? (one ?? two) : Math.max(one, two);
}

/** PostgreSQL's text has no NUL. */
function storable(said: string): string {
  return said.includes('\0') ? said.replaceAll('\0', '\ufffd') : said;
}
