import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync, type SQLOutputValue } from 'node:sqlite';
import { Client } from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { uuidOf } from '../../domain/ids.ts';
import { openDatabase } from '../postgres/database.ts';
import { createTestDatabase, type TestDatabase } from '../postgres/testing/database.ts';
import { refuseUnfinishedTransfer } from '../postgres/unfinished-transfer.ts';
import { lockFile } from '../sqlite/lock.ts';
import { openSource, type Source } from './source.ts';
import { TABLES, type TableTransfer } from './tables.ts';
import { openTarget, type Target } from './target.ts';
import { WITH_NUL, writeFullFile } from './testing/full-file.ts';
import { compareAll, copyAll, type TransferOptions } from './transfer.ts';

/** More than one batch of the larger tables. */
const EVENTS = 12_000;

let folder: string;
let path: string;
let database: TestDatabase;
let closing: (() => unknown)[];
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'hookring-transfer-'));
  path = join(folder, 'h.db');
  writeFullFile(path, { events: EVENTS });
});
afterAll(() => rmSync(folder, { recursive: true }));
beforeEach(async () => {
  closing = [];
  database = await createTestDatabase();
});
afterEach(async () => {
  for (const close of closing.toReversed()) await close();
  await database.drop();
});

function source(file = path): Source {
  const opened = openSource(file);
  closing.push(() => opened.close());
  return opened;
}

async function target(readOnly = false): Promise<Target> {
  const opened = await openTarget({ url: database.url, where: 'the test', readOnly });
  closing.push(async () => await opened.close());
  return opened;
}

async function parts(): Promise<TransferOptions> {
  return {
    source: source(),
    target: await target(),
    signal: new AbortController().signal,
    onProgress: () => undefined,
  };
}

async function sql(text: string): Promise<Record<string, unknown>[]> {
  const client = new Client({ connectionString: database.url });
  await client.connect();
  try {
    return (await client.query(text)).rows;
  } finally {
    await client.end();
  }
}

/** What stands in a row of SQLite, as PostgreSQL should say it. Written apart from the code that copies. */
function expected({ columns }: TableTransfer, row: Readonly<Record<string, SQLOutputValue>>): Record<string, unknown> {
  const said = columns.map(({ name, kind }): [string, unknown] => {
    const value = row[name] ?? null;
    if (value === null) return [name, null];
    if (kind === 'uuid') return [name, uuidOf(value as string)];
    if (kind === 'boolean') return [name, value === 1];
    if (kind === 'bytes') return [name, Buffer.from(value as Uint8Array).toString('hex')];
    if (kind === 'real') return [name, new Float32Array([Number(value)])[0]];
    return [name, kind === 'text' ? (value as string).split('\0').join('\ufffd') : Number(value)];
  });
  return Object.fromEntries(said);
}

function found({ columns }: TableTransfer, row: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const said = columns.map(({ name, kind }): [string, unknown] => {
    const value = row[name] ?? null;
    if (value === null) return [name, null];
    if (kind === 'bytes') return [name, (value as Buffer).toString('hex')];
    if (kind === 'real') return [name, new Float32Array([Number(value)])[0]];
    return [name, kind === 'integer' ? Number(value) : value];
  });
  return Object.fromEntries(said);
}

function sorted(rows: readonly Record<string, unknown>[]): string[] {
  return rows.map((row) => JSON.stringify(row)).toSorted();
}

async function expectSameRows(): Promise<void> {
  const db = new DatabaseSync(path, { readOnly: true });
  try {
    for (const table of TABLES) {
      const names = table.columns.map(({ name, from }) => `${from} AS "${name}"`).join(', ');
      const where = table.where === undefined ? '' : `WHERE ${table.where}`;
      const here = db.prepare(`SELECT ${names} FROM ${table.source} ${where}`).all();
      const there = await sql(`SELECT ${table.columns.map(({ name }) => name).join(', ')} FROM ${table.table}`);
      expect(here.length, table.table).toBeGreaterThan(0);
      expect(sorted(there.map((row) => found(table, row))), table.table).toEqual(
        sorted(here.map((row) => expected(table, row))),
      );
    }
  } finally {
    db.close();
  }
}

