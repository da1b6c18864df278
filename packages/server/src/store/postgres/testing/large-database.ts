import { Client } from 'pg';
import { DAY, START } from '../../contract/fixtures.ts';
import { openDatabase } from '../database.ts';
import { dayAt } from '../days.ts';
import { UUID_MAX } from '../uuids.ts';
import { listPartitions, makeDays, partitionName } from '../writer/partitions.ts';

/** Of which the rows below are: those of the caller, and others. */
const ORGANIZATIONS = 20;
const ENDPOINTS_MIN = 1_000;
const ROWS_PER_ENDPOINT = 50;
/** Days before START over which history is spread. */
export const DAYS_FILLED = 8;

const FROM = START - DAYS_FILLED * DAY;
const AT = `(${FROM} + i * ${DAYS_FILLED * DAY}::bigint / $1)::bigint`;
const TAIL = "lpad(to_hex(i % 4096), 3, '0') || '8' || lpad(to_hex(i), 15, '0')";
const ID = `(lpad(to_hex(${AT}), 12, '0') || '7' || ${TAIL})::uuid`;
const ENDPOINTS = `greatest(${ENDPOINTS_MIN}, $1::bigint / ${ROWS_PER_ENDPOINT})`;
const ROWS = `generate_series(1, $1::bigint) AS i JOIN endpoints e ON e.number = 1 + i * 7919 % ${ENDPOINTS}`;
const ENDPOINT = 'e.number';
const ORGANIZATION = 'e.organization';

const WIDE = `(lpad(to_hex(${FROM}), 12, '0') || '7000' || lpad(to_hex(i), 16, '0'))::uuid`;

