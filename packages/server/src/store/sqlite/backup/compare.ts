import { DatabaseSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';
import { number, text } from '../cells.ts';
import { primaryCode } from '../lock.ts';

/** Ids of one kind: how many, and the first of them. */
export type Named = { readonly count: number; readonly ids: readonly string[] };

/** What putting an older database in place of a newer one undid. */
export type Aftermath = {
  readonly eventsLost: number;
  /** Deliveries that had ended and are owed again: they are sent once more. */
  readonly deliveriesOwedAgain: number;
  /** API keys that had been revoked and work again. */
  readonly keysRevived: Named;
  /** API keys that were made since and are unknown. */
  readonly keysLost: Named;
  /** Secrets that had been revoked, or had ended otherwise, and sign again; by id. */
  readonly secretsRevived: Named;
  /** Whose rings were given secrets since, which no longer sign: endpoints and organizations. */
  readonly ringsSetBack: Named;
};

const IDS_SHOWN_MAX = 100;

/** Both are read only. Null: the one before cannot be read, or the two are not states of one database. */
export function compareDatabases(before: string, now: string): Aftermath | null {
  const db = new DatabaseSync(immutable(now), { readOnly: true });
  try {
    db.prepare('ATTACH ? AS old').run(immutable(before).href);
    return areRelated(db) ? aftermathOf(db) : null;
  } catch (error) {
    // What was restored is in its place already; a damaged database before it can say nothing more.
    if (primaryCode(error) === null) throw error;
    return null;
  } finally {
    db.close();
  }
}

function immutable(path: string): URL {
  const url = pathToFileURL(path);
  url.searchParams.set('immutable', '1');
  return url;
}

function areRelated(db: DatabaseSync): boolean {
  return count(db, 'SELECT count(*) FROM main.organizations n JOIN old.organizations o ON o.id = n.id') > 0;
}

function aftermathOf(db: DatabaseSync): Aftermath {
  const revokedOld = 'o.revoked_at IS NOT NULL';
  const oldSecrets = `(SELECT id, owner, revoked_at, ends_at FROM old.secrets UNION ALL
    SELECT id, owner, revoked_at, ends_at FROM old.secret_history)`;
  return {
    eventsLost: count(
      db,
      `SELECT count(*) FROM old.events o LEFT JOIN main.events n ON n.organization = o.organization AND n.key = o.key
       WHERE n.number IS NULL`,
    ),
    deliveriesOwedAgain: count(
      db,
      `SELECT count(*) FROM main.queue q JOIN main.deliveries n ON n.number = q.delivery
       JOIN old.deliveries o ON o.organization = n.organization AND o.id = n.id
       WHERE o.status IN ('succeeded', 'dead', 'cancelled')`,
    ),
    keysRevived: named(
      db,
      `SELECT n.id FROM main.api_keys n JOIN old.api_keys o ON o.id = n.id WHERE ${revokedOld} AND n.revoked_at IS NULL`,
    ),
    keysLost: named(
      db,
      `SELECT o.id FROM old.api_keys o LEFT JOIN main.api_keys n ON n.id = o.id
       WHERE n.id IS NULL AND o.revoked_at IS NULL`,
    ),
    secretsRevived: named(
      db,
      `SELECT n.id FROM main.secrets n JOIN ${oldSecrets} o ON o.id = n.id
       WHERE o.ends_at IS NOT NULL AND (n.ends_at IS NULL OR n.ends_at > o.ends_at)`,
    ),
    ringsSetBack: named(
      db,
      `SELECT DISTINCT o.owner AS id FROM ${oldSecrets} o
       WHERE o.owner IN (SELECT owner FROM main.keyrings)
       AND NOT EXISTS (SELECT 1 FROM main.secrets n WHERE n.id = o.id)
       AND NOT EXISTS (SELECT 1 FROM main.secret_history n WHERE n.id = o.id)`,
    ),
  };
}

function count(db: DatabaseSync, sql: string): number {
  return number(Object.values(db.prepare(sql).get() ?? {})[0]);
}

function named(db: DatabaseSync, sql: string): Named {
  const ids = db
    .prepare(`${sql} ORDER BY 1`)
    .all()
    .map((row) => text(row['id']));
  return { count: ids.length, ids: ids.slice(0, IDS_SHOWN_MAX) };
}
