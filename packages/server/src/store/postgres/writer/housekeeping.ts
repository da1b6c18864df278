import { number } from '../../cells.ts';
import type { HousekeepingResult, HousekeepingStep } from '../../port.ts';
import type { Database, Statement } from '../database.ts';
import type { GivenTime } from '../database-time.ts';
import type { NodeRun } from '../heartbeat.ts';
import { reapLeases } from './reap-leases.ts';
import { SECRET_COLUMNS } from './secrets.ts';
import { createUpkeep } from './upkeep.ts';

/** The rest of a statement that ends what `picked` names. */
const END_PICKED = `
  gone AS (
    DELETE FROM queue q USING picked p WHERE q.delivery = p.delivery RETURNING q.delivery, q.organization),
  ended AS (
    UPDATE deliveries d SET status = $3, ended_at = $4, death_reason = $5 FROM gone g
    WHERE d.organization = g.organization AND d.id = g.delivery RETURNING d.id, d.endpoint, d.organization),
  failed AS (
    INSERT INTO failed_deliveries (delivery, endpoint, organization, status)
    SELECT id, endpoint, organization, $3 FROM ended ON CONFLICT DO NOTHING)
  SELECT count(*) FROM gone`;
const END_HELD: Statement = {
  name: 'end_held',
  text: `
    WITH picked AS MATERIALIZED (
      SELECT q.delivery FROM endpoints e JOIN queue q ON q.endpoint = e.number AND q.lease IS NULL AND q.due_at <= $1
      WHERE e.status = 'suspended' AND e.status_at <= $1 LIMIT $2 FOR UPDATE OF q SKIP LOCKED),
    ${END_PICKED}`,
};
// Held until the end, so that nobody says meanwhile that more came to wait, and is overwritten.
const HOLD_DRAINING: Statement = {
  name: 'draining_hold',
  text: 'SELECT number FROM endpoints WHERE draining ORDER BY number LIMIT 1 FOR UPDATE SKIP LOCKED',
};
const END_QUEUED: Statement = {
  name: 'end_queued',
  text: `
    WITH picked AS MATERIALIZED (
      SELECT q.delivery FROM queue q WHERE q.endpoint = $1 AND q.lease IS NULL LIMIT $2 FOR UPDATE SKIP LOCKED),
    ${END_PICKED}`,
};
const DRAINED: Statement = {
  name: 'draining_done',
  text: `
    UPDATE endpoints SET draining = EXISTS (SELECT 1 FROM queue q WHERE q.endpoint = $1 AND q.lease IS NULL)
    WHERE number = $1`,
};
const SELECT_DRAINING: Statement = {
  name: 'draining_any',
  text: 'SELECT 1 FROM endpoints WHERE draining LIMIT 1',
};
const PRUNE_IDEMPOTENCY: Statement = {
  name: 'prune_idempotency',
  text: `
    DELETE FROM idempotency WHERE expires_at <= $1 AND (principal, route, key) IN (
      SELECT principal, route, key FROM idempotency WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2
      FOR UPDATE SKIP LOCKED)`,
};
const RETIRE_ENDED: Statement = {
  name: 'secrets_retire_ended',
  text: `
    WITH ended AS MATERIALIZED (
      SELECT id FROM secrets WHERE ends_at <= $1 ORDER BY ends_at LIMIT $2 FOR UPDATE SKIP LOCKED),
    moved AS (DELETE FROM secrets s USING ended e WHERE s.id = e.id RETURNING s.*)
    INSERT INTO secret_history (${SECRET_COLUMNS}) SELECT ${SECRET_COLUMNS} FROM moved
    ON CONFLICT (id) DO UPDATE SET (${SECRET_COLUMNS}) = (SELECT ${excludedColumns()})`,
};
const PURGE: Statement = {
  name: 'secrets_purge',
  text: `
    UPDATE secret_history SET sealed = NULL WHERE id IN (
      SELECT id FROM secret_history WHERE ends_at <= $1 AND sealed IS NOT NULL ORDER BY ends_at LIMIT $2
      FOR UPDATE SKIP LOCKED)`,
};

function excludedColumns(): string {
  return SECRET_COLUMNS.split(', ')
    .map((name) => `excluded.${name}`)
    .join(', ');
}

export type HousekeepingContext = {
  readonly db: Database;
  readonly time: GivenTime;
  /** Of this node. */
  readonly run: Pick<NodeRun, 'incarnation' | 'steadyAt'>;
  /** Makes the partitions of the days around a time. */
  readonly makeDays: (now: number) => Promise<number>;
  /** Endpoints stand in the index that no node answers for. */
  readonly onDue: () => void;
};

/** Runs one bounded step. Each may run again after it failed, and beside another node's. */
export function createHousekeeping(
  context: HousekeepingContext,
): (step: HousekeepingStep) => Promise<HousekeepingResult> {
  const { db, time, run } = context;
  const runner = db.on('change');
  const upkeep = createUpkeep(db);

  async function cancelArchived(now: number, itemsMax: number): Promise<HousekeepingResult> {
    const changed = await db.transaction('change', async (transaction) => {
      const held = await transaction.run(HOLD_DRAINING);
      const endpoint = held.rows[0]?.[0];
      if (endpoint === undefined) return 0;
      const ended = await transaction.run(END_QUEUED, [number(endpoint), itemsMax, 'cancelled', now, null]);
      const count = number(ended.rows[0]?.[0]);
      if (count < itemsMax) await transaction.run(DRAINED, [number(endpoint)]);
      return count;
    });
    const left = await runner.run(SELECT_DRAINING);
    return { changed, more: changed === itemsMax || left.count > 0 };
  }

  async function purgeSecrets(now: number, before: number, itemsMax: number): Promise<HousekeepingResult> {
    const ended = await runner.run(RETIRE_ENDED, [now, itemsMax]);
    const purged = await runner.run(PURGE, [before, itemsMax]);
    return { changed: ended.count + purged.count, more: ended.count === itemsMax || purged.count === itemsMax };
  }

  return async (step) => {
    switch (step.kind) {
      case 'expire_held': {
        const before = step.now - step.heldMsMax;
        const { rows } = await runner.run(END_HELD, [before, step.itemsMax, 'dead', step.now, 'held_too_long']);
        const changed = number(rows[0]?.[0]);
        return { changed, more: changed === step.itemsMax };
      }
      case 'cancel_archived':
        return await cancelArchived(step.now, step.itemsMax);
      case 'prune_idempotency': {
        const { count } = await runner.run(PRUNE_IDEMPOTENCY, [step.now, step.itemsMax]);
        return { changed: count, more: count === step.itemsMax };
      }
      case 'purge_secrets':
        return await purgeSecrets(step.now, step.before, step.itemsMax);
      case 'reap_leases': {
        const reaped = await reapLeases(db, time, run, step.itemsMax);
        if (reaped.changed > 0) context.onDue();
        return reaped;
      }
      case 'upkeep': {
        const made = await context.makeDays(step.now);
        const { changed, more, found } = await upkeep(step.now);
        if (found > 0) context.onDue();
        return { changed: made + changed, more };
      }
    }
  };
}
