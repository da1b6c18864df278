import { Client } from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { DAY, newId, organization, START } from '../../contract/fixtures.ts';
import type { Reader } from '../../port.ts';
import { type Database, openDatabase } from '../database.ts';
import { dayAt } from '../days.ts';
import type { TestDatabase } from '../testing/database.ts';
import { createMigratedDatabase } from '../testing/migrated-database.ts';
import { idOf, uuidAt } from '../uuids.ts';
import { makeDays } from '../writer/partitions.ts';
import { FOLLOW_SCAN_ROWS_MAX } from './follow-attempts.ts';
import { ATTEMPTS_SCAN_ROWS_MAX } from './organization-attempts.ts';
import { createReader } from './reader.ts';

const OPEN = {
  endpointId: null,
  eventType: null,
  outcome: null,
  since: null,
  until: null,
  statusMin: null,
  statusMax: null,
};
/** More than are asked for all of time at once. */
const ENDPOINTS = 70;

let testDatabase: TestDatabase;
let client: Client;
let db: Database;
let reader: Reader;
const owner = organization();

beforeAll(async () => {
  testDatabase = await createMigratedDatabase(START);
  client = new Client({ connectionString: testDatabase.url });
  await client.connect();
  db = openDatabase({ url: testDatabase.url, pooler: 'none' });
  reader = createReader(db);
  await makeDays(
    db,
    Array.from({ length: 60 }, (_, back) => dayAt(START - back * DAY)),
  );
  await client.query(`INSERT INTO organizations (id, name, rotation_policy, version, created_at, updated_at)
    VALUES ('${owner.id}', 'x', '{}', 1, 0, 0), ('${newId('org')}', 'other', '{}', 1, 0, 0)`);
  await client.query(`INSERT INTO endpoints (id, organization, url, status, settings, version, created_at, updated_at)
    SELECT 'ep_' || i, 1, 'u' || i, 'active', '{}', 1, 0, 0 FROM generate_series(1, ${ENDPOINTS}) AS i`);
}, 60_000);
afterAll(async () => {
  await client.end();
  await db.close();
  await testDatabase.drop();
});
beforeEach(async () => {
  await client.query('TRUNCATE events, deliveries, attempts, queue');
});

/** An event with its delivery, both of that time and id. */
async function putDelivery(at: number, { type = 'x', organization: of = 1 } = {}): Promise<string> {
  const uuid = uuidAt(at);
  await client.query(`INSERT INTO events (key, organization, type, created_at, payload) VALUES ($1, $2, $3, $4, '')`, [
    uuid,
    of,
    type,
    at,
  ]);
  await client.query(
    `INSERT INTO deliveries (id, event, organization, endpoint, created_at, status, ended_at)
      VALUES ($1, $1, $2, 1, $3, 'succeeded', 1)`,
    [uuid, of, at],
  );
  return uuid;
}

const ATTEMPT = `INSERT INTO attempts (id, delivery, started_at, endpoint, ordinal, response_status, ring_version, total_ms, key_ids)
  VALUES ($1, $2, $3, $4, 1, 200, 1, 1, '')`;

async function putAttempt(at: number, delivery: string, endpoint: number, on: Client = client): Promise<string> {
  await on.query(ATTEMPT, [uuidAt(at), delivery, at, endpoint]);
  return idOf('att', uuidAt(at));
}

describe('what PostgreSQL cannot keep', () => {
  it('is not found, rather than an error', async () => {
    expect(await reader.organizationByExternalId('a\u0000b')).toBeNull();
    expect(await reader.event(owner.id, 'a\u0000b')).toBeNull();
    expect(await reader.idempotency('a', 'b', '\u0000', 0)).toBeNull();
    const page = { after: '\u0000', itemsMax: 5 };
    expect((await reader.organizations(page)).items).toEqual([]);
    expect(
      (await reader.deliveries({ organizationId: owner.id, endpointId: null, eventKey: null, statuses: null }, page))
        .items,
    ).toEqual([]);
  });

  it('is no id of anything', async () => {
    expect(await reader.delivery(owner.id, 'dlv_1')).toBeNull();
    expect(await reader.attemptsOfDelivery(owner.id, 'dlv_1')).toEqual([]);
  });
});

