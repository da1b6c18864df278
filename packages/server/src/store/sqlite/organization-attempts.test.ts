import type { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import { createIdSource, type OrganizationId } from '../../domain/ids.ts';
import type { AttemptFilter } from '../port.ts';
import { IN_MEMORY, openWriterConnection } from './connection.ts';
import { FOLLOW_SCAN_ROWS_MAX } from './reader/follow-attempts.ts';
import { ATTEMPTS_SCAN_ROWS_MAX, ENDPOINTS_MERGED_MAX } from './reader/organization-attempts.ts';
import { createSyncReader } from './reader/reader.ts';

const OPEN = { endpointId: null, outcome: null, since: null, until: null, statusMin: null, statusMax: null } as const;
const PAGE = { after: null, itemsMax: 3 };

/** So many endpoints of one organization, which got the attempts in turns; each `everyNth` of them is of the type `rare`. */
function filled(options: { endpoints: number; attempts: number; everyNth: number }) {
  const db: DatabaseSync = openWriterConnection(IN_MEMORY);
  const organizationId: OrganizationId = createIdSource({ now: () => 0, fillRandom() {} }).next('org');
  const { endpoints, attempts, everyNth } = options;
  db.exec(`BEGIN;
    INSERT INTO organizations (number, id, name, rotation_policy, version, created_at, updated_at)
      VALUES (1, '${organizationId}', 'one', '{}', 1, 0, 0), (2, 'org_2', 'two', '{}', 1, 0, 0);
    INSERT INTO events (number, key, organization, type, payload, created_at)
      VALUES (1, 'evt_1', 1, 'usual', x'', 0), (2, 'evt_2', 1, 'rare', x'', 0), (3, 'evt_3', 2, 'rare', x'', 0);
    INSERT INTO deliveries (number, id, organization, endpoint, event, status, attempt_count, created_at)
      VALUES (1, 'dlv_1', 1, 1, 1, 'succeeded', 1, 0), (2, 'dlv_2', 1, 1, 2, 'succeeded', 1, 0),
             (3, 'dlv_3', 2, 0, 3, 'succeeded', 1, 0);
    WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < ${endpoints})
      INSERT INTO endpoints (number, id, organization, url, status, settings, version, created_at, updated_at)
        SELECT i, 'ep_' || i, iif(i = 0, 2, 1), '', 'active', '{}', 1, 0, 0 FROM n;
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${attempts})
      INSERT INTO attempts (number, id, delivery, endpoint, ordinal, started_at, response_status, total_ms, ring_version, key_ids)
        SELECT 2 * i, 'att_' || i, iif(i % ${everyNth} = 0, 2, 1), 1 + i % ${endpoints}, 1, i, 200, 1, 1, '' FROM n
        UNION ALL SELECT 2 * i + 1, 'att_of_two', 3, 0, 1, i, 200, 1, 1, '' FROM n;
    COMMIT`);
  return { reader: createSyncReader(db), filter: { ...OPEN, organizationId, eventType: 'rare' } };
}

function walk({ reader, filter }: { reader: ReturnType<typeof createSyncReader>; filter: AttemptFilter }) {
  const ids: string[] = [];
  const pages: number[] = [];
  let after: string | null = null;
  do {
    const page: ReturnType<typeof reader.attempts> = reader.attempts(filter, { after, itemsMax: PAGE.itemsMax });
    ids.push(...page.items.map(({ attempt }) => attempt.id));
    pages.push(page.items.length);
    after = page.nextCursor;
  } while (after !== null);
  return { ids, pages };
}

describe('a search through the attempts of an organization', () => {
  it('answers a short page with a place to go on from when few are found, and finds them all', () => {
    const everyNth = ATTEMPTS_SCAN_ROWS_MAX + 1_000;
    const { ids, pages } = walk(filled({ endpoints: 40, attempts: 3 * everyNth + 5, everyNth }));
    expect(ids).toEqual([3, 2, 1].map((nth) => `att_${nth * everyNth}`));
    expect(pages.length).toBeGreaterThan(3);
    expect(Math.max(...pages)).toBeLessThan(PAGE.itemsMax);
  });

  it('goes through those of everyone where the organization has very many endpoints, and tells only its own', () => {
    const everyNth = 4_000;
    const attempts = ATTEMPTS_SCAN_ROWS_MAX - 10;
    const { ids, pages } = walk(filled({ endpoints: ENDPOINTS_MERGED_MAX + 1, attempts, everyNth }));
    expect(ids).toEqual(['att_8000', 'att_4000']);
    // One page would see all of its own; the other organization has as many, among which they are looked for.
    expect(pages.length).toBeGreaterThan(1);
  });
});

describe('following the attempts of an organization', () => {
  it('passes over those of others in bounded steps, and over what was pruned at once', () => {
    const { reader, filter } = filled({
      endpoints: 3,
      attempts: 3 * FOLLOW_SCAN_ROWS_MAX,
      everyNth: FOLLOW_SCAN_ROWS_MAX,
    });
    const ids: string[] = [];
    let pages = 0;
    for (let after = '-5000'; ; pages += 1) {
      const page = reader.followAttempts(filter, { after, itemsMax: 10 });
      ids.push(...page.items.map(({ attempt }) => attempt.id));
      after = page.nextCursor;
      if (!page.hasMore) break;
    }
    expect(ids).toEqual([]);
    for (let after = '0'; ; pages += 1) {
      const page = reader.followAttempts(filter, { after, itemsMax: 10 });
      ids.push(...page.items.map(({ attempt }) => attempt.id));
      after = page.nextCursor;
      if (!page.hasMore) break;
    }
    expect(ids).toEqual([1, 2, 3].map((nth) => `att_${nth * FOLLOW_SCAN_ROWS_MAX}`));
    expect(pages).toBe(5);
  });

  it('goes on at the end when the cursor lies past it, because the database is another one', () => {
    const { reader, filter } = filled({ endpoints: 1, attempts: 5, everyNth: 1 });
    expect(reader.followAttempts(filter, { after: '1000', itemsMax: 10 })).toEqual({
      items: [],
      nextCursor: '11',
      hasMore: false,
    });
  });
});
