import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { arrayOf, numberOrNull } from '../cells.ts';
import type { EndpointEntry } from './directory.ts';

/**
 * The small index of endpoints with waiting deliveries. An endpoint that is suspended or archived is not in it; when a
 * node took an endpoint out, that node answers for it.
 */
export class DueIndex {
  readonly #upsertEarlier: StatementSync;
  readonly #upsert: StatementSync;
  readonly #insert: StatementSync;
  readonly #remove: StatementSync;
  readonly #earliestWaiting: StatementSync;
  readonly #drain: StatementSync;

  constructor(db: DatabaseSync) {
    this.#upsertEarlier = db.prepare(`
      INSERT INTO due_endpoints (endpoint, due_at) VALUES (?, ?)
      ON CONFLICT (endpoint) DO UPDATE SET due_at = excluded.due_at WHERE excluded.due_at < due_at`);
    this.#upsert = db.prepare(`
      INSERT INTO due_endpoints (endpoint, due_at) VALUES (?, ?)
      ON CONFLICT (endpoint) DO UPDATE SET due_at = excluded.due_at`);
    this.#insert = db.prepare('INSERT OR IGNORE INTO due_endpoints (endpoint, due_at) VALUES (?, ?)');
    this.#remove = db.prepare('DELETE FROM due_endpoints WHERE endpoint = ?');
    this.#earliestWaiting = db.prepare('SELECT min(due_at) AS due_at FROM queue WHERE endpoint = ? AND lease IS NULL');
    this.#earliestWaiting.setReturnArrays(true);
    this.#drain = db.prepare('UPDATE endpoints SET draining = 1 WHERE number = ? AND draining = 0');
  }

  /** A delivery of the endpoint waits in the queue until `dueAt`. */
  waits(endpoint: EndpointEntry, dueAt: number): void {
    if (endpoint.status === 'active') this.#upsertEarlier.run(endpoint.number, dueAt);
    else if (endpoint.status === 'archived') this.#drain.run(endpoint.number);
  }

  /** When the endpoint's earliest waiting delivery is due. */
  earliest(endpoint: EndpointEntry): number | null {
    return numberOrNull(arrayOf(this.#earliestWaiting, endpoint.number)?.[0] ?? null);
  }

  /** Puts the endpoint back with its earliest waiting delivery, if it has one. */
  wake(endpoint: EndpointEntry): boolean {
    const dueAt = endpoint.status === 'active' ? this.earliest(endpoint) : null;
    if (dueAt !== null) this.#upsertEarlier.run(endpoint.number, dueAt);
    return dueAt !== null;
  }

  /** Puts the endpoint back for that time at the earliest, unless it is there already. */
  defer(endpoint: EndpointEntry, dueAt: number): void {
    const earliest = endpoint.status === 'active' ? this.earliest(endpoint) : null;
    if (earliest !== null) this.#insert.run(endpoint.number, Math.max(earliest, dueAt));
  }

  setTo(endpoint: EndpointEntry, dueAt: number): void {
    this.#upsert.run(endpoint.number, dueAt);
  }

  remove(endpoint: EndpointEntry): void {
    this.#remove.run(endpoint.number);
  }
}
