import type { DatabaseSync } from 'node:sqlite';
import type { FollowedAttempt } from '../../port.ts';
import { shownAttemptOf } from '../../rows.ts';
import { number, numberOrNull, text } from '../cells.ts';
import { createOrganizationAttempts, OUTCOME } from './organization-attempts.ts';
import type { SyncReader } from './sync-reader.ts';

/** Attempts of everyone that one page may look at. */
export const FOLLOW_SCAN_ROWS_MAX = 10_000;

/**
 * What was recorded since the last look is read in the order of the numbers, across all organizations: that is as much
 * work as there was traffic, whoever follows, and needs no index.
 */
export function createFollowAttempts(db: DatabaseSync): Pick<SyncReader, 'followAttempts'> {
  const highest = db.prepare('SELECT max(number) AS number FROM attempts');
  const next = db.prepare('SELECT number FROM attempts WHERE number > ? ORDER BY number LIMIT 1');
  const matching =
    db.prepare(`SELECT a.*, d.id AS delivery_id, p.id AS endpoint_id, p.url AS endpoint_url, v.key AS event_key,
      v.id AS event_id, v.type AS event_type, ${OUTCOME} AS outcome
    FROM attempts a CROSS JOIN endpoints p ON p.number = a.endpoint
    CROSS JOIN deliveries d ON d.number = a.delivery CROSS JOIN events v ON v.number = d.event
    WHERE a.number > ?1 AND a.number <= ?2
      AND p.organization = (SELECT number FROM organizations WHERE id = ?3)
      AND (?4 IS NULL OR p.id = ?4) AND (?5 IS NULL OR v.type = ?5) AND (?6 IS NULL OR ${OUTCOME} = ?6)
    ORDER BY a.number LIMIT ?7`);
  const urlOf = db.prepare('SELECT url FROM endpoints WHERE id = ?');
  const { attempts } = createOrganizationAttempts(db);

  return {
    followAttempts(filter, { after, itemsMax }) {
      const end = numberOrNull(highest.get()?.['number'] ?? null) ?? 0;
      if (after === null) {
        const search = { ...filter, since: null, until: null, statusMin: null, statusMax: null };
        // Those that are recorded meanwhile come behind `end`, on the next page.
        const newest = attempts(search, { after: String(end + 1), itemsMax }).items;
        const items = newest.toReversed().map((shown): FollowedAttempt => {
          const url = urlOf.get(shown.attempt.endpointId)?.['url'];
          return { ...shown, endpointUrl: typeof url === 'string' ? url : '' };
        });
        return { items, nextCursor: String(end), hasMore: false };
      }
      // Past the end: the database is another one than it was. What comes from now on is told.
      const from = Math.min(positionOf(after, end), end);
      const first = numberOrNull(next.get(from)?.['number'] ?? null);
      if (first === null) return { items: [], nextCursor: String(from), hasMore: false };
      const to = Math.min(end, first + FOLLOW_SCAN_ROWS_MAX - 1);
      const { organizationId, endpointId, eventType, outcome } = filter;
      const rows = matching.all(first - 1, to, organizationId, endpointId, eventType, outcome, itemsMax);
      const last = rows.at(-1);
      const reached = rows.length === itemsMax && last !== undefined ? number(last['number']) : to;
      const items = rows.map((row) => ({ ...shownAttemptOf(row), endpointUrl: text(row['endpoint_url']) }));
      return { items, nextCursor: String(reached), hasMore: reached < end };
    },
  };
}

function positionOf(after: string, end: number): number {
  const parsed = Number(after);
  return Number.isSafeInteger(parsed) && parsed >= 0 ? parsed : end;
}
