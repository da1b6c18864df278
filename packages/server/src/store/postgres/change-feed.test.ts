import { Client } from 'pg';
import { describe, expect, it } from 'vitest';
import { populate, ring, SUSPENDED, secret, statusChange } from '../contract/fixtures.ts';
import type { Change, Store } from '../port.ts';
import { type ChangeFeed, createChangeFeed } from './change-feed.ts';
import { type Database, openDatabase } from './database.ts';
import { withNodes } from './testing/nodes.ts';

type Feed = {
  readonly store: Store;
  readonly feed: ChangeFeed;
  readonly db: Database;
  readonly sql: (text: string) => Promise<void>;
  /** When the changes after that number were made. */
  readonly times: (after: number) => Promise<number[]>;
};

/** A feed of another node, which reads only when it is asked to. */
function withFeed(test: (parts: Feed) => Promise<void>): Promise<void> {
  return withNodes(async (nodes) => {
    const { url } = nodes;
    const store = await nodes.open({ isSilent: true });
    const db = openDatabase({ url, pooler: 'none', connections: { control: 1 } });
    const client = new Client({ connectionString: url });
    await client.connect();
    try {
      const sql = async (text: string) => void (await client.query(text));
      const times = async (after: number): Promise<number[]> => {
        const { rows } = await client.query('SELECT at FROM changes WHERE number > $1 ORDER BY number', [after]);
        return rows.map(({ at }) => Number(at));
      };
      await test({ store, feed: createChangeFeed(db, () => null), db, sql, times });
    } finally {
      await client.end();
      await db.close();
    }
  });
}

function kinds(changes: readonly Change[]): string[] {
  return changes.map(({ kind }) => kind);
}

/** Changes as another node commits them: `key_1` and so on. */
function committed(after: number, count: number): string {
  return `BEGIN; UPDATE change_counter SET number = number + ${count};
    INSERT INTO changes (number, kind, subject, at)
      SELECT ${after} + n, 'apiKey', 'key_' || n, 0 FROM generate_series(1, ${count}) n; COMMIT`;
}

