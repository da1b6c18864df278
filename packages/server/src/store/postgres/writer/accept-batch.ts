import { JSON_CONTENT_TYPE } from '../../../domain/event.ts';
import { CLIENT_EVENT_ID_DAYS } from '../../../domain/limits.ts';
import type { AcceptUnit, IdempotencyRow, Incarnation } from '../../port.ts';
import type { Statement, Value } from '../database.ts';
import { BigintColumn, BytesColumn, IntegerColumn, TextColumn, UuidColumn } from '../values.ts';
import { batchRow } from './batches.ts';
import type { Directory } from './directory.ts';
import { earliestNew, putDue } from './due-index.ts';

const CLIENT_EVENT_ID_MS = CLIENT_EVENT_ID_DAYS * 24 * 3_600 * 1_000;

/**
 * Units are checked by the version of their organization's endpoints: `stale` are the checks that failed, of which nothing
 * is stored. `NOT IN` stays a look into a small table in memory, whatever the planner thinks of the sizes.
 */
const STALE = `stale AS MATERIALIZED (
      SELECT c.n::integer AS n FROM unnest($4::integer[], $5::bigint[]) WITH ORDINALITY c(organization, version, n)
      JOIN organizations o ON o.number = c.organization WHERE o.endpoints_version <> c.version)`;
const IS_SOUND = '"check" NOT IN (SELECT n FROM stale)';

const EVENTS = `events_in AS (
      INSERT INTO events (key, organization, id, type, content_type, occurred_at, created_at, payload)
      SELECT key, organization, id, type, content_type, occurred_at, created_at, payload
      FROM unnest($6::uuid[], $7::integer[], $8::integer[], $9::text[], $10::text[], $11::text[], $12::bigint[],
        $13::bigint[], $14::bytea[])
        AS g(key, "check", organization, id, type, content_type, occurred_at, created_at, payload)
      WHERE ${IS_SOUND})`;
const GIVEN_DELIVERIES = `unnest($15::uuid[], $16::integer[], $17::uuid[], $18::integer[], $19::integer[],
        $20::bigint[], $21::integer[]) AS g(id, "check", event, organization, endpoint, created_at, lease)`;
const DELIVERIES = `deliveries_in AS (
      INSERT INTO deliveries (id, event, organization, endpoint, created_at)
      SELECT id, event, organization, endpoint, created_at FROM ${GIVEN_DELIVERIES} WHERE ${IS_SOUND}),
    queue_in AS (
      INSERT INTO queue (delivery, event, organization, endpoint, due_at, lease)
      SELECT id, event, organization, endpoint, created_at, lease FROM ${GIVEN_DELIVERIES} WHERE ${IS_SOUND})`;
const WAITING = `(SELECT endpoint, due_at FROM unnest($22::integer[], $23::integer[], $24::bigint[])
        AS g(endpoint, "check", due_at) WHERE ${IS_SOUND})`;
/** All that is accepted is due at once. */
const DUE = putDue('due', WAITING, 'excluded.due_at');
const ANSWER = `SELECT (SELECT array_to_string(numbers, ',') FROM batch), ${earliestNew('due')}`;
const STALE_NUMBERS = 'ARRAY(SELECT n FROM stale)';

export const ACCEPT: Statement = {
  name: 'accept',
  text: `WITH ${STALE},
    ${EVENTS},
    ${DELIVERIES},
    ${DUE},
    ${batchRow(STALE_NUMBERS)}
    ${ANSWER}`,
};

/**
 * The same with ids that clients chose and rows of idempotency. Ones that have expired make room. Where another node was
 * faster, the whole statement fails: the number of rows that could be written is not the number that had to be.
 */
