import { DatabaseSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';
import { number, text } from '../cells.ts';
import { primaryCode } from '../lock.ts';

/** What somebody has to do something about: with whose it is, since a command acts for one organization. */
export type Found = { readonly organizationId: string; readonly id: string };
/** A secret, with the endpoint or organization whose ring it is in. */
export type FoundSecret = Found & { readonly owner: string };

/** What putting an older database in place of a newer one undid. */
export type Aftermath = {
  readonly eventsLost: number;
  /** Deliveries that had ended and are owed again: they are sent once more. */
  readonly deliveriesOwedAgain: number;
  /** API keys that had been revoked and work again. */
  readonly keysRevived: readonly Found[];
  /** API keys that were made since and are unknown. */
  readonly keysLost: readonly Found[];
  /** Secrets that had been revoked, or had ended otherwise, and sign again. */
  readonly secretsRevived: readonly FoundSecret[];
  /** Whose rings were given secrets since, which no longer sign: endpoints and organizations. */
  readonly ringsSetBack: readonly Found[];
  /** Endpoints that had been archived or suspended and are not any more. */
  readonly endpointsRevived: readonly Found[];
  /** Endpoints that had been given another address since. */
  readonly endpointsMovedBack: readonly Found[];
  /** Endpoints that were made since and are unknown. */
  readonly endpointsLost: readonly Found[];
  /** Events whose payload had been erased and is there again. */
  readonly payloadsRevived: readonly Found[];
};

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
    keysRevived: found(
      db,
      `SELECT n.organization_id, n.id FROM main.api_keys n JOIN old.api_keys o ON o.id = n.id
       WHERE o.revoked_at IS NOT NULL AND n.revoked_at IS NULL`,
    ),
    keysLost: found(
      db,
      `SELECT o.organization_id, o.id FROM old.api_keys o LEFT JOIN main.api_keys n ON n.id = o.id
       WHERE n.id IS NULL AND o.revoked_at IS NULL`,
    ),
    ...ringsOf(db),
    ...endpointsOf(db),
    payloadsRevived: payloadsRevived(db),
  };
}

function ringsOf(db: DatabaseSync) {
  const oldSecrets = `(SELECT id, owner, revoked_at, ends_at FROM old.secrets UNION ALL
    SELECT id, owner, revoked_at, ends_at FROM old.secret_history)`;
  // A ring is an endpoint's, or the organization's itself.
  const whose = `coalesce((SELECT g.id FROM main.endpoints e JOIN main.organizations g ON g.number = e.organization
    WHERE e.id = o.owner), o.owner) AS organization_id`;
  const revived = `SELECT ${whose}, o.owner, n.id FROM main.secrets n JOIN ${oldSecrets} o ON o.id = n.id
    WHERE o.ends_at IS NOT NULL AND (n.ends_at IS NULL OR n.ends_at > o.ends_at)`;
  return {
    secretsRevived: rowsOf(db, revived).map((row) => ({ ...foundIn(row), owner: text(row['owner']) })),
    ringsSetBack: found(
      db,
      `SELECT DISTINCT ${whose}, o.owner AS id FROM ${oldSecrets} o
       WHERE o.owner IN (SELECT owner FROM main.keyrings)
       AND NOT EXISTS (SELECT 1 FROM main.secrets n WHERE n.id = o.id)
       AND NOT EXISTS (SELECT 1 FROM main.secret_history n WHERE n.id = o.id)`,
    ),
  };
}

function endpointsOf(db: DatabaseSync) {
  const both = `SELECT g.id AS organization_id, n.id FROM main.endpoints n JOIN old.endpoints o ON o.id = n.id
    JOIN main.organizations g ON g.number = n.organization`;
  return {
    endpointsRevived: found(
      db,
      `${both} WHERE n.status <> o.status AND n.status <> 'archived' AND o.status <> 'active'`,
    ),
    endpointsMovedBack: found(db, `${both} WHERE n.url <> o.url AND n.status <> 'archived'`),
    endpointsLost: found(
      db,
      `SELECT g.id AS organization_id, o.id FROM old.endpoints o LEFT JOIN main.endpoints n ON n.id = o.id
       JOIN old.organizations g ON g.number = o.organization WHERE n.id IS NULL AND o.status <> 'archived'`,
    ),
  };
}

/** Each erasure is a line of the audit log, which is short; no index tells erased events from others. */
function payloadsRevived(db: DatabaseSync): readonly Found[] {
  // What is restored may be from a release that could not erase.
  const canErase = count(db, "SELECT count(*) FROM main.sqlite_schema WHERE name = 'erasures'") > 0;
  const erasedYet = 'AND NOT EXISTS (SELECT 1 FROM main.erasures x WHERE x.event = n.number)';
  return found(
    db,
    `SELECT DISTINCT g.id AS organization_id, coalesce(n.id, n.key) AS id FROM old.audit a
     JOIN main.organizations g ON g.id = a.organization_id
     JOIN main.events n ON n.organization = g.number AND n.key = a.detail ->> '$.eventKey'
     WHERE a.action = 'event.payload_erased' ${canErase ? erasedYet : ''}`,
  );
}

function count(db: DatabaseSync, sql: string): number {
  return number(Object.values(db.prepare(sql).get() ?? {})[0]);
}

type Row = Readonly<Record<string, unknown>>;

function rowsOf(db: DatabaseSync, sql: string): readonly Row[] {
  return db.prepare(`${sql} ORDER BY 1, 2`).all();
}

function found(db: DatabaseSync, sql: string): readonly Found[] {
  return rowsOf(db, sql).map(foundIn);
}

function foundIn(row: Row): Found {
  return { organizationId: text(row['organization_id']), id: text(row['id']) };
}