describe('a transfer', () => {
  it('takes every row as it is, gives what waits to whoever comes, and lets numbers go on', async () => {
    const order = await parts();
    const { resumed, cleaned } = await copyAll(order);
    expect(resumed).toBe(false);
    expect(cleaned).toBeGreaterThan(0);
    const compared = await compareAll(order);
    expect(compared.filter(({ equal }) => !equal)).toEqual([]);
    expect(compared.find(({ table }) => table === 'events')?.target.rows).toBe(EVENTS);
    await order.target.finish();
    await expectSameRows();
    expect(await sql('SELECT count(*)::int AS leased FROM queue WHERE lease IS NOT NULL')).toEqual([{ leased: 0 }]);
    expect(await sql('SELECT endpoint, due_at::int8::text FROM due_endpoints ORDER BY endpoint')).toEqual(
      await sql(`SELECT q.endpoint, min(q.due_at)::text AS due_at FROM queue q WHERE q.endpoint IN (1, 6)
        GROUP BY q.endpoint ORDER BY q.endpoint`),
    );
    const inserted = await sql(`INSERT INTO organizations (id, name, rotation_policy, version, created_at, updated_at)
      VALUES ('org_new', 'n', '{}', 1, 0, 0) RETURNING number`);
    expect(inserted).toEqual([{ number: 10 }]);
    const names = await sql("SELECT name FROM organizations WHERE name LIKE '%after'");
    expect(names).toEqual([{ name: WITH_NUL.replace('\0', '\ufffd') }]);
  }, 60_000);

  it('goes on where it was, wherever it was ended', async () => {
    let runs = 0;
    let resumedRuns = 0;
    for (let isDone = false; !isDone; runs += 1) {
      const order = await parts();
      let stores = 0;
      // Ended without a word, as a kill does: between two statements of the third batch at the latest.
      const ended = {
        ...order,
        target: {
          ...order.target,
          begin: async (identity: string) => {
            const resumed = await order.target.begin(identity);
            if (resumed) resumedRuns += 1;
            return resumed;
          },
          store: async (...args: Parameters<Target['store']>) => {
            stores += 1;
            if (stores === 3 + (runs % 3)) throw new Error('killed');
            await order.target.store(...args);
          },
        },
      };
      isDone = await copyAll(ended).then(
        () => true,
        (error: unknown) => {
          expect(error).toMatchObject({ message: 'killed' });
          return false;
        },
      );
      if (isDone) expect((await compareAll(order)).every(({ equal }) => equal)).toBe(true);
      for (const close of closing.splice(0).toReversed()) await close();
    }
    expect(resumedRuns).toBe(runs - 1);
    expect(runs).toBeGreaterThan(5);
    await expectSameRows();
  }, 60_000);

  it('keeps servers away until it is finished', async () => {
    const order = await parts();
    await copyAll(order);
    const db = openDatabase({ url: database.url, pooler: 'none' });
    closing.push(async () => await db.close());
    await expect(refuseUnfinishedTransfer(db, 'here')).rejects.toThrow(/not finished.*migrate-store/);
    await order.target.finish();
    await refuseUnfinishedTransfer(db, 'here');
  }, 60_000);
});

