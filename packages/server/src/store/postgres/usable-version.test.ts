import { afterEach, expect, it } from 'vitest';
import { type Database, openDatabase } from './database.ts';
import { ForeignDatabase } from './errors.ts';
import { migrate, usableVersion } from './migrate.ts';
import { createTestDatabase } from './testing/database.ts';

let cleanup: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const step of cleanup.reverse()) await step();
  cleanup = [];
});

async function open(): Promise<Database> {
  const made = await createTestDatabase();
  cleanup.push(async () => await made.drop());
  const database = openDatabase({ url: made.url, pooler: 'none' });
  cleanup.push(async () => await database.close());
  return database;
}

it('does not take the tables that another node makes meanwhile for those of another program', async () => {
  const database = await open();
  const reads = database.on('read');
  let statements = 0;
  const interrupted: Pick<typeof reads, 'run'> = {
    async run(statement, values) {
      const answer = await reads.run(statement, values);
      statements += 1;
      if (statements === 1) await migrate(database, { where: 'here' });
      return answer;
    },
  };
  expect(await usableVersion(interrupted, 'here')).toBe(0);
  expect(await usableVersion(reads, 'here')).toBeGreaterThan(0);
});

it('lets nodes that start at once on an empty database begin all of them', async () => {
  const database = await open();
  await Promise.all(Array.from({ length: 6 }, async () => await migrate(database, { where: 'here' })));
  expect(await usableVersion(database.on('read'), 'here')).toBeGreaterThan(0);
});

it('refuses tables of another program', async () => {
  const database = await open();
  await database.on('control').run({ name: 'other', text: 'CREATE TABLE orders (id integer)' });
  await expect(usableVersion(database.on('read'), 'here')).rejects.toThrow(ForeignDatabase);
});
