import { randomFillSync } from 'node:crypto';
import { DatabaseSync } from 'node:sqlite';
import { createIdSource } from '../../packages/server/src/domain/ids.ts';
import type { PostgresDatabase } from '../postgres-bed.ts';
import { fillDelivered, makeDaysBetween } from '../postgres-rows.ts';
import type { Plan } from './plan.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const PAYLOAD_BYTES = 360;

export type History = {
  readonly events: number;
  /** Of those, how many retention of a day must have removed when a soak of this length ends. */
  readonly mustGo: number;
};

/**
 * What a server has that has run for days with a retention of one day, the shortest there is: an hour brings nothing
 * past that by itself. Put there while no server runs.
 *
 * SQLite removes event by event: as much passes the age of a day each second as comes in, so the file stays as it is.
 */
export function writeSqliteHistory(databasePath: string, endpointId: string, plan: Plan): History {
  const now = Date.now();
  const passing = plan.perSecond * plan.seconds;
  const starts = [
    ...Array.from({ length: 2 * plan.oldEventsPerDay }, (_, index) => now - 3 * DAY_MS + index),
    ...Array.from({ length: passing }, (_, index) => now - DAY_MS + (index * 1_000) / plan.perSecond),
  ];
  let at = 0;
  const ids = createIdSource({ now: () => at, fillRandom: (bytes) => void randomFillSync(bytes) });
  using db = new DatabaseSync(databasePath);
  const row = db.prepare('SELECT number, organization FROM endpoints WHERE id = ?').get(endpointId);
  const endpoint = Number(row?.['number']);
  const organization = Number(row?.['organization']);
  const event = db.prepare(
    'INSERT INTO events (key, organization, type, created_at, payload) VALUES (?, ?, ?, ?, ?) RETURNING number',
  );
  const delivery = db.prepare(
    `INSERT INTO deliveries (id, organization, endpoint, event, status, attempt_count, last_response_status,
       last_attempt_at, ended_at, created_at) VALUES (?, ?, ?, ?, 'succeeded', 1, 204, ?, ?, ?) RETURNING number`,
  );
  const attempt = db.prepare(
    `INSERT INTO attempts (id, delivery, endpoint, ordinal, started_at, response_status, total_ms, ring_version, key_ids)
     VALUES (?, ?, ?, 1, ?, 204, 1, 1, '')`,
  );
  const payload = Buffer.from(JSON.stringify('x'.repeat(PAYLOAD_BYTES - 2)));
  db.exec('BEGIN');
  for (const time of starts) {
    at = Math.floor(time);
    const { number: eventNumber } = event.get(ids.next('evt'), organization, 'soak.old', at, payload) as Numbered;
    const { number } = delivery.get(ids.next('dlv'), organization, endpoint, eventNumber, at, at, at) as Numbered;
    attempt.run(ids.next('att'), number, endpoint, at);
  }
  db.exec('COMMIT');
  return { events: starts.length, mustGo: starts.length };
}

type Numbered = { readonly number: number };

/** PostgreSQL removes whole days: two that are past retention must go, the one before today must stay. */
export async function writePostgresHistory(
  database: PostgresDatabase,
  endpointId: string,
  plan: Plan,
): Promise<History> {
  const today = Math.floor(Date.now() / DAY_MS) * DAY_MS;
  const count = plan.oldEventsPerDay;
  const stepMs = DAY_MS / count;
  await makeDaysBetween(database, today - 3 * DAY_MS, today);
  const fill = { endpointId, startMs: today - 3 * DAY_MS, stepMs, payloadBytes: PAYLOAD_BYTES };
  await fillDelivered(database, { ...fill, from: 0, to: 3 * count });
  return { events: 3 * count, mustGo: 2 * count };
}