describe('a comparison', () => {
  let small: string;
  beforeAll(() => {
    small = join(folder, 'small.db');
    writeFullFile(small, { events: 100 });
  });

  it.each([
    ["UPDATE events SET payload = payload || '\\x00' WHERE ctid IN (SELECT ctid FROM events LIMIT 1)", 'events'],
    ['DELETE FROM attempts WHERE id IN (SELECT id FROM attempts LIMIT 1)', 'attempts'],
    ['UPDATE queue SET due_at = due_at + 1 WHERE delivery IN (SELECT delivery FROM queue LIMIT 1)', 'queue'],
    ["UPDATE secrets SET reason = reason || ' ' WHERE id IN (SELECT id FROM secrets LIMIT 1)", 'secrets'],
    ['UPDATE deliveries SET resend_of = event WHERE id IN (SELECT id FROM deliveries LIMIT 1)', 'deliveries'],
    ['UPDATE endpoints SET status_at = NULL WHERE number = 6', 'endpoints'],
    ['UPDATE attempts SET dns_ms = dns_ms + 0.001 WHERE id IN (SELECT id FROM attempts LIMIT 1)', 'attempts'],
  ])(
    'finds what %s changed',
    async (change, changed) => {
      const order = await parts();
      await copyAll(order);
      await sql(change);
      const different = (await compareAll(order)).filter(({ equal }) => !equal);
      expect(different.map(({ table }) => table)).toEqual([changed]);
    },
    60_000,
  );
});

describe('a transfer refuses', () => {
  it('a file that somebody works on, and one that is none', async () => {
    const lock = lockFile(path);
    try {
      expect(() => openSource(path)).toThrow(/a server or another command works on/);
    } finally {
      lock.release();
    }
    expect(() => openSource(join(folder, 'none.db'))).toThrow(/there is no file/);
    const other = join(folder, 'other.db');
    const db = new DatabaseSync(other);
    db.exec('CREATE TABLE theirs (a)');
    db.close();
    expect(() => openSource(other)).toThrow(/no database of Hookring/);
  });

  it('a file of an older release, which this one has not seen', () => {
    const old = join(folder, 'old.db');
    writeFullFile(old, { events: 1 });
    const db = new DatabaseSync(old);
    db.exec('PRAGMA user_version = 1');
    db.close();
    expect(() => openSource(old)).toThrow(/older release .*start this one on it once/);
  });

  it('a database that holds something', async () => {
    const order = await parts();
    await sql(`INSERT INTO service_keys (name, sealed) VALUES ('a', 'sealed.a')`);
    await expect(copyAll(order)).rejects.toMatchObject({ reason: 'not_empty' });
  });

  it('to compare with a database that holds nothing of this program, and makes nothing there', async () => {
    await expect(target(true)).rejects.toMatchObject({ reason: 'target', message: expect.stringContaining('nothing') });
    await expect(sql('SELECT 1 FROM organizations')).rejects.toThrow(/does not exist/);
    await sql('CREATE TABLE theirs (a integer)');
    await expect(target(true)).rejects.toThrow(/tables of another program \(theirs\)/);
  });

  it('a database that servers work on', async () => {
    const order = await parts();
    await sql(`INSERT INTO nodes (started_at, seen_at) VALUES (0, (extract(epoch FROM now()) * 1000)::bigint)`);
    await expect(copyAll(order)).rejects.toMatchObject({ reason: 'busy' });
  });

  it('to go on with another file, or with one that a server has used since', async () => {
    const order = await parts();
    const once = {
      ...order.target,
      store: async () => {
        throw new Error('killed');
      },
    };
    await expect(copyAll({ ...order, target: once })).rejects.toThrow('killed');
    await expect(order.target.begin('another')).rejects.toMatchObject({ reason: 'other_source' });
    expect(await order.target.begin(order.source.identity)).toBe(true);
  });

  it('a row that names what is not there, and says which', async () => {
    const torn = join(folder, 'torn.db');
    writeFullFile(torn, { events: 20 });
    const db = new DatabaseSync(torn);
    db.exec('DELETE FROM events WHERE number = 4');
    db.close();
    const opened = openSource(torn);
    closing.push(() => opened.close());
    const to = await target();
    const order = { source: opened, target: to, signal: new AbortController().signal, onProgress: () => undefined };
    await expect(copyAll(order)).rejects.toThrow(/a row of deliveries .* not there \(event\)/);
  });
});
