import type { EndpointId } from '../../../domain/ids.ts';
import { number, numberOrNull, type Row, text } from '../../cells.ts';
import type { AttemptFilter, Page, PageRequest, Reader, ShownAttempt } from '../../reader.ts';
import type { Statement, Value } from '../database.ts';
import { shownAttempt } from '../rows.ts';
import { idOf, timeOfUuid, UUID_MAX, UUID_MIN, uuidAt } from '../uuids.ts';
import { attemptCursor } from './attempts.ts';
import type { Queries } from './queries.ts';

/** Attempts that one page may look at. A filter that few of them pass answers a short page, and where to go on from. */
export const ATTEMPTS_SCAN_ROWS_MAX = 10_000;
const STEP_ROWS_MAX = 500;
/** Of more endpoints than this not all days are asked at once. */
const ENDPOINTS_ASKED_MAX = 64;
const FIRST_WINDOW_MS = 15 * 60 * 1_000;
/** After so long a window comes all that is older. */
const LAST_WINDOW_MS = 32 * 24 * 3_600 * 1_000;
/** The time in an attempt's id and the one that stands in its row are taken one after the other. */
const TIMES_APART_MS_MAX = 600_000;

const IS_LAST_OF_DELIVERY = `NOT EXISTS (SELECT 1 FROM attempts l WHERE l.delivery = a.delivery
  AND l.id >= ids_since(a.id) AND (l.ordinal, l.id) > (a.ordinal, a.id) OFFSET 0)`;
/** A delivery of an archived endpoint that did not succeed is shown as cancelled before housekeeping makes it so. */
const OUTCOME = `CASE WHEN a.response_status BETWEEN 200 AND 299 THEN 'success'
  WHEN (d.status IN ('dead', 'cancelled') OR (p.status = 'archived' AND d.status <> 'succeeded'))
    AND ${IS_LAST_OF_DELIVERY}
  THEN 'dead' ELSE 'retry' END`;

/** From places `s` (endpoint, id) to attempts with what their deliveries say of them. */
export const SHOWN_ATTEMPT = `
  SELECT a.*, p.id AS endpoint_id, p.url AS endpoint_url, d.event AS event_key, v.id AS event_id, v.type AS event_type,
    ${OUTCOME} AS outcome
  FROM (SELECT * FROM endpoints p WHERE p.number = s.endpoint LIMIT 1) p
  CROSS JOIN LATERAL (SELECT * FROM attempts a WHERE a.endpoint = s.endpoint AND a.id = s.id LIMIT 1) a
  CROSS JOIN LATERAL (
    SELECT d.event, d.status, d.organization FROM deliveries d
    WHERE d.organization = p.organization AND d.id = a.delivery LIMIT 1) d
  CROSS JOIN LATERAL (
    SELECT v.id, v.type FROM events v WHERE v.organization = d.organization AND v.key = d.event LIMIT 1) v`;

/** Attempts newest first: each place that was looked at, with the attempt where it is one that is wanted. */
const STEP = `SELECT s.id AS place, CASE WHEN $4 > 0 THEN (
      SELECT a.started_at FROM attempts a WHERE a.endpoint = s.endpoint AND a.id = s.id) END AS place_at, m.*
  FROM s LEFT JOIN LATERAL (
    SELECT * FROM (${SHOWN_ATTEMPT}) m
    WHERE m.started_at >= $4 AND m.started_at < $5
      AND ($6::integer IS NULL OR m.response_status >= $6) AND ($7::integer IS NULL OR m.response_status <= $7)
      AND ($8::text IS NULL OR m.event_type = $8) AND ($9::text IS NULL OR m.outcome = $9)
      AND ($10::bigint IS NULL OR m.recorded < $10)) m ON true
  ORDER BY s.id DESC`;
const OF_ENDPOINT: Statement = {
  name: 'read_attempts_shown_of_endpoint',
  text: `WITH s AS MATERIALIZED (
      SELECT endpoint, id FROM attempts WHERE endpoint = $1 AND id < $2::uuid AND id >= $11::uuid
      ORDER BY id DESC LIMIT $3)
    ${STEP}`,
};
/** A merge of the indexes of its endpoints: one of their own would cost every attempt a write. */
const OF_ORGANIZATION: Statement = {
  name: 'read_attempts_shown_of_organization',
  text: `WITH s AS MATERIALIZED (
      SELECT a.endpoint, a.id FROM endpoints e CROSS JOIN LATERAL (
        SELECT endpoint, id FROM attempts a
        WHERE a.endpoint = e.number AND a.id < $2::uuid AND a.id >= $11::uuid ORDER BY a.id DESC LIMIT $3) a
      WHERE e.organization = $1 ORDER BY a.id DESC LIMIT $3)
    ${STEP}`,
};
const OWNER: Statement = {
  name: 'read_attempts_owner',
  text: `SELECT o.number AS organization,
      (SELECT e.number FROM endpoints e WHERE e.id = $2 AND e.organization = o.number) AS endpoint,
      (SELECT count(*) FROM (
        SELECT 1 FROM endpoints e WHERE e.organization = o.number LIMIT ${ENDPOINTS_ASKED_MAX + 1}) s) AS endpoints,
      floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint AS now
    FROM organizations o WHERE o.id = $1`,
};

