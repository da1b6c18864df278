import { JSON_CONTENT_TYPE } from '../../../domain/event.ts';
import { CLIENT_EVENT_ID_DAYS } from '../../../domain/limits.ts';
import type { AcceptedDelivery, AcceptUnit, IdempotencyRow, Incarnation } from '../../port.ts';
import type { Statement, Value } from '../database.ts';
import {
  BigintColumn,
  BytesColumn,
  type Columns,
  clearAll,
  IntegerColumn,
  rowsOf,
  TextColumn,
  UuidColumn,
  widthOf,
} from '../values.ts';
import { BATCH_PARAMETERS, batchRow } from './batches.ts';
import type { Directory } from './directory.ts';
import { earliestNew, putDue } from './due-index.ts';

const CLIENT_EVENT_ID_MS = CLIENT_EVENT_ID_DAYS * 24 * 3_600 * 1_000;

/**
 * The largest comes first: the driver's buffer grows with what is written, and copies what it has each time. `version_check`
 * says by which check a row stands or falls.
 */
const createEventColumns = () => ({
  payload: new BytesColumn(),
  key: new UuidColumn(),
  version_check: new IntegerColumn(),
  organization: new IntegerColumn(),
  id: new TextColumn(),
  type: new TextColumn(),
  content_type: new TextColumn(),
  occurred_at: new BigintColumn(),
  created_at: new BigintColumn(),
});
const createDeliveryColumns = () => ({
  id: new UuidColumn(),
  version_check: new IntegerColumn(),
  event: new UuidColumn(),
  organization: new IntegerColumn(),
  endpoint: new IntegerColumn(),
  created_at: new BigintColumn(),
  lease: new IntegerColumn(),
});
const createDueColumns = () => ({
  endpoint: new IntegerColumn(),
  version_check: new IntegerColumn(),
  due_at: new BigintColumn(),
});
const createCheckColumns = () => ({ organization: new IntegerColumn(), version: new BigintColumn() });
const createIdColumns = () => ({
  version_check: new IntegerColumn(),
  organization: new IntegerColumn(),
  id: new TextColumn(),
  event: new UuidColumn(),
  fingerprint: new TextColumn(),
  created_at: new BigintColumn(),
  expires_at: new BigintColumn(),
});
const createRequestColumns = () => ({
  version_check: new IntegerColumn(),
  principal: new TextColumn(),
  route: new TextColumn(),
  key: new TextColumn(),
  fingerprint: new TextColumn(),
  reference: new TextColumn(),
  created_at: new BigintColumn(),
  expires_at: new BigintColumn(),
});

const EVENTS_AT = BATCH_PARAMETERS + 1;
const DELIVERIES_AT = EVENTS_AT + widthOf(createEventColumns());
const DUE_AT = DELIVERIES_AT + widthOf(createDeliveryColumns());
const CHECKS_AT = DUE_AT + widthOf(createDueColumns());
const IDS_AT = CHECKS_AT + widthOf(createCheckColumns());
const REQUESTS_AT = IDS_AT + widthOf(createIdColumns());

/**
 * Units are checked by the version of their organization's endpoints: `stale` are the checks that failed, of which nothing
 * is stored. `NOT IN` stays a look into a small table in memory, whatever the planner thinks of the sizes.
 */
const STALE = `stale AS MATERIALIZED (
      SELECT c.n::integer AS n FROM ${rowsOf(CHECKS_AT, createCheckColumns(), 'c', true)}
      WHERE (SELECT o.endpoints_version FROM organizations o WHERE o.number = c.organization) <> c.version)`;
const IS_SOUND = 'g.version_check NOT IN (SELECT n FROM stale)';

const EVENTS = `events_in AS (
      INSERT INTO events (key, organization, id, type, content_type, occurred_at, created_at, payload)
      SELECT key, organization, id, type, content_type, occurred_at, created_at, payload
      FROM ${rowsOf(EVENTS_AT, createEventColumns())} WHERE ${IS_SOUND})`;
