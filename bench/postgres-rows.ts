import { openDatabase } from '../packages/server/src/store/postgres/database.ts';
import { dayAt } from '../packages/server/src/store/postgres/days.ts';
import { makeDays } from '../packages/server/src/store/postgres/writer/partitions.ts';
import type { PostgresDatabase } from './postgres-bed.ts';

/** Rows put straight into the tables that the server uses: millions of them in the time that their pages take. */

/** A UUID of version 7 from milliseconds and a running number. */
const UUID_OF = (ms: string, number: string): string =>
  `(lpad(to_hex(${ms}), 12, '0') || '7' || lpad(to_hex(${number} % 4096), 3, '0')
    || '8' || lpad(to_hex(${number}), 15, '0'))::uuid`;

/** Makes the partitions of the days from one time to another. */
export async function makeDaysBetween(database: PostgresDatabase, fromMs: number, toMs: number): Promise<void> {
  const opened = openDatabase({ url: database.url, pooler: 'none' });
  try {
    const days = [];
    for (let ms = fromMs; ms <= toMs; ms += 3_600_000) days.push(dayAt(ms));
    await makeDays(opened, [...days, dayAt(toMs)]);
  } finally {
    await opened.close();
  }
}

type Fill = {
  /** As the API calls it. */
  readonly endpointId: string;
  /** Running numbers of the rows: from the first, below the second. */
  readonly from: number;
  readonly to: number;
  /** When the first was made, and how much later each next one was. */
  readonly startMs: number;
  readonly stepMs: number;
  readonly payloadBytes: number;
};

/** Events that were delivered: one delivery and one attempt each. */
export async function fillDelivered(database: PostgresDatabase, fill: Fill): Promise<void> {
  await database.query(
    `WITH made AS (${MADE}), events_in AS (${INSERT_EVENTS}),
      deliveries_in AS (
        INSERT INTO deliveries (id, event, organization, endpoint, created_at, status, attempt_count,
          last_response_status, last_attempt_at, ended_at)
        SELECT id, id, organization, endpoint, at, 'succeeded', 1, 204, at, at FROM made)
    INSERT INTO attempts (id, delivery, started_at, endpoint, ordinal, response_status, ring_version, total_ms, key_ids)
    SELECT id, id, at, endpoint, 1, 204, 1, 1, '' FROM made`,
    valuesOf(fill),
  );
}

/** Events that one endpoint is owed: one waiting delivery each. Their times must be over, so that they are due. */
export async function fillOwed(database: PostgresDatabase, fill: Fill): Promise<void> {
  await database.query(
    `WITH made AS (${MADE}), events_in AS (${INSERT_EVENTS}),
      deliveries_in AS (
        INSERT INTO deliveries (id, event, organization, endpoint, created_at)
        SELECT id, id, organization, endpoint, at FROM made)
    INSERT INTO queue (delivery, event, organization, endpoint, due_at)
    SELECT id, id, organization, endpoint, at FROM made`,
    valuesOf(fill),
  );
}

const MADE = `
  SELECT at, organization, endpoint, ${UUID_OF('at', 'n')} AS id
  FROM (SELECT n, $2::bigint + (n * $3::float8)::bigint AS at, e.organization, e.number AS endpoint
    FROM endpoints e, generate_series($4::bigint, $5::bigint - 1) AS n WHERE e.id = $1) AS times`;
const INSERT_EVENTS = `
  INSERT INTO events (key, organization, type, created_at, payload)
  SELECT id, organization, 'bench.old', at, convert_to('"' || repeat('x', $6::integer - 2) || '"', 'UTF8') FROM made`;

function valuesOf({ endpointId, startMs, stepMs, from, to, payloadBytes }: Fill): readonly unknown[] {
  return [endpointId, Math.floor(startMs), stepMs, from, to, payloadBytes];
}