describe('a delivery whose event is past retention', () => {
  it('is nowhere told, and hides none behind it', async () => {
    const kept: string[] = [];
    for (let index = 0; index < 9; index += 1) {
      const uuid = await putDelivery(START - index * 1_000);
      const attempt = await putAttempt(START - index * 1_000, uuid, 1);
      if (index % 3 === 1) kept.push(idOf('dlv', uuid), attempt);
      else await client.query('DELETE FROM events WHERE key = $1', [uuid]);
    }
    const filter = { organizationId: owner.id, endpointId: null, eventKey: null, statuses: null };
    const ids: string[] = [];
    for (let after: string | null = null, more = true; more; ) {
      const page = await reader.deliveries(filter, { after, itemsMax: 2 });
      ids.push(...page.items.map(({ delivery }) => delivery.id));
      [after, more] = [page.nextCursor, page.nextCursor !== null];
    }
    expect(ids).toEqual(kept.filter((id) => id.startsWith('dlv')));
    const attempts = await reader.attempts({ ...OPEN, organizationId: owner.id }, { after: null, itemsMax: 50 });
    expect(attempts.items.map(({ attempt }) => attempt.id)).toEqual(kept.filter((id) => id.startsWith('att')));
    const gone = idOf('dlv', uuidAt(START));
    expect(await reader.delivery(owner.id, gone)).toBeNull();
  });
});

describe('the attempts of an organization with many endpoints', () => {
  it('are told in the order of their starts, each once, however far back they lie', async () => {
    const delivery = await putDelivery(START - 58 * DAY);
    const expected: string[] = [];
    // Thick at first, then with gaps of weeks.
    const ages = [1, 2, 3, 60_000, 3_600_000, DAY, DAY + 1, 9 * DAY, 10 * DAY, 40 * DAY, 57 * DAY];
    for (const [index, age] of ages.entries()) {
      expected.push(await putAttempt(START - age, delivery, 1 + ((index * 11) % ENDPOINTS)));
    }
    for (const itemsMax of [1, 4, 50]) {
      const found: string[] = [];
      let after: string | null = idOf('att', uuidAt(START));
      while (after !== null) {
        const page: Awaited<ReturnType<Reader['attempts']>> = await reader.attempts(
          { ...OPEN, organizationId: owner.id },
          { after, itemsMax },
        );
        found.push(...page.items.map(({ attempt }) => attempt.id));
        after = page.nextCursor;
      }
      expect(found).toEqual(expected);
    }
  });

  it('are looked through in bounded pages when few of them are wanted', async () => {
    const usual = await putDelivery(START - DAY);
    const rare = await putDelivery(START - DAY + 1, { type: 'rare' });
    const rows = ATTEMPTS_SCAN_ROWS_MAX + 2_000;
    await client.query(
      `INSERT INTO attempts (id, delivery, started_at, endpoint, ordinal, response_status, ring_version, total_ms, key_ids)
        SELECT (lpad(to_hex(${START} - i), 12, '0') || repeat('0', 20))::uuid,
          CASE WHEN i = ${rows} THEN $2::uuid ELSE $1::uuid END, ${START} - i, 1 + i % ${ENDPOINTS}, 1, 200, 1, 1, ''
        FROM generate_series(1, ${rows}) AS i`,
      [usual, rare],
    );
    const filter = { ...OPEN, organizationId: owner.id, eventType: 'rare' };
    const first = await reader.attempts(filter, { after: null, itemsMax: 5 });
    expect([first.items, first.nextCursor === null]).toEqual([[], false]);
    const second = await reader.attempts(filter, { after: first.nextCursor, itemsMax: 5 });
    expect([second.items.length, second.nextCursor]).toEqual([1, null]);
  });
});