describe('reading what others changed', () => {
  it('begins with nothing to tell, and says where to go on and what time it is in the database', () =>
    withFeed(async ({ store, feed }) => {
      await populate(store, 2);
      const first = await feed.read(null);
      expect(first).toMatchObject({ changes: [], more: false });
      expect(first.lastNumber).toBeGreaterThan(0);
      expect(Math.abs(first.databaseTime - Date.now())).toBeLessThan(60_000);
      expect(await feed.read(first.lastNumber)).toMatchObject({ changes: [], lastNumber: first.lastNumber });
    }));

  it('tells rows as they are now, rings by name alone, and nothing twice', () =>
    withFeed(async ({ store, feed }) => {
      const { lastNumber } = await feed.read(null);
      const { endpoint: target } = await populate(store, 1);
      await store.apply([{ kind: 'keyring.insert', ring: ring(target.id, 1, [secret(1)]) }]);
      await store.apply([statusChange(target, SUSPENDED)]);
      const read = await feed.read(lastNumber);
      const now = { ...target, status: SUSPENDED, version: 2 };
      expect(read.changes).toMatchObject([
        { kind: 'organization' },
        { kind: 'endpoint', endpoint: now, endpointsVersion: 1 },
        { kind: 'resealed', owner: target.id },
        { kind: 'endpoint', endpoint: now, endpointsVersion: 2 },
      ]);
      expect((await feed.read(read.lastNumber)).changes).toEqual([]);
    }));

  it('leaves out what this node did itself', () =>
    withFeed(async ({ store, feed, times }) => {
      const { lastNumber } = await feed.read(null);
      const { endpoint: target } = await populate(store, 1);
      await store.apply([{ kind: 'keyring.insert', ring: ring(target.id, 1, [secret(1)]) }]);
      const [first, , third] = await times(lastNumber);
      feed.known([lastNumber + 1, lastNumber + 3], [first ?? 0, third ?? 0]);
      // Also when an earlier read of the same came to nothing.
      for (let times = 0; times < 2; times += 1) {
        const read = await feed.read(lastNumber);
        expect(kinds(read.changes)).toEqual(['endpoint']);
        expect(read.lastNumber).toBe(lastNumber + 3);
      }
    }));

  it('brings many changes in several reads, each of them once and in order', () =>
    withFeed(async ({ store, feed, sql }) => {
      await populate(store, 1);
      const { lastNumber } = await feed.read(null);
      await sql(committed(lastNumber, 2_500));
      const seen: string[] = [];
      let reads = 0;
      for (let at = lastNumber, more = true; more; reads += 1) {
        const read = await feed.read(at);
        seen.push(...read.changes.map((change) => (change.kind === 'apiKey' ? change.id : change.kind)));
        ({ lastNumber: at, more } = read);
      }
      expect(reads).toBe(3);
      expect(seen).toEqual(Array.from({ length: 2_500 }, (_none, index) => `key_${index + 1}`));
    }));

  it('forgets everything when numbers were removed before they were read', () =>
    withFeed(async ({ store, feed, sql }) => {
      await populate(store, 1);
      const { lastNumber } = await feed.read(null);
      await sql(committed(lastNumber, 5));
      await sql(`DELETE FROM changes WHERE number <= ${lastNumber + 3}`);
      const read = await feed.read(lastNumber);
      expect(read).toMatchObject({ changes: [{ kind: 'everything' }], lastNumber: lastNumber + 5, more: false });
      expect((await feed.read(read.lastNumber)).changes).toEqual([]);
      await sql(committed(read.lastNumber, 2));
      await sql('DELETE FROM changes');
      expect(kinds((await feed.read(read.lastNumber)).changes)).toEqual(['everything']);
    }));

  it('forgets everything when the database is an older one than before', () =>
    withFeed(async ({ store, feed, sql }) => {
      await populate(store, 1);
      const { lastNumber } = await feed.read(null);
      await sql('UPDATE change_counter SET number = number - 1');
      expect(await feed.read(lastNumber)).toMatchObject({
        changes: [{ kind: 'everything' }],
        lastNumber: lastNumber - 1,
      });
    }));

  it('forgets everything when a standby took over without the last change, and others have its number by now', () =>
    withFeed(async ({ store, feed, sql }) => {
      const { endpoint: target } = await populate(store, 1);
      const { lastNumber, lastAt = null } = await feed.read(null);
      await store.apply([{ kind: 'keyring.insert', ring: ring(target.id, 1, [secret(1)]) }]);
      expect(kinds((await feed.read(lastNumber, lastAt)).changes)).toEqual(['resealed']);
      await sql(`DELETE FROM changes WHERE number >= ${lastNumber}`);
      await sql(`INSERT INTO changes (number, kind, subject, at) VALUES (${lastNumber}, 'apiKey', 'key_1', 5),
        (${lastNumber + 1}, 'apiKey', 'key_2', 6)`);
      for (let times = 0; times < 2; times += 1) {
        const read = await feed.read(lastNumber, lastAt);
        expect(read).toMatchObject({ changes: [{ kind: 'everything' }], lastNumber: lastNumber + 1, lastAt: 6 });
      }
      expect((await feed.read(lastNumber + 1, 6)).changes).toEqual([]);
    }));

  it('does not take another’s change for its own that was lost with the primary', () =>
    withFeed(async ({ store, feed, sql, times }) => {
      const { endpoint: target } = await populate(store, 1);
      const { lastNumber, lastAt = null } = await feed.read(null);
      await store.apply([{ kind: 'keyring.insert', ring: ring(target.id, 1, [secret(1)]) }]);
      feed.known([lastNumber + 1], await times(lastNumber));
      await sql(`UPDATE changes SET at = at + 1 WHERE number = ${lastNumber + 1}`);
      expect(kinds((await feed.read(lastNumber, lastAt)).changes)).toEqual(['everything']);
    }));

  it('does not pass over a change whose commit is still under way', () =>
    withFeed(async ({ store, feed, sql }) => {
      const { endpoint: target } = await populate(store, 1);
      const { lastNumber } = await feed.read(null);
      await sql(`BEGIN; UPDATE change_counter SET number = number + 1;
        INSERT INTO changes (number, kind, subject, at) VALUES (${lastNumber + 1}, 'apiKey', 'key_slow', 0)`);
      const behind = store.apply([{ kind: 'keyring.insert', ring: ring(target.id, 1, [secret(1)]) }]);
      await new Promise((resolve) => setTimeout(resolve, 50));
      expect(await feed.read(lastNumber)).toMatchObject({ changes: [], lastNumber });
      await sql('COMMIT');
      await behind;
      expect((await feed.read(lastNumber)).changes).toEqual([
        { kind: 'apiKey', id: 'key_slow' },
        { kind: 'resealed', owner: target.id },
      ]);
    }));
});
