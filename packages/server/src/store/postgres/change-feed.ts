import type { Endpoint } from '../../domain/endpoint.ts';
import type { ApiKeyId, EndpointId } from '../../domain/ids.ts';
import type { Organization } from '../../domain/organization.ts';
import type { RingOwner } from '../../domain/secret.ts';
import { number, numberOrNull, text } from '../cells.ts';
import type { ChangesRead } from '../currency.ts';
import type { Change } from '../port.ts';
import { ENDPOINT_COLUMNS, endpointOf, organizationOf } from '../rows.ts';
import type { Database, Row, Statement } from './database.ts';
import type { GivenTime } from './database-time.ts';
import { TextColumn } from './values.ts';

/** Changes that one read looks at. */
const PER_READ_MAX = 1_000;

/**
 * One row at least, which says how far the numbers go and what time it is. Numbers are given in the order of commits and
 * without a gap, so what one snapshot shows of them is everything up to the newest of them. The one that was read last is
 * among them: a standby that took over without the last commits gives their numbers to others.
 */
const CHANGES: Statement = {
  name: 'changes_after',
  text: `SELECT n.number, (extract(epoch FROM clock_timestamp()) * 1000)::float8,
      c.number, c.kind, c.subject, c.endpoints_version, c.health_reset, c.at
    FROM change_counter n LEFT JOIN LATERAL (
      SELECT * FROM changes WHERE number >= coalesce($1::bigint, n.number) ORDER BY number LIMIT $2) c ON true`,
};
const ENDPOINTS: Statement = {
  name: 'changed_endpoints',
  text: `SELECT to_json(r) FROM (SELECT ${ENDPOINT_COLUMNS}
    FROM endpoints e JOIN organizations o ON o.number = e.organization
    LEFT JOIN endpoint_health h ON h.endpoint = e.number WHERE e.id = ANY ($1::text[])) r`,
};
const ORGANIZATIONS: Statement = {
  name: 'changed_organizations',
  text: `SELECT to_json(r) FROM (SELECT o.id, o.external_id, o.name, o.rotation_policy, o.version, o.created_at, o.updated_at
    FROM organizations o WHERE o.id = ANY ($1::text[])) r`,
};

type ChangeRow = {
  readonly number: number;
  readonly kind: string;
  readonly subject: string;
  readonly endpointsVersion: number | null;
  readonly healthReset: boolean;
  /** When it was committed: with the number, what tells it from one of another history. */
  readonly at: number;
};

export type ChangeFeed = {
  /** As `createCurrency` asks for it. */
  read(after: number | null, at?: number | null): Promise<ChangesRead>;
  /** Memory here knows of these already: this node made them, at these times. */
  known(numbers: readonly number[], times: readonly number[]): void;
};

/**
 * What was committed, in the order of commits, as changes for memory. Of what changed the row is read as it is now, which
 * may be newer than the change and is never older. A ring is only named: nodes that sign by it read it again.
 */
export function createChangeFeed(db: Database, time: GivenTime): ChangeFeed {
  /** When this node made them, by number. */
  const own = new Map<number, number>();
  const control = db.on('control');

  async function rowsOf<T>(statement: Statement, ids: ReadonlySet<string>, map: (row: Record<string, unknown>) => T) {
    if (ids.size === 0) return [];
    const column = new TextColumn();
    for (const id of ids) column.add(id);
    const { rows } = await control.run(statement, [column.value()]);
    return rows.map((row) => map(row[0] as Record<string, unknown>)); // What to_json makes of a row.
  }

  async function changesOf(rows: readonly ChangeRow[]): Promise<readonly Change[]> {
    const ids = (kind: string): ReadonlySet<string> =>
      new Set(rows.filter((row) => row.kind === kind).map((row) => row.subject));
    const [endpoints, organizations] = await Promise.all([
      rowsOf(ENDPOINTS, ids('endpoint'), endpointOf),
      rowsOf(ORGANIZATIONS, ids('organization'), organizationOf),
    ]);
    const current = {
      endpoints: new Map<string, Endpoint>(endpoints.map((endpoint) => [endpoint.id, endpoint])),
      organizations: new Map<string, Organization>(
        organizations.map((organization) => [organization.id, organization]),
      ),
    };
    return rows.filter((row) => !own.has(row.number)).flatMap((row) => changeOf(row, current) ?? []);
  }

  /** When the change of that number was made, as far as this node knows. */
  function madeAt(row: ChangeRow, after: number, at: number | null): number | null {
    return row.number === after ? at : (own.get(row.number) ?? null);
  }

  return {
    known(numbers, times) {
      for (const [index, each] of numbers.entries()) own.set(each, times[index] ?? 0);
    },
    async read(after, at = null) {
      const { rows } = await control.run(CHANGES, [after, PER_READ_MAX + 1]);
      const newest = number(rows[0]?.[0]);
      const databaseTime = time() ?? number(rows[0]?.[1]);
      const found = rows.filter((row) => row[2] !== null).map(changeRowOf);
      const timeOf = (each: number): number | null => found.find((row) => row.number === each)?.at ?? null;
      const all = { lastNumber: newest, lastAt: timeOf(newest), more: false, databaseTime };
      if (after === null) return { changes: [], ...all };
      for (const each of own.keys()) if (each <= after) own.delete(each);
      const isOther = found.some((row) => (madeAt(row, after, at) ?? row.at) !== row.at);
      const fresh = found.filter((row) => row.number > after);
      // A number is missing that was given: it was removed before it was read, or this is another database than before.
      if (isOther || isTorn(after, fresh, newest)) return { changes: [{ kind: 'everything' }], ...all };
      const { number: lastNumber, at: lastAt } = fresh.at(-1) ?? { number: after, at: timeOf(after) };
      return { changes: await changesOf(fresh), lastNumber, lastAt, more: lastNumber < newest, databaseTime };
    },
  };
}

function isTorn(after: number, found: readonly ChangeRow[], newest: number): boolean {
  if (found.length === 0) return newest !== after;
  return found[0]?.number !== after + 1 || found.at(-1)?.number !== after + found.length;
}

function changeRowOf(row: Row): ChangeRow {
  return {
    number: number(row[2]),
    kind: text(row[3]),
    subject: text(row[4]),
    endpointsVersion: numberOrNull(row[5]),
    healthReset: row[6] === true,
    at: number(row[7]),
  };
}

function changeOf(
  { kind, subject, endpointsVersion, healthReset }: ChangeRow,
  current: {
    readonly endpoints: ReadonlyMap<string, Endpoint>;
    readonly organizations: ReadonlyMap<string, Organization>;
  },
): Change | null {
  // The casts say what kind of id the writer put there.
  switch (kind) {
    case 'endpoint': {
      const endpoint = current.endpoints.get(subject);
      return endpoint === undefined ? null : { kind, endpoint, healthReset, endpointsVersion };
    }
    case 'organization': {
      const organization = current.organizations.get(subject);
      return organization === undefined ? null : { kind, organization };
    }
    case 'keyring':
    case 'resealed':
      return { kind: 'resealed', owner: subject as RingOwner };
    case 'apiKey':
      return { kind, id: subject as ApiKeyId };
    case 'queued':
      return { kind, endpointId: subject as EndpointId };
    default:
      // Of a newer release, whose nodes run beside this one: what it is about is not known here.
      return { kind: 'everything' };
  }
}