describe('following attempts', () => {
  const follow = { organizationId: owner.id, endpointId: null, eventType: null, outcome: null };
  const ids = (page: Awaited<ReturnType<Reader['followAttempts']>>) => page.items.map(({ attempt }) => attempt.id);

  it('tells one that began to be stored before others and was committed after them', async () => {
    const delivery = await putDelivery(START);
    const begin = await reader.followAttempts(follow, { after: null, itemsMax: 10 });
    const slow = new Client({ connectionString: testDatabase.url });
    await slow.connect();
    await slow.query('BEGIN');
    const early = await putAttempt(START + 1, delivery, 1, slow);
    const late = await putAttempt(START + 2, delivery, 1);
    const during = await reader.followAttempts(follow, { after: begin.nextCursor, itemsMax: 10 });
    expect([ids(during), during.hasMore]).toEqual([[], true]);
    // Who begins now is not told later what was there before.
    const other = await reader.followAttempts(follow, { after: null, itemsMax: 10 });
    await slow.query('COMMIT');
    await slow.end();
    const after = await reader.followAttempts(follow, { after: during.nextCursor, itemsMax: 10 });
    expect([ids(after), after.hasMore]).toEqual([[early, late], false]);
    const rest = await reader.followAttempts(follow, { after: other.nextCursor, itemsMax: 10 });
    expect([...ids(other), ...ids(rest)].toSorted()).toEqual([early, late].toSorted());
    expect(ids(await reader.followAttempts(follow, { after: after.nextCursor, itemsMax: 10 }))).toEqual([]);
  });

  it('does not wait for transactions of other databases of the server', async () => {
    const delivery = await putDelivery(START);
    const begin = await reader.followAttempts(follow, { after: null, itemsMax: 10 });
    const elsewhere = new Client({ connectionString: process.env['HOOKRING_TEST_POSTGRES_URL'] });
    await elsewhere.connect();
    await elsewhere.query('BEGIN; SELECT pg_current_xact_id()');
    const attempt = await putAttempt(START + 1, delivery, 1);
    const page = await reader.followAttempts(follow, { after: begin.nextCursor, itemsMax: 10 });
    expect([ids(page), page.hasMore]).toEqual([[attempt], false]);
    await elsewhere.query('ROLLBACK');
    await elsewhere.end();
  });

  it('passes over those of others in bounded pages', async () => {
    const [theirs, mine] = [await putDelivery(START - 5, { organization: 2 }), await putDelivery(START)];
    const begin = await reader.followAttempts(follow, { after: null, itemsMax: 10 });
    await client.query(`INSERT INTO attempts (id, delivery, started_at, endpoint, ordinal, ring_version, total_ms, key_ids)
      SELECT (lpad(to_hex(${START}), 12, '0') || lpad(to_hex(i), 20, '0'))::uuid, '${theirs}', 0, 1000, 1, 1, 1, ''
      FROM generate_series(1, ${FOLLOW_SCAN_ROWS_MAX + 5}) AS i`);
    const own = await putAttempt(START + 9, mine, 1);
    const first = await reader.followAttempts(follow, { after: begin.nextCursor, itemsMax: 10 });
    expect([ids(first), first.hasMore]).toEqual([[], true]);
    const second = await reader.followAttempts(follow, { after: first.nextCursor, itemsMax: 10 });
    expect([ids(second), second.hasMore]).toEqual([[own], false]);
  });

  it('goes on at the end when the cursor cannot be one of this database', async () => {
    const delivery = await putDelivery(START);
    await putAttempt(START, delivery, 1);
    const far = `9000000000000000-${uuidAt(START)}-${START}`;
    for (const [index, after] of ['', 'x', '5', far, `${far}9999999`].entries()) {
      const page = await reader.followAttempts(follow, { after, itemsMax: 10 });
      expect([ids(page), page.hasMore]).toEqual([[], false]);
      const next = await putAttempt(START + 1 + index, delivery, 1);
      expect(ids(await reader.followAttempts(follow, { after: page.nextCursor, itemsMax: 10 }))).toEqual([next]);
    }
  });
});
