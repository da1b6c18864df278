import type { HealthChange, Incarnation, Outcome } from '../../port.ts';
import type { Statement, Value } from '../database.ts';
import { uuidAt } from '../uuids.ts';
import { BigintColumn, BytesColumn, IntegerColumn, RealColumn, TextColumn, UuidColumn } from '../values.ts';
import { batchRow } from './batches.ts';
import type { Directory } from './directory.ts';
import { drain, earliestNew, putDue } from './due-index.ts';

const NEXT = { unchanged: 0, succeeded: 1, retry: 2, dead: 3, cancelled: 4 } as const;

/** Only their partitions are opened: `$26` and `$27` are the bounds of the ids in the batch. */
const IN_BOUNDS = 'd.id >= $26::uuid AND d.id < $27::uuid';

/**
 * The queue decides: who holds the lease there, or brings a success, moves the delivery on. `owned` are the places of
 * outcomes that did. A look into it stays a look into a small table in memory: `NOT IN`, and `IN` beside an `OR`, are never
 * made into a join.
 */
export const RECORD: Statement = {
  name: 'record',
  text: `WITH given AS MATERIALIZED (
      SELECT * FROM unnest($4::uuid[], $5::uuid[], $6::integer[], $7::integer[], $8::integer[], $9::integer[],
        $10::bigint[], $11::text[], $12::integer[], $13::bigint[], $14::integer[], $15::text[], $16::text[],
        $17::real[], $18::real[], $19::real[], $20::real[], $21::real[], $22::integer[], $23::text[], $24::text[],
        $25::bytea[]) WITH ORDINALITY
        AS g(id, delivery, organization, endpoint, next, incarnation, at, reason, ordinal, started_at, response_status,
          error_kind, error_detail, dns_ms, connect_ms, tls_ms, first_byte_ms, total_ms, ring_version, key_ids,
          response_headers, response_excerpt, n)),
    ended AS (
      DELETE FROM queue q USING given g
      WHERE q.delivery = g.delivery
        AND (g.next = ${NEXT.succeeded} OR (g.next >= ${NEXT.dead} AND q.lease = g.incarnation))
      RETURNING g.n, g.delivery, g.organization, g.endpoint, g.next, g.at, g.reason, g.ordinal, g.started_at,
        g.response_status, g.error_kind),
    again AS (
      UPDATE queue q SET lease = NULL, due_at = g.at FROM given g
      WHERE q.delivery = g.delivery AND g.next = ${NEXT.retry} AND q.lease = g.incarnation
      RETURNING g.n, g.delivery, g.organization, g.endpoint, g.next, g.at, g.at AS due_at, g.reason, g.ordinal,
        g.started_at, g.response_status, g.error_kind),
    owned AS MATERIALIZED (
      SELECT n, delivery, organization, next, at, reason, ordinal, started_at, response_status, error_kind FROM ended
      UNION ALL
      SELECT n, delivery, organization, next, at, reason, ordinal, started_at, response_status, error_kind FROM again),
    moved AS (
      UPDATE deliveries d SET
        status = CASE o.next WHEN ${NEXT.succeeded} THEN 'succeeded' WHEN ${NEXT.retry} THEN 'retrying'
          WHEN ${NEXT.dead} THEN 'dead' ELSE 'cancelled' END,
        attempt_count = greatest(d.attempt_count, o.ordinal), last_response_status = o.response_status,
        last_error_kind = o.error_kind, last_attempt_at = o.started_at,
        ended_at = CASE o.next WHEN ${NEXT.retry} THEN NULL ELSE o.at END, death_reason = o.reason
      FROM owned o
      WHERE d.organization = o.organization AND d.id = o.delivery AND ${IN_BOUNDS}),
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
        SELECT 1 FROM deliveries d WHERE d.organization = g.organization AND d.id = g.delivery AND ${IN_BOUNDS})),
    ${putDue('due', 'again', '$28::bigint')},
    ${drain('again')},
    health AS (
      INSERT INTO endpoint_health AS h
        (endpoint, consecutive_failures, failing_since, last_success_at, last_failure_at)
      SELECT endpoint, failures, failing_since, success_at, failure_at
      FROM unnest($29::integer[], $30::bigint[], $31::bigint[], $32::bigint[], $33::bigint[])
        AS g(endpoint, failures, failing_since, success_at, failure_at)
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

/** Collects the columns of a batch. */
export class RecordBatch {
  readonly #directory: Directory;
  readonly #outcome = {
    id: new UuidColumn(),
    delivery: new UuidColumn(),
    organization: new IntegerColumn(),
    endpoint: new IntegerColumn(),
    next: new IntegerColumn(),
    incarnation: new IntegerColumn(),
    at: new BigintColumn(),
    reason: new TextColumn(),
    ordinal: new IntegerColumn(),
    startedAt: new BigintColumn(),
    responseStatus: new IntegerColumn(),
    errorKind: new TextColumn(),
    errorDetail: new TextColumn(),
    dnsMs: new RealColumn(),
    connectMs: new RealColumn(),
    tlsMs: new RealColumn(),
    firstByteMs: new RealColumn(),
    totalMs: new RealColumn(),
    ringVersion: new IntegerColumn(),
    keyIds: new TextColumn(),
    headers: new TextColumn(),
    excerpt: new BytesColumn(),
  };
  readonly #health = new Map<number, Health>();

  constructor(directory: Directory) {
    this.#directory = directory;
  }

  addOutcome({ attempt, next }: Outcome, incarnation: Incarnation): void {
    const endpoint = this.#require(attempt.endpointId);
    const columns = this.#outcome;
    columns.id.add(attempt.id);
    columns.delivery.add(attempt.deliveryId);
    columns.organization.add(endpoint.organization);
    columns.endpoint.add(endpoint.number);
    columns.next.add(NEXT[next.kind]);
    columns.incarnation.add(incarnation);
    columns.at.add(next.kind === 'retry' ? next.dueAt : next.kind === 'unchanged' ? 0 : next.at);
    columns.reason.addOrNull(next.kind === 'dead' ? next.reason : null);
    columns.ordinal.add(attempt.number);
    columns.startedAt.add(attempt.startedAt);
    columns.responseStatus.addOrNull(attempt.responseStatus);
    columns.errorKind.addOrNull(attempt.errorKind);
    columns.errorDetail.addOrNull(attempt.errorDetail === null ? null : storable(attempt.errorDetail));
    columns.dnsMs.addOrNull(attempt.phases.dnsMs);
    columns.connectMs.addOrNull(attempt.phases.connectMs);
    columns.tlsMs.addOrNull(attempt.phases.tlsMs);
    columns.firstByteMs.addOrNull(attempt.phases.firstByteMs);
    columns.totalMs.add(attempt.phases.totalMs);
    columns.ringVersion.add(attempt.ringVersion);
    columns.keyIds.add(attempt.keyIds);
    // In JSON a NUL is written out.
    columns.headers.addOrNull(attempt.responseHeaders === null ? null : JSON.stringify(attempt.responseHeaders));
    columns.excerpt.addOrNull(attempt.responseExcerpt);
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

  get times(): readonly number[] {
    const { id, delivery } = this.#outcome;
    return id.count === 0 ? [] : [id.timeMin, id.timeMax, delivery.timeMin, delivery.timeMax];
  }

  values(now: number): readonly Value[] {
    const { delivery } = this.#outcome;
    const [from, to] = delivery.count === 0 ? [0, 0] : [delivery.timeMin, delivery.timeMax + 1];
    const health = {
      endpoint: new IntegerColumn(),
      failures: new BigintColumn(),
      failingSince: new BigintColumn(),
      successAt: new BigintColumn(),
      failureAt: new BigintColumn(),
    };
    for (const [endpoint, change] of this.#health) {
      health.endpoint.add(endpoint);
      health.failures.add(change.failures);
      health.failingSince.addOrNull(change.failingSince);
      health.successAt.addOrNull(change.successAt);
      health.failureAt.addOrNull(change.failureAt);
    }
    return [
      ...Object.values(this.#outcome).map((column) => column.value()),
      uuidAt(from),
      uuidAt(to),
      Math.floor(now),
      ...Object.values(health).map((column) => column.value()),
    ];
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