export const ACCEPT_KEYED: Statement = {
  name: 'accept_keyed',
  text: `WITH ${STALE},
    ids_given AS MATERIALIZED (
      SELECT organization, id, event, fingerprint, created_at, expires_at
      FROM unnest($25::integer[], $26::integer[], $27::text[], $28::uuid[], $29::text[], $30::bigint[], $31::bigint[])
        AS g("check", organization, id, event, fingerprint, created_at, expires_at)
      WHERE ${IS_SOUND}),
    ids_in AS (
      INSERT INTO event_ids AS x (organization, id, event, fingerprint, created_at, expires_at)
      SELECT organization, id, event, fingerprint, created_at, expires_at FROM ids_given ORDER BY organization, id
      ON CONFLICT (organization, id) DO UPDATE SET event = excluded.event, fingerprint = excluded.fingerprint,
        created_at = excluded.created_at, expires_at = excluded.expires_at
      WHERE x.expires_at <= excluded.created_at
      RETURNING 1),
    requests_given AS MATERIALIZED (
      SELECT principal, route, key, fingerprint, reference, created_at, expires_at
      FROM unnest($32::integer[], $33::text[], $34::text[], $35::text[], $36::text[], $37::text[], $38::bigint[],
        $39::bigint[]) AS g("check", principal, route, key, fingerprint, reference, created_at, expires_at)
      WHERE ${IS_SOUND}),
    requests_in AS (
      INSERT INTO idempotency AS x (principal, route, key, fingerprint, reference, created_at, expires_at)
      SELECT principal, route, key, fingerprint, reference, created_at, expires_at FROM requests_given
      ORDER BY principal, route, key
      ON CONFLICT (principal, route, key) DO UPDATE SET fingerprint = excluded.fingerprint,
        reference = excluded.reference, created_at = excluded.created_at, expires_at = excluded.expires_at
      WHERE x.expires_at <= excluded.created_at
      RETURNING 1),
    missing AS MATERIALIZED (
      SELECT (SELECT count(*) FROM ids_given) + (SELECT count(*) FROM requests_given)
        - (SELECT count(*) FROM ids_in) - (SELECT count(*) FROM requests_in) AS rows),
    ${EVENTS},
    ${DELIVERIES},
    ${DUE},
    ${batchRow(STALE_NUMBERS)}
    ${ANSWER}, 1 / (CASE WHEN (SELECT rows FROM missing) = 0 THEN 1 ELSE 0 END)`,
};

/** Reads ids and requests that are taken, each for the time of its unit. */
export const TAKEN: Statement = {
  name: 'accept_taken',
  text: `
    SELECT g.n::integer, x.fingerprint, x.event, x.created_at
    FROM unnest($1::integer[], $2::text[], $3::bigint[]) WITH ORDINALITY g(organization, id, now, n)
    JOIN event_ids x ON x.organization = g.organization AND x.id = g.id AND x.expires_at > g.now
    UNION ALL
    SELECT -g.n::integer, NULL, NULL, NULL
    FROM unnest($4::text[], $5::text[], $6::text[], $7::bigint[]) WITH ORDINALITY g(principal, route, key, now, n)
    JOIN idempotency x ON x.principal = g.principal AND x.route = g.route AND x.key = g.key AND x.expires_at > g.now`,
};