const GIVEN_DELIVERIES = `${rowsOf(DELIVERIES_AT, createDeliveryColumns())} WHERE ${IS_SOUND}`;
const DELIVERIES = `deliveries_in AS (
      INSERT INTO deliveries (id, event, organization, endpoint, created_at)
      SELECT id, event, organization, endpoint, created_at FROM ${GIVEN_DELIVERIES}),
    queue_in AS (
      INSERT INTO queue (delivery, event, organization, endpoint, due_at, lease)
      SELECT id, event, organization, endpoint, created_at, lease FROM ${GIVEN_DELIVERIES})`;
const WAITING = `(SELECT endpoint, due_at FROM ${rowsOf(DUE_AT, createDueColumns())} WHERE ${IS_SOUND})`;
/** All that is accepted is due at once. */
const DUE = putDue('due', WAITING, 'excluded.due_at');
const ANSWER = `SELECT (SELECT array_to_string(numbers, ',') FROM batch), ${earliestNew('due')}`;
const BATCH = batchRow('ARRAY(SELECT n FROM stale)');

const ACCEPT: Statement = {
  name: 'accept',
  text: `WITH ${STALE},
    ${EVENTS},
    ${DELIVERIES},
    ${DUE},
    ${BATCH}
    ${ANSWER}`,
};

/**
 * The same with ids that clients chose and rows of idempotency. Ones that have expired make room. Where another node was
 * faster, the whole statement fails: the number of rows that could be written is not the number that had to be.
 */
const ACCEPT_KEYED: Statement = {
  name: 'accept_keyed',
  text: `WITH ${STALE},
    ids_given AS MATERIALIZED (SELECT * FROM ${rowsOf(IDS_AT, createIdColumns())} WHERE ${IS_SOUND}),
    ids_in AS (
      INSERT INTO event_ids AS x (organization, id, event, fingerprint, created_at, expires_at)
      SELECT organization, id, event, fingerprint, created_at, expires_at FROM ids_given ORDER BY organization, id
      ON CONFLICT (organization, id) DO UPDATE SET event = excluded.event, fingerprint = excluded.fingerprint,
        created_at = excluded.created_at, expires_at = excluded.expires_at
      WHERE x.expires_at <= excluded.created_at
      RETURNING 1),
    requests_given AS MATERIALIZED (SELECT * FROM ${rowsOf(REQUESTS_AT, createRequestColumns())} WHERE ${IS_SOUND}),
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
    ${BATCH}
    ${ANSWER}, 1 / (CASE WHEN (SELECT rows FROM missing) = 0 THEN 1 ELSE 0 END)`,
};

/** The columns of a batch. They are used again for the next one. */
export class AcceptBatch {
  readonly #directory: Directory;
  readonly #events = createEventColumns();
  readonly #deliveries = createDeliveryColumns();
  readonly #due = createDueColumns();
  readonly #checks = createCheckColumns();
  readonly #ids = createIdColumns();
  readonly #requests = createRequestColumns();
  readonly #plain: readonly Columns[] = [this.#events, this.#deliveries, this.#due, this.#checks];
  readonly #keyed: readonly Columns[] = [this.#ids, this.#requests];
  /** The numbers of checks, counted from one, by what they compare. */
  readonly #checkOf = new Map<string, number>();
  #incarnation: Incarnation = 0;

  constructor(directory: Directory) {
    this.#directory = directory;
  }

