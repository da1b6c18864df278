import type { HousekeepingResult, HousekeepingStep } from '../../port.ts';
import { number, text } from '../cells.ts';
import type { HousekeepUnit } from '../wire/rare.ts';
import type { WriteContext } from './context.ts';
import { createSecretWriter } from './secrets.ts';

/** Runs one bounded step. Copying the log, which is the upkeep of a file, is not one of them: it cannot run inside a transaction. */
export function createHousekeeping(context: WriteContext): (unit: HousekeepUnit) => HousekeepingResult {
  const { db } = context;
  const secrets = createSecretWriter(db);
  const selectHeld = db.prepare(`
    SELECT q.delivery FROM endpoints e JOIN queue q ON q.endpoint = e.number AND q.lease IS NULL AND q.due_at <= ?1
    WHERE e.status = 'suspended' AND e.status_at <= ?1 LIMIT ?2`);
  const selectDraining = db.prepare('SELECT number FROM endpoints WHERE draining = 1 LIMIT 1');
  const selectQueued = db.prepare('SELECT delivery FROM queue WHERE endpoint = ? AND lease IS NULL LIMIT ?');
  const drained = db.prepare('UPDATE endpoints SET draining = 0 WHERE number = ?');
  const deleteQueued = db.prepare('DELETE FROM queue WHERE delivery = ?');
  const end = db.prepare('UPDATE deliveries SET status = ?, ended_at = ?, death_reason = ? WHERE number = ?');
  const pruneIdempotency = db.prepare(`
    DELETE FROM idempotency WHERE (principal, route, key) IN (
      SELECT principal, route, key FROM idempotency WHERE expires_at <= ? LIMIT ?)`);
  const selectEnded = db.prepare('SELECT id FROM secrets WHERE ends_at <= ? LIMIT ?');
  const purge = db.prepare(`
    UPDATE secret_history SET sealed = NULL WHERE id IN (
      SELECT id FROM secret_history WHERE ends_at <= ? AND sealed IS NOT NULL LIMIT ?)`);

  function endAll(rows: readonly Record<string, unknown>[], status: string, at: number, reason: string | null): void {
    for (const row of rows) {
      const delivery = number(row['delivery']);
      deleteQueued.run(delivery);
      end.run(status, at, reason, delivery);
    }
  }

  function cancelArchived(now: number, itemsMax: number): HousekeepingResult {
    const endpoint = selectDraining.get()?.['number'];
    if (endpoint === undefined) return { changed: 0, more: false };
    const rows = selectQueued.all(number(endpoint), itemsMax);
    endAll(rows, 'cancelled', now, null);
    if (rows.length < itemsMax) drained.run(number(endpoint));
    return { changed: rows.length, more: rows.length === itemsMax || selectDraining.get() !== undefined };
  }

  function purgeSecrets(now: number, before: number, itemsMax: number): HousekeepingResult {
    const ended = selectEnded.all(now, itemsMax);
    for (const row of ended) secrets.retire(text(row['id']));
    const purged = Number(purge.run(before, itemsMax).changes);
    return { changed: ended.length + purged, more: ended.length === itemsMax || purged === itemsMax };
  }

  function run(step: HousekeepingStep): HousekeepingResult {
    switch (step.kind) {
      case 'expire_held': {
        const rows = selectHeld.all(step.now - step.heldMsMax, step.itemsMax);
        endAll(rows, 'dead', step.now, 'held_too_long');
        return { changed: rows.length, more: rows.length === step.itemsMax };
      }
      case 'cancel_archived':
        return cancelArchived(step.now, step.itemsMax);
      case 'prune_idempotency': {
        const changed = Number(pruneIdempotency.run(step.now, step.itemsMax).changes);
        return { changed, more: changed === step.itemsMax };
      }
      case 'purge_secrets':
        return purgeSecrets(step.now, step.before, step.itemsMax);
      // One process owns the file: what an earlier run had leased waits again since this one began.
      case 'reap_leases':
      case 'upkeep':
        return { changed: 0, more: false };
    }
  }

  return ({ step }) => run(step);
}
