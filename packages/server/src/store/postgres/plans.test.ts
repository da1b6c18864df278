import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestClock, populate, START } from '../contract/fixtures.ts';
import { type DatabaseOptions, openDatabase } from './database.ts';
import { openPostgresStore } from './open.ts';
import type { TestDatabase } from './testing/database.ts';
import {
  type Collection,
  collectPlans,
  type Explained,
  type PlanNode,
  ranNodes,
  tellPlans,
} from './testing/explained.ts';
import { fillDatabase } from './testing/large-database.ts';
import { createMigratedDatabase } from './testing/migrated-database.ts';
import { useStore } from './testing/workload.ts';

const SHORT_ROWS = 20_000;
const ROWS = process.env['HOOKRING_PROVE'] === '1' ? 1_000_000 : SHORT_ROWS;
/** A table of so few rows is read as a whole sooner than by an index. */
const SMALL_ROWS = 1_000;
/** Rows that a page of a list may look at. */
const PAGE_ROWS_MAX = 130_000;
const LOOP_ROWS_MAX = 10_000;

/** What an operator sets for the role behind a pooler, where sessions are not our own to set anything. */
const OF_ROLE = ['enable_seqscan = off'];

/** Counts for metrics, which are remembered, and of a day that is taken off. */
const WHOLE_TABLE = /^(figures_|SELECT count\(\*\) FROM \w+_\d{8})/;
/** What runs again and again, whatever anybody asks for. */
const LOOPS =
  /^(accept|record|claim|take_due|release|batch|leases|due|node|changes|reap|end|draining|prune|fall|job|announce|directory)/;
/** What is told of one event, of one delivery, or of what was just made. */
const ONE_DAY = new Set([
  'accept',
  'accept_keyed',
  'record',
  'read_delivery',
  'read_event_by_key',
  'read_event_by_client_id',
  'deliveries_hold_events',
  'erase_hold',
  'erase_payload',
  'prune_hold',
  'prune_delete_events',
]);
/** What follows from something made today: today, and the days ahead for which there is room. */
const FROM_TODAY = new Set(['erase_owed', 'erase_answers', 'read_deliveries_of_event']);
const DAYS_FROM_TODAY = 9;
/** What was made with events of a day may lie on the days beside it. */
const BESIDE = new Set(['prune_look']);
/** Each row is looked up in its own day alone. */
const PER_ROW = new Set(['claim', 'claim_recovered', 'read_all_deliveries_of_organization', 'follow_matching']);
/** Locks, what is made for one day, and what runs before there are tables. */
const WITHOUT_PLAN =
  /^(fall_attach|fall_detach|fall_drop|fall_count|begin|commit|rollback|migrate_.*|partitions_lock.*|server|unfinished_transfer)$/;
/** Names of connections. */
const NO_STATEMENT = /^hookring /;

/** All names that the sources give to statements. Those that are made of parts are not among them. */
function statementNames(): string[] {
  const folder = fileURLToPath(new URL('.', import.meta.url));
  const sources = globSync(`${folder}/**/*.ts`).filter((path) => !/test/.test(path.slice(folder.length)));
  return sources.flatMap((path) =>
    [...readFileSync(path, 'utf8').matchAll(/name: '([^']+)'/g)].map(([, name = '']) => name),
  );
}

function mostDays(name: string): number | null {
  if (ONE_DAY.has(name)) return 2;
  if (BESIDE.has(name)) return 3;
  return FROM_TODAY.has(name) ? DAYS_FROM_TODAY : null;
}

function isCatalogue(node: PlanNode): boolean {
  return node['Relation Name']?.startsWith('pg_') === true;
}

/** In one look. */
function rowsOfLook(node: PlanNode): number {
  return (node['Actual Rows'] ?? 0) + (node['Rows Removed by Filter'] ?? 0);
}

function examined(node: PlanNode): number {
  return rowsOfLook(node) * (node['Actual Loops'] ?? 0);
}

function scans({ plan }: Explained): readonly PlanNode[] {
  return ranNodes(plan).filter((node) => node['Relation Name'] !== undefined);
}

