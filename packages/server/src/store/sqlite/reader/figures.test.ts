import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { IN_MEMORY, openWriterConnection } from '../connection.ts';
import { openSqliteStore } from '../open.ts';
import { createFigureReads } from './figures.ts';

describe('the count of the queue', () => {
  const db = openWriterConnection(IN_MEMORY);
  const insert = db.prepare('INSERT INTO queue (delivery, endpoint, due_at, lease) VALUES (?, 1, 0, NULL)');
  let rows = 0;
  const add = (): void => void insert.run((rows += 1));

  it('is made anew each time while there is little to count, however long that took', () => {
    let now = 0;
    const { figures } = createFigureReads(db, () => (now += 10_000));
    for (let index = 0; index < 3; index += 1) {
      add();
      expect(figures(0).queued).toBe(rows);
    }
  });

  it('is remembered for so long that it takes half a percent of the time', () => {
    let now = 0;
    let costMs = 0;
    const { figures } = createFigureReads(
      db,
      () => {
        now += costMs;
        return now;
      },
      rows,
    );
    costMs = 10;
    const counted = rows;
    expect(figures(0).queued).toBe(counted);
    add();
    costMs = 0;
    now += 1_900;
    expect(figures(0).queued).toBe(counted);
    now += 200;
    expect(figures(0).queued).toBe(counted + 1);
  });
});

describe('the space of a store in a file', () => {
  it('is that of its files and its disk', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'hookring-'));
    const store = await openSqliteStore({ path: join(folder, 'h.db'), mode: 'threads' });
    const { databaseBytes, logBytes, diskFreeRatio } = await store.space();
    expect(databaseBytes).toBeGreaterThan(4_096);
    expect(logBytes).toBeGreaterThanOrEqual(0);
    expect(diskFreeRatio).toBeGreaterThan(0);
    expect(diskFreeRatio).toBeLessThan(1);
    await store.close();
    rmSync(folder, { recursive: true });
  });
});