/** Half of the deliveries have ended, with an attempt each; the later half is owed. */
const FILL = [
  `INSERT INTO organizations (id, name, rotation_policy, version, created_at, updated_at)
    SELECT 'org_' || i, 'one', '{}', 1, 0, 0 FROM generate_series(2, ${ORGANIZATIONS}) AS i WHERE $1::bigint > 0`,
  `INSERT INTO endpoints (id, organization, url, status, status_reason, status_at, settings, version, created_at, updated_at)
    SELECT 'ep_' || i, 1 + i % ${ORGANIZATIONS}, e.url, CASE WHEN i % 50 = 0 THEN 'suspended' ELSE 'active' END, 'manual', 1,
      e.settings, 1, 0, 0
    FROM generate_series(1, ${ENDPOINTS}) AS i, (SELECT * FROM endpoints LIMIT 1) e`,
  `INSERT INTO endpoint_health (endpoint, consecutive_failures)
    SELECT number, 0 FROM endpoints WHERE $1::bigint > 0 ON CONFLICT DO NOTHING`,
  `INSERT INTO keyrings (owner, version) SELECT id, 1 FROM endpoints WHERE $1::bigint > 0 ON CONFLICT DO NOTHING`,
  ...['secrets', 'secret_history'].map(
    (table) => `INSERT INTO ${table} (id, owner, position, number, algorithm, created_at, activates_at, superseded_at,
      ends_at, origin, hint, fingerprint, actor, sealed)
    SELECT '${table}_' || e.number || '_' || i, e.id, i, i, 'hmac-sha256', 0, 1, i, ${START} + 1000000 * i, 'generated',
      'x', 'x', 'x', 'sealed.x'
    FROM endpoints e, generate_series(1, 3) AS i WHERE $1::bigint > 0`,
  ),
  `INSERT INTO api_keys (id, organization_id, name, token_hash, hint, dialect, scopes, created_at)
    SELECT 'key_' || i, 'org_' || i % ${ORGANIZATIONS}, 'x', i::text, 'x', 'native', '[]', 0
    FROM generate_series(1, 2000) AS i WHERE $1::bigint > 0`,
  `INSERT INTO idempotency (principal, route, key, fingerprint, reference, created_at, expires_at)
    SELECT 'p' || i % 50, 'r', i::text, 'f', '{}', 0, ${START} + i - 100 FROM generate_series(1, 5000) AS i
    WHERE $1::bigint > 0`,
  `INSERT INTO audit (id, at, organization_id, actor, action, target, detail)
    SELECT 'aud_' || i, ${FROM} + i * 1000, 'org_' || i % ${ORGANIZATIONS}, 'x', 'x', 'x', '{}'
    FROM generate_series(1, 5000) AS i WHERE $1::bigint > 0`,
  `INSERT INTO changes (number, kind, subject, at) SELECT -i, 'endpoint', 'x', ${START} - i * 1000
    FROM generate_series(1, 5000) AS i WHERE $1::bigint > 0`,
  `INSERT INTO events (key, organization, id, type, created_at, payload)
    SELECT ${ID}, ${ORGANIZATION}, CASE WHEN i % 20 = 0 THEN 'own-' || i END, 'order.created', ${AT}, '{"n":1}'
    FROM ${ROWS}`,
  `INSERT INTO event_ids (organization, id, event, fingerprint, created_at, expires_at)
    SELECT ${ORGANIZATION}, 'own-' || i, ${ID}, 'f', ${AT}, ${AT} + ${7 * DAY} FROM ${ROWS} WHERE i % 20 = 0`,
  `INSERT INTO erasures (event, at) SELECT ${ID}, ${START} FROM ${ROWS} WHERE i % 1000 = 1`,
  `INSERT INTO deliveries (id, event, organization, endpoint, created_at, status, attempt_count, ended_at, death_reason)
    SELECT ${ID}, ${ID}, ${ORGANIZATION}, ${ENDPOINT}, ${AT},
      CASE WHEN i > $1 / 2 THEN 'pending' WHEN i % 50 = 0 THEN 'dead' WHEN i % 50 = 1 THEN 'cancelled' ELSE 'succeeded' END,
      1, ${AT}, 'retries_exhausted'
    FROM ${ROWS}`,
  `INSERT INTO failed_deliveries (delivery, endpoint, organization, status)
    SELECT ${ID}, ${ENDPOINT}, ${ORGANIZATION}, CASE WHEN i % 50 = 0 THEN 'dead' ELSE 'cancelled' END
    FROM ${ROWS} WHERE i <= $1 / 2 AND i % 50 IN (0, 1)`,
  `INSERT INTO attempts
      (id, delivery, recorded, started_at, endpoint, ordinal, response_status, ring_version, total_ms, key_ids)
    SELECT ${ID}, ${ID}, 1 + i / 1000, ${AT}, ${ENDPOINT}, 1, CASE WHEN i % 50 IN (0, 1) THEN 500 ELSE 200 END, 1, 3.5, 'sec_x'
    FROM ${ROWS} WHERE i <= $1 / 2`,
  `INSERT INTO queue (delivery, event, organization, endpoint, due_at, lease, resend)
    SELECT ${ID}, ${ID}, ${ORGANIZATION}, ${ENDPOINT}, ${AT}, CASE WHEN i % 100 = 3 THEN 999999 END, i % 1000 = 5
    FROM ${ROWS} WHERE i > $1 / 2`,
  // One of the first day went to many endpoints.
  `INSERT INTO events (key, organization, type, created_at, payload)
    SELECT ${WIDE}, 1, 'order.created', ${FROM}, '{}' FROM generate_series(0, 0) AS i WHERE $1::bigint > 0`,
  `INSERT INTO deliveries (id, event, organization, endpoint, created_at, status, attempt_count, ended_at)
    SELECT ${WIDE}, (SELECT ${WIDE} FROM generate_series(0, 0) AS i), 1, 1, ${FROM}, 'succeeded', 1, ${FROM}
    FROM generate_series(1, 300) AS i WHERE $1::bigint > 0`,
  // Of the first day, some were sent again.
  `INSERT INTO queue (delivery, event, organization, endpoint, due_at, resend)
    SELECT ${ID}, ${ID}, ${ORGANIZATION}, ${ENDPOINT}, ${AT}, true FROM ${ROWS} WHERE i < $1 / 20 AND i % 100 = 5`,
  // Owed, but its event is gone.
  `INSERT INTO queue (delivery, event, organization, endpoint, due_at)
    SELECT '${UUID_MAX}', '${UUID_MAX}', organization, number, 0 FROM endpoints WHERE $1::bigint > 0
    ORDER BY number LIMIT 1`,
  `INSERT INTO due_endpoints (endpoint, due_at)
    SELECT q.endpoint, min(q.due_at) FROM queue q JOIN endpoints e ON e.number = q.endpoint
    WHERE q.lease IS NULL AND $1::bigint > 0 GROUP BY q.endpoint ON CONFLICT DO NOTHING`,
];

/**
 * Fills tables behind the store's back, beside what the caller put there. Partitions get statistics of their own, as
 * autovacuum makes them; their tables as a whole get none, as autovacuum leaves them.
 */
export async function fillDatabase(url: string, rows: number): Promise<void> {
  const database = openDatabase({ url, pooler: 'none' });
  await makeDays(
    database,
    Array.from({ length: DAYS_FILLED + 1 }, (_, back) => dayAt(START - back * DAY)),
  );
  const partitions = await listPartitions(database);
  await database.close();
  // Without the limits of time that a store has.
  const client = new Client({ connectionString: url });
  await client.connect();
  for (const text of FILL) await client.query(text, [rows]);
  const { rows: plain } = await client.query<{ relname: string }>(
    "SELECT relname FROM pg_class WHERE relnamespace = current_schema()::regnamespace AND relkind = 'r' AND NOT relispartition",
  );
  const names = [
    ...plain.map(({ relname }) => relname),
    ...partitions.map(({ table, day }) => partitionName(table, day)),
  ];
  await client.query(`VACUUM ANALYZE ${names.join(', ')}`);
  await client.end();
}

/** The ids of a filled row, by its number. */
export function filledUuid(i: number, rows: number): string {
  const at = FROM + Math.floor((i * DAYS_FILLED * DAY) / rows);
  const hex = `${at.toString(16).padStart(12, '0')}7${(i % 4096).toString(16).padStart(3, '0')}8${i.toString(16).padStart(15, '0')}`;
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
