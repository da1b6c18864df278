import type { EndpointId } from '../../packages/server/src/domain/ids.ts';
import type { SharedDatabase } from '../database/shared-database.ts';
import type { Model } from './model.ts';

/** Compares what stands in the tables with what was promised: everything that is owed, and how much there is in all. */
export function audit(model: Model, database: SharedDatabase): void {
  auditQueue(model, database);
  auditCounts(model, database);
}

function auditQueue(model: Model, database: SharedDatabase): void {
  const { checks } = model;
  const rows = database.db
    .prepare(
      'SELECT d.id AS id, q.lease AS lease, q.due_at AS due, d.status AS status, d.event IN (SELECT number FROM events) AS kept FROM queue q JOIN deliveries d ON d.number = q.delivery',
    )
    .all();
  let owed = 0;
  for (const delivery of model.deliveries.values()) if (delivery.end === null) owed += 1;
  checks.that('durable', rows.length === owed, () => `${owed} deliveries are owed, ${rows.length} are queued`);
  for (const row of rows) {
    const id = String(row['id']);
    const delivery = model.deliveries.get(id as `dlv_${string}`); // The column of ids.
    checks.that('durable', delivery !== undefined && delivery.end === null, () => `${id} is queued and not owed`);
    checks.that('durable', row['kept'] === 1, () => `${id} is owed and its event is gone`);
    checks.that(
      'leased',
      delivery?.lease === row['lease'],
      () => `${id} is leased to ${String(row['lease'])}, not to ${delivery?.lease}`,
    );
    checks.that(
      'durable',
      delivery?.lease !== null || delivery.dueAt === row['due'],
      () => `${id} is due at ${String(row['due'])}, not at ${delivery?.dueAt}`,
    );
    const isOpen = row['status'] === 'pending' || row['status'] === 'retrying';
    checks.that('durable', isOpen, () => `${id} is queued and ${String(row['status'])}`);
  }
}

function auditCounts(model: Model, database: SharedDatabase): void {
  const { totals, checks } = model;
  const count = (table: string): number =>
    Number(database.db.prepare(`SELECT count(*) AS n FROM ${table}`).get()?.['n']);
  const events = count('events') + totals.prunedEvents;
  checks.that(
    'durable',
    events === totals.events,
    () => `${totals.events} events were accepted, ${events} are there or were removed`,
  );
  const deliveries = count('deliveries') + totals.prunedDeliveries;
  checks.that(
    'durable',
    deliveries === totals.deliveries,
    () => `${totals.deliveries} deliveries were made, ${deliveries} are there or were removed`,
  );
  const attempts = count('attempts') + totals.prunedAttempts;
  const isComplete = attempts >= totals.attempts && attempts <= totals.attempts + totals.attemptsAfterEnd;
  checks.that(
    'history',
    isComplete,
    () => `${totals.attempts} attempts were recorded, ${attempts} are there or were removed`,
  );
}

/** Every secret that a ring ever held is there, or in its history. */
export function auditRings(model: Model, database: SharedDatabase): void {
  for (const ring of model.rings.values()) {
    const stored = database.reader.keyring(ring.owner);
    model.checks.that(
      'atomic',
      stored?.version === ring.version,
      () => `the ring of ${ring.owner} is ${stored?.version}, not ${ring.version}`,
    );
    const living = new Set(stored?.secrets.map(({ id }) => id));
    for (const { id } of ring.secrets) {
      const isKept = living.has(id) || database.reader.secret(ring.owner, id) !== null;
      model.checks.that('atomic', isKept, () => `${id} of ${ring.owner} is lost`);
    }
  }
}

/** No active endpoint may have work due that stands in no index and in nobody's care. */
export function auditDue(model: Model, database: SharedDatabase, answers: (endpointId: EndpointId) => boolean): void {
  const rows = database.db
    .prepare(`SELECT DISTINCT e.id AS id FROM queue q JOIN endpoints e ON e.number = q.endpoint
      WHERE q.lease IS NULL AND e.status = 'active' AND q.endpoint NOT IN (SELECT endpoint FROM due_endpoints)`)
    .all();
  for (const row of rows) {
    const id = String(row['id']) as EndpointId; // The column of ids.
    model.checks.that('durable', answers(id), () => `${id} has waiting work that nobody looks for`);
  }
}