/** How often each partitioned table was looked into, by day. */
function daysOf(explained: Explained): ReadonlyMap<string, ReadonlyMap<string, number>> {
  const days = new Map<string, Map<string, number>>();
  for (const node of scans(explained)) {
    const [, table, day] = /^(.*)_(\d{8})$/.exec(node['Relation Name'] ?? '') ?? [];
    if (table === undefined || day === undefined || node['Node Type'] === 'ModifyTable') continue;
    const of = days.get(table) ?? new Map<string, number>();
    days.set(table, of.set(day, (of.get(day) ?? 0) + (node['Actual Loops'] ?? 0)));
  }
  return days;
}

describe.each([
  { pooler: 'none' as const, rows: ROWS },
  { pooler: 'transaction' as const, rows: SHORT_ROWS },
])(
  'the plans of statements over a large database (pooler: $pooler)',
  ({ pooler, rows }: Pick<DatabaseOptions, 'pooler'> & { readonly rows: number }) => {
    let database: TestDatabase;
    let collection: Collection;

    beforeAll(async () => {
      database = await createMigratedDatabase(START);
      const clock = createTestClock();
      const options = { url: database.url, pooler, sends: true, clock, time: 'clock' as const };
      const first = await openPostgresStore(options);
      const populated = await populate(first, 3);
      await first.close();
      await fillDatabase(database.url, rows);
      await tellPlans(database.url, pooler === 'transaction' ? OF_ROLE : []);
      const told = openDatabase({ url: database.url, pooler });
      collection = collectPlans();
      const store = await openPostgresStore(options);
      try {
        await useStore({ store, db: told, clock }, populated, rows, collection);
        await (await openPostgresStore({ ...options, sends: false })).close();
      } finally {
        await store.close();
        await told.close();
        collection.stop();
      }
    }, 600_000);
    afterAll(async () => await database?.drop());

    it('are all looked at', () => {
      const seen = new Set(collection.plans.map(({ name }) => name));
      const missing = statementNames().filter(
        (name) => !seen.has(name) && !WITHOUT_PLAN.test(name) && !NO_STATEMENT.test(name),
      );
      expect(missing).toEqual([]);
    });

    it('read no large table from its beginning to its end', () => {
      const found = collection.plans.flatMap((explained) =>
        scans(explained)
          .filter((node) => node['Node Type'] === 'Seq Scan' && rowsOfLook(node) > SMALL_ROWS && !isCatalogue(node))
          .map((node) => `${explained.name}: ${node['Relation Name']}`),
      );
      expect([...new Set(found)].filter((one) => !WHOLE_TABLE.test(one))).toEqual([]);
    });

    it('look at a bounded number of rows', () => {
      const found = collection.plans.map((explained) => ({
        name: explained.name,
        looked: scans(explained).reduce((sum, node) => sum + examined(node), 0),
      }));
      const tooMany = found.filter(
        ({ name, looked }) => looked > (LOOPS.test(name) ? LOOP_ROWS_MAX : PAGE_ROWS_MAX) && !WHOLE_TABLE.test(name),
      );
      expect(tooMany).toEqual([]);
    });

    it('open the days in which there can be something, and no others', () => {
      const tooMany = collection.plans.flatMap((explained) => {
        const most = mostDays(explained.name);
        if (most === null) return [];
        return [...daysOf(explained)]
          .filter(([, days]) => days.size > most)
          .map(([table, days]) => `${explained.name}: ${days.size} days of ${table}`);
      });
      expect(tooMany).toEqual([]);
    });

    it('look a row up in its own day', () => {
      const tooMany = collection.plans.flatMap((explained) => {
        if (!PER_ROW.has(explained.name)) return [];
        const found = Math.max(...ranNodes(explained.plan).map((node) => node['Actual Rows'] ?? 0));
        const days = daysOf(explained).get('events') ?? new Map<string, number>();
        const looks = [...days.values()].reduce((sum, one) => sum + one, 0);
        return looks > found + days.size ? [`${explained.name}: ${looks} looks for ${found} rows`] : [];
      });
      expect(tooMany).toEqual([]);
    });
  },
);
