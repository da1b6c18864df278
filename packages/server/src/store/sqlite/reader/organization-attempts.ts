import type { DatabaseSync } from 'node:sqlite';
import { numberCursor } from '../../page.ts';
import type { AttemptFilter, Page, ShownAttempt } from '../../port.ts';
import { shownAttemptOf } from '../../rows.ts';
import { number } from '../cells.ts';
import { type NumberSource, newestFirst } from './newest-first.ts';
import { createNumberRange } from './number-range.ts';
import type { SyncReader } from './sync-reader.ts';

/** Attempts that one page may look at. A filter that few of them pass answers a short page, and where to go on from. */
export const ATTEMPTS_SCAN_ROWS_MAX = 10_000;
/** Past so many endpoints the attempts of all organizations are walked: asking every endpoint would take longer. */
export const ENDPOINTS_MERGED_MAX = 2_000;
const STEP_ROWS_MIN = 8;
const STEP_ROWS_MAX = 256;

const LAST_OF_DELIVERY = 'a.number = (SELECT max(l.number) FROM attempts l WHERE l.delivery = a.delivery)';
/** A delivery of an archived endpoint that did not succeed is shown as cancelled before housekeeping makes it so. */
export const OUTCOME = `CASE WHEN a.response_status BETWEEN 200 AND 299 THEN 'success'
  WHEN (d.status IN ('dead', 'cancelled') OR (p.status = 'archived' AND d.status <> 'succeeded')) AND ${LAST_OF_DELIVERY}
  THEN 'dead' ELSE 'retry' END`;

/**
 * The attempts of a whole organization are in no index: every attempt would pay for it when it is written. What there
 * is are the attempts of each endpoint, which are merged here by their numbers, newest first.
 */
export function createOrganizationAttempts(db: DatabaseSync): Pick<SyncReader, 'attempts'> {
  const organizations = db.prepare('SELECT number FROM organizations WHERE id = ?');
  const matching =
    db.prepare(`SELECT a.*, d.id AS delivery_id, p.id AS endpoint_id, v.key AS event_key, v.id AS event_id,
      v.type AS event_type, ${OUTCOME} AS outcome
    FROM attempts a CROSS JOIN endpoints p ON p.number = a.endpoint
    CROSS JOIN deliveries d ON d.number = a.delivery CROSS JOIN events v ON v.number = d.event
    WHERE a.number = ?1 AND a.started_at >= ?2 AND a.started_at < ?3
      AND (?4 IS NULL OR a.response_status >= ?4) AND (?5 IS NULL OR a.response_status <= ?5)
      AND p.organization = ?6 AND (?7 IS NULL OR v.type = ?7) AND (?8 IS NULL OR ${OUTCOME} = ?8)`);
  const numbersOf = createNumbers(db);
  const rangeOf = createNumberRange(db, { table: 'attempts', time: 'started_at' });

  return {
    attempts(filter, { after, itemsMax }): Page<ShownAttempt> {
      const row = organizations.get(filter.organizationId);
      if (row === undefined) return { items: [], nextCursor: null };
      const organization = number(row['number']);
      const { since, until, statusMin, statusMax, eventType, outcome } = filter;
      const { from, to } = rangeOf(since, until);
      const items: ShownAttempt[] = [];
      let cursor = after;
      let looked = 0;
      for (const found of numbersOf(organization, filter.endpointId, from, Math.min(to, numberCursor(after)))) {
        if (looked === ATTEMPTS_SCAN_ROWS_MAX) return { items, nextCursor: cursor };
        looked += 1;
        const attempt = matching.get(
          found,
          since ?? 0,
          until ?? Number.MAX_SAFE_INTEGER,
          statusMin,
          statusMax,
          organization,
          eventType,
          outcome,
        );
        if (attempt !== undefined) {
          if (items.length === itemsMax) return { items, nextCursor: cursor };
          items.push(shownAttemptOf(attempt));
        }
        cursor = String(found);
      }
      return { items, nextCursor: null };
    },
  };
}

/** Numbers of attempts that may be of the organization, or of its one endpoint: from `from` on, below `to`, newest first. */
function createNumbers(db: DatabaseSync) {
  const one = db.prepare('SELECT number FROM endpoints WHERE id = ? AND organization = ?');
  const endpointNumbers = db.prepare('SELECT number FROM endpoints WHERE organization = ? LIMIT ?');
  const head = db.prepare(
    'SELECT number FROM attempts WHERE endpoint = ? AND number >= ? AND number < ? ORDER BY number DESC LIMIT 1',
  );
  const step = db.prepare(
    'SELECT number FROM attempts WHERE endpoint = ? AND number >= ? AND number < ? ORDER BY number DESC LIMIT ?',
  );
  const anywhere = db.prepare(
    'SELECT number FROM attempts WHERE number >= ? AND number < ? ORDER BY number DESC LIMIT ?',
  );

  function sourceOf(endpoint: number, from: number): NumberSource {
    let rows = STEP_ROWS_MIN;
    return (below) => {
      const found = step.all(endpoint, from, below, rows).map((row) => number(row['number']));
      rows = Math.min(rows * 2, STEP_ROWS_MAX);
      return found;
    };
  }

  return (organization: number, endpointId: AttemptFilter['endpointId'], from: number, to: number) => {
    const rows =
      endpointId === null
        ? endpointNumbers.all(organization, ENDPOINTS_MERGED_MAX + 1)
        : one.all(endpointId, organization);
    if (rows.length > ENDPOINTS_MERGED_MAX) {
      const everyone: NumberSource = (below) =>
        anywhere.all(from, below, STEP_ROWS_MAX).map((row) => number(row['number']));
      const [newest] = anywhere.all(from, to, 1);
      return newestFirst(newest === undefined ? [] : [[number(newest['number']), everyone]]);
    }
    return newestFirst(
      rows.flatMap((row): [number, NumberSource][] => {
        const endpoint = number(row['number']);
        const newest = head.get(endpoint, from, to);
        return newest === undefined ? [] : [[number(newest['number']), sourceOf(endpoint, from)]];
      }),
    );
  };
}
