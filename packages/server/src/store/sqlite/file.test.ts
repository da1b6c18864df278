import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { acceptedEvent, acceptOne, leased, populate, ring, secret } from '../contract/fixtures.ts';
import { openMasterKeys } from '../master-key.ts';
import { createVault } from '../vault.ts';
import { ForeignDatabase, SchemaTooNew, StoreInUse } from './errors.ts';
import { openSqliteStore } from './open.ts';

describe('the database file', () => {
  let folder: string;
  let path: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'hookring-file-'));
    path = join(folder, 'hookring.db');
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  for (const mode of ['inline', 'threads'] as const) {
    it(`belongs to one store at a time (${mode})`, async () => {
      const owner = await openSqliteStore({ path, mode });
      await expect(openSqliteStore({ path, mode: 'inline' })).rejects.toThrow(StoreInUse);
      await expect(openSqliteStore({ path, mode: 'inline' })).rejects.toThrow(path);
      await owner.close();
      await (await openSqliteStore({ path, mode: 'inline' })).close();
    });

    it(`is left alone when a newer program wrote it (${mode})`, async () => {
      await (await openSqliteStore({ path, mode })).close();
      const db = new DatabaseSync(path);
      db.exec('PRAGMA user_version = 1000');
      db.close();
      await expect(openSqliteStore({ path, mode })).rejects.toThrow(SchemaTooNew);
      // The refusal gave the file back.
      await expect(openSqliteStore({ path, mode })).rejects.toThrow(SchemaTooNew);
    });
  }

  it('is left alone when it belongs to another program', async () => {
    const db = new DatabaseSync(path);
    db.exec('CREATE TABLE notes (body TEXT)');
    db.close();
    await expect(openSqliteStore({ path, mode: 'inline' })).rejects.toThrow(ForeignDatabase);
  });

  it('can be read by its owner only', async () => {
    const store = await openSqliteStore({ path, mode: 'inline' });
    await populate(store, 1);
    for (const file of [path, `${path}-wal`, `${path}.lock`]) expect(statSync(file).mode & 0o077).toBe(0);
    await store.close();
  });

  it('empties its log at a checkpoint', async () => {
    const store = await openSqliteStore({ path, mode: 'threads' });
    const { organization: owner, endpoint: one } = await populate(store, 1);
    await acceptOne(store, acceptedEvent(owner.id, [leased(one.id)]));
    expect(statSync(`${path}-wal`).size).toBeGreaterThan(0);
    await store.housekeep({ kind: 'upkeep', now: 0 });
    expect(statSync(`${path}-wal`).size).toBe(0);
    await store.close();
  });

  it.each(['inline', 'threads'] as const)('keeps its log short under load (%s)', async (mode) => {
    const store = await openSqliteStore({ path, mode });
    const { organization: owner } = await populate(store, 0);
    const payload = new Uint8Array(200_000);
    let size = 0;
    let roundsWithoutGrowth = 0;
    // 8 rounds are 30 MiB of payloads; a log that is never begun anew grows in each of the 100.
    for (let round = 0; round < 100 && roundsWithoutGrowth < 8; round += 1) {
      const units = Array.from({ length: 20 }, () => acceptedEvent(owner.id, [], { event: { payload } }));
      await Promise.all(units.map((event) => acceptOne(store, event)));
      const now = statSync(`${path}-wal`).size;
      roundsWithoutGrowth = now === size ? roundsWithoutGrowth + 1 : 0;
      size = now;
    }
    expect(roundsWithoutGrowth).toBe(8);
    await store.close();
  });

  it('holds no secret in clear, in any of its files', async () => {
    const keys = await openMasterKeys({ configured: null, databasePath: path });
    const vault = createVault(keys);
    const store = await openSqliteStore({ path, mode: 'inline' });
    const { endpoint: one } = await populate(store, 1);
    const text = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
    const living = secret(1);
    const sealed = vault.seal(text, one.id, living.id);
    await store.apply([{ kind: 'keyring.insert', ring: ring(one.id, 1, [{ ...living, sealed }]) }]);
    const files = () => [path, `${path}-wal`].map((file) => readFileSync(file));
    const forms = [text, text.slice(6), Buffer.from(text.slice(6), 'base64'), Buffer.from(text).toString('base64')];
    for (const file of files()) for (const form of forms) expect(file.includes(form)).toBe(false);
    // What was looked at does hold the sealed text, so a text in clear would have been found.
    expect(files().some((file) => file.includes(sealed))).toBe(true);
    const read = await store.reader.secret(one.id, living.id);
    expect(vault.unseal(read?.sealed ?? 'sealed.', one.id, living.id)).toBe(text);
    await store.close();
  });
});