  begin(incarnation: Incarnation): void {
    for (const columns of this.#plain) clearAll(columns);
    for (const columns of this.#keyed) clearAll(columns);
    this.#checkOf.clear();
    this.#incarnation = incarnation;
  }

  /**
   * Adds what is to be stored of a unit: all but its duplicates, whose places are given. Answers the number of its check;
   * 0 for none.
   */
  add(unit: AcceptUnit, duplicates: ReadonlyMap<number, unknown> | null): number {
    const check = this.#addCheck(unit);
    const newest = newestOfEachId(unit);
    for (let index = 0; index < unit.events.length; index += 1) {
      const accepted = unit.events[index];
      if (accepted === undefined || duplicates?.has(index) === true) continue;
      const { event, fingerprint, deliveries } = accepted;
      const organization = this.#directory.organization(event.organizationId);
      if (organization === null) throw new Error(`organization ${event.organizationId} is not in the store`);
      const columns = this.#events;
      columns.payload.add(event.payload);
      columns.key.add(event.key);
      columns.version_check.add(check);
      columns.organization.add(organization);
      columns.id.addOrNull(event.id === event.key ? null : event.id);
      columns.type.add(event.type);
      columns.content_type.addOrNull(event.contentType === JSON_CONTENT_TYPE ? null : event.contentType);
      columns.occurred_at.addOrNull(event.occurredAt === event.createdAt ? null : event.occurredAt);
      columns.created_at.add(event.createdAt);
      for (const delivery of deliveries) this.#addDelivery(delivery, event.key, organization, event.createdAt, check);
      if (fingerprint !== null && (newest === null || newest.get(event.id) === index)) {
        this.#addId(check, organization, event.id, event.key, fingerprint, event.createdAt);
      }
    }
    if (unit.idempotency !== null) this.#addRequest(check, unit.idempotency);
    return check;
  }

  get isEmpty(): boolean {
    return this.#events.key.count === 0 && this.#requests.key.count === 0;
  }

  get statement(): Statement {
    return this.#isKeyed ? ACCEPT_KEYED : ACCEPT;
  }

  values(): readonly Value[] {
    const values: Value[] = [];
    for (const columns of this.#plain) for (const column of Object.values(columns)) values.push(column.value());
    if (!this.#isKeyed) return values;
    for (const columns of this.#keyed) for (const column of Object.values(columns)) values.push(column.value());
    return values;
  }

  get #isKeyed(): boolean {
    return this.#ids.id.count + this.#requests.key.count > 0;
  }

  #addCheck({ events, endpointsVersion }: AcceptUnit): number {
    const [first] = events;
    if (first === undefined || endpointsVersion === undefined || endpointsVersion === null) return 0;
    const { organizationId } = first.event;
    const key = `${organizationId} ${endpointsVersion}`;
    const known = this.#checkOf.get(key);
    if (known !== undefined) return known;
    const organization = this.#directory.organization(organizationId);
    if (organization === null) throw new Error(`organization ${organizationId} is not in the store`);
    this.#checks.organization.add(organization);
    this.#checks.version.add(endpointsVersion);
    const check = this.#checkOf.size + 1;
    this.#checkOf.set(key, check);
    return check;
  }

  #addDelivery(
    { id, endpointId, leased }: AcceptedDelivery,
    event: string,
    organization: number,
    createdAt: number,
    check: number,
  ): void {
    const endpoint = this.#directory.endpoint(endpointId);
    if (endpoint === null) throw new Error(`endpoint ${endpointId} is not in the store`);
    const columns = this.#deliveries;
    columns.id.add(id);
    columns.version_check.add(check);
    columns.event.add(event);
    columns.organization.add(organization);
    columns.endpoint.add(endpoint.number);
    columns.created_at.add(createdAt);
    columns.lease.addOrNull(leased ? this.#incarnation : null);
    if (leased) return;
    this.#due.endpoint.add(endpoint.number);
    this.#due.version_check.add(check);
    this.#due.due_at.add(createdAt);
  }

  #addId(check: number, organization: number, id: string, event: string, fingerprint: string, createdAt: number): void {
    const columns = this.#ids;
    columns.version_check.add(check);
    columns.organization.add(organization);
    columns.id.add(id);
    columns.event.add(event);
    columns.fingerprint.add(fingerprint);
    columns.created_at.add(createdAt);
    columns.expires_at.add(createdAt + CLIENT_EVENT_ID_MS);
  }

  #addRequest(check: number, row: IdempotencyRow): void {
    const columns = this.#requests;
    columns.version_check.add(check);
    columns.principal.add(row.principal);
    columns.route.add(row.route);
    columns.key.add(row.key);
    columns.fingerprint.add(row.fingerprint);
    columns.reference.add(row.reference);
    columns.created_at.add(row.createdAt);
    columns.expires_at.add(row.expiresAt);
  }
}

/** Of several events of a unit with one id, the last is the one that is found by it; null where that cannot be. */
function newestOfEachId({ events }: AcceptUnit): ReadonlyMap<string, number> | null {
  if (events.length < 2) return null;
  return new Map(events.map(({ event }, index) => [event.id, index]));
}