type Source = { readonly statement: Statement; readonly owner: number; readonly isWide: boolean; readonly now: number };

export type AttemptSearch = AttemptFilter & {
  /** Only what was stored by transactions before this one. */
  readonly recordedBelow: number | null;
};
export type OrganizationAttempts = (search: AttemptSearch, page: PageRequest) => Promise<Page<Row>>;

export function createOrganizationAttempts(queries: Queries): Pick<Reader, 'attempts'> {
  const search = createAttemptSearch(queries);
  return {
    async attempts(filter, page): Promise<Page<ShownAttempt>> {
      const { items, nextCursor } = await search({ ...filter, recordedBelow: null }, page);
      return { items: items.map(shownAttempt), nextCursor };
    },
  };
}

export function createAttemptSearch({ all, first }: Queries): OrganizationAttempts {
  async function sourceOf(organizationId: string, endpointId: EndpointId | null): Promise<Source | null> {
    const row = await first(OWNER, organizationId, endpointId);
    if (row === undefined) return null;
    const [endpoint, now] = [numberOrNull(row['endpoint']), number(row['now'])];
    if (endpointId !== null) {
      return endpoint === null ? null : { statement: OF_ENDPOINT, owner: endpoint, isWide: false, now };
    }
    const isWide = number(row['endpoints']) > ENDPOINTS_ASKED_MAX;
    return { statement: OF_ORGANIZATION, owner: number(row['organization']), isWide, now };
  }

  return async function search(filter, { after, itemsMax }) {
    const source = await sourceOf(filter.organizationId, filter.endpointId);
    const items: Row[] = [];
    if (source === null) return { items, nextCursor: null };
    const { since, until } = filter;
    const isFiltered = filterOf(filter).some((value) => value !== null) || since !== null || until !== null;
    const oldest = since === null ? null : since - TIMES_APART_MS_MAX;
    let below = attemptCursor(after);
    if (until !== null) below = least(below, uuidAt(until + TIMES_APART_MS_MAX));
    let window = windowFrom(source, below, FIRST_WINDOW_MS);
    let cursor: string | null = null;
    for (let looked = 0; ; ) {
      const stepMax = Math.min(isFiltered ? STEP_ROWS_MAX : itemsMax + 1, ATTEMPTS_SCAN_ROWS_MAX - looked);
      if (stepMax === 0) return { items, nextCursor: cursor };
      const rows = await all(
        source.statement,
        source.owner,
        below,
        stepMax,
        since ?? 0,
        until ?? Number.MAX_SAFE_INTEGER,
        ...filterOf(filter),
        window.from,
      );
      for (const row of rows) {
        // Those before it began earlier still.
        if (oldest !== null && number(row['place_at']) < oldest) return { items, nextCursor: null };
        if (row['id'] !== null) {
          if (items.length === itemsMax) return { items, nextCursor: cursor };
          items.push(row);
        }
        below = text(row['place']);
        cursor = idOf('att', below);
      }
      looked += rows.length;
      if (rows.length === stepMax) continue;
      if (window.from === UUID_MIN) return { items, nextCursor: null };
      below = window.from;
      window = windowFrom(source, below, window.ms * 2);
    }
  };
}

function filterOf({ statusMin, statusMax, eventType, outcome, recordedBelow }: AttemptSearch): readonly Value[] {
  return [statusMin, statusMax, eventType, outcome, recordedBelow];
}

/**
 * What is asked at once. Where endpoints are many and most of them quiet, all of their days would be looked through to
 * find a page that the last day fills, so time is gone through in windows, each twice as long as the one after it.
 */
function windowFrom(
  { isWide, now }: Source,
  below: string,
  ms: number,
): { readonly from: string; readonly ms: number } {
  if (!isWide || ms > LAST_WINDOW_MS) return { from: UUID_MIN, ms };
  const end = below === UUID_MAX ? now : timeOfUuid(below);
  return { from: uuidAt(end - ms), ms };
}

function least(one: string, other: string): string {
  return one < other ? one : other;
}