/** Collects the columns of a batch. */
export class AcceptBatch {
  readonly #directory: Directory;
  readonly #incarnation: Incarnation;
  readonly #checks = new Map<string, number>();
  readonly #check = { organization: new IntegerColumn(), version: new BigintColumn() };
  readonly #event = {
    key: new UuidColumn(),
    check: new IntegerColumn(),
    organization: new IntegerColumn(),
    id: new TextColumn(),
    type: new TextColumn(),
    contentType: new TextColumn(),
    occurredAt: new BigintColumn(),
    createdAt: new BigintColumn(),
    payload: new BytesColumn(),
  };
  readonly #delivery = {
    id: new UuidColumn(),
    check: new IntegerColumn(),
    event: new UuidColumn(),
    organization: new IntegerColumn(),
    endpoint: new IntegerColumn(),
    createdAt: new BigintColumn(),
    lease: new IntegerColumn(),
  };
  readonly #due = { endpoint: new IntegerColumn(), check: new IntegerColumn(), dueAt: new BigintColumn() };
  #keyed: KeyedColumns | null = null;

  constructor(directory: Directory, incarnation: Incarnation) {
    this.#directory = directory;
    this.#incarnation = incarnation;
  }

  /** Adds what is to be stored of a unit: all but its duplicates. Answers the number of its check; 0 for none. */
  add(unit: AcceptUnit, isDuplicate: (index: number) => boolean): number {
    const check = this.#checkOf(unit);
    const newest = newestOfEachId(unit);
    for (const [index, { event, fingerprint, deliveries }] of unit.events.entries()) {
      if (isDuplicate(index)) continue;
      const organization = this.#directory.organization(event.organizationId);
      if (organization === null) throw new Error(`organization ${event.organizationId} is not in the store`);
      const columns = this.#event;
      columns.key.add(event.key);
      columns.check.add(check);
      columns.organization.add(organization);
      columns.id.addOrNull(event.id === event.key ? null : event.id);
      columns.type.add(event.type);
      columns.contentType.addOrNull(event.contentType === JSON_CONTENT_TYPE ? null : event.contentType);
      columns.occurredAt.addOrNull(event.occurredAt === event.createdAt ? null : event.occurredAt);
      columns.createdAt.add(event.createdAt);
      columns.payload.add(event.payload);
      for (const { id, endpointId, leased } of deliveries) {
        this.#addDelivery(id, endpointId, leased, event.key, organization, event.createdAt, check);
      }
      if (fingerprint !== null && (newest === null || newest.get(event.id) === index)) {
        this.#keyed ??= new KeyedColumns();
        this.#keyed.addId(check, organization, event.id, event.key, fingerprint, event.createdAt);
      }
    }
    if (unit.idempotency !== null) {
      this.#keyed ??= new KeyedColumns();
      this.#keyed.addRequest(check, unit.idempotency);
    }
    return check;
  }

  get statement(): Statement {
    return this.#keyed === null ? ACCEPT : ACCEPT_KEYED;
  }

  /** Of the first and the last events and deliveries. */
  get times(): readonly number[] {
    return [this.#event.key, this.#delivery.id].flatMap(({ count, timeMin, timeMax }) =>
      count === 0 ? [] : [timeMin, timeMax],
    );
  }

  get isEmpty(): boolean {
    return this.#event.key.count === 0 && this.#keyed === null;
  }

  values(): readonly Value[] {
    const columns = [this.#check, this.#event, this.#delivery, this.#due].flatMap((group) => Object.values(group));
    return [...columns.map((column) => column.value()), ...(this.#keyed?.values() ?? [])];
  }

  #checkOf({ events, endpointsVersion }: AcceptUnit): number {
    const [first] = events;
    if (first === undefined || endpointsVersion === undefined || endpointsVersion === null) return 0;
    const { organizationId } = first.event;
    const key = `${organizationId} ${endpointsVersion}`;
    const known = this.#checks.get(key);
    if (known !== undefined) return known;
    const organization = this.#directory.organization(organizationId);
    if (organization === null) throw new Error(`organization ${organizationId} is not in the store`);
    this.#check.organization.add(organization);
    this.#check.version.add(endpointsVersion);
    const check = this.#checks.size + 1;
    this.#checks.set(key, check);
    return check;
  }

  #addDelivery(
    id: string,
    endpointId: string,
    leased: boolean,
    event: string,
    organization: number,
    createdAt: number,
    check: number,
  ): void {
    const endpoint = this.#directory.endpoint(endpointId);
    if (endpoint === null) throw new Error(`endpoint ${endpointId} is not in the store`);
    const columns = this.#delivery;
    columns.id.add(id);
    columns.check.add(check);
    columns.event.add(event);
    columns.organization.add(organization);
    columns.endpoint.add(endpoint.number);
    columns.createdAt.add(createdAt);
    columns.lease.addOrNull(leased ? this.#incarnation : null);
    if (leased) return;
    this.#due.endpoint.add(endpoint.number);
    this.#due.check.add(check);
    this.#due.dueAt.add(createdAt);
  }
}

/** Of several events of a unit with one id, the last is the one that is found by it; null where that cannot be. */
function newestOfEachId({ events }: AcceptUnit): ReadonlyMap<string, number> | null {
  if (events.length < 2) return null;
  return new Map(events.map(({ event }, index) => [event.id, index]));
}

/** What units bring along that must not be there yet. */
class KeyedColumns {
  readonly #id = {
    check: new IntegerColumn(),
    organization: new IntegerColumn(),
    id: new TextColumn(),
    event: new UuidColumn(),
    fingerprint: new TextColumn(),
    createdAt: new BigintColumn(),
    expiresAt: new BigintColumn(),
  };
  readonly #request = {
    check: new IntegerColumn(),
    principal: new TextColumn(),
    route: new TextColumn(),
    key: new TextColumn(),
    fingerprint: new TextColumn(),
    reference: new TextColumn(),
    createdAt: new BigintColumn(),
    expiresAt: new BigintColumn(),
  };

  addId(check: number, organization: number, id: string, event: string, fingerprint: string, createdAt: number): void {
    this.#id.check.add(check);
    this.#id.organization.add(organization);
    this.#id.id.add(id);
    this.#id.event.add(event);
    this.#id.fingerprint.add(fingerprint);
    this.#id.createdAt.add(createdAt);
    this.#id.expiresAt.add(createdAt + CLIENT_EVENT_ID_MS);
  }

  addRequest(check: number, row: IdempotencyRow): void {
    this.#request.check.add(check);
    this.#request.principal.add(row.principal);
    this.#request.route.add(row.route);
    this.#request.key.add(row.key);
    this.#request.fingerprint.add(row.fingerprint);
    this.#request.reference.add(row.reference);
    this.#request.createdAt.add(row.createdAt);
    this.#request.expiresAt.add(row.expiresAt);
  }

  values(): readonly Value[] {
    return [...Object.values(this.#id), ...Object.values(this.#request)].map((column) => column.value());
  }
}
