import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openMasterKeys } from './master-key.ts';
import { MasterKeyFileError } from './master-key-file.ts';
import { createVault } from './vault.ts';

describe('master keys', () => {
  let folder: string;
  let databasePath: string;
  let file: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'hookring-key-'));
    databasePath = join(folder, 'hookring.db');
    file = `${databasePath}.master-key`;
  });
  afterEach(() => rmSync(folder, { recursive: true }));
  const open = () => openMasterKeys({ configured: null, databasePath });
  const BASE64 = Buffer.alloc(32, 7).toString('base64');

  it('are made beside the database when none is configured, for the owner only, and found again', async () => {
    const made = await open();
    expect([made.source, made.generatedAt]).toEqual(['generated', file]);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const found = await open();
    expect(found.generatedAt).toBeNull();
    expect(found.ids()).toEqual(made.ids());
    const sealed = createVault(made).seal('text', 'o', 'i');
    expect(createVault(found).unseal(sealed, 'o', 'i')).toBe('text');
    expect(readdirSync(folder)).toEqual(['hookring.db.master-key']);
  });

  it('are those that were configured, without a file, and cannot be changed here', async () => {
    const configured = [
      { id: 'b', key: new Uint8Array(32) },
      { id: 'a', key: new Uint8Array(32).fill(1) },
    ];
    const keys = await openMasterKeys({ configured, databasePath });
    expect([keys.source, keys.generatedAt, keys.ids()]).toEqual(['configured', null, ['b', 'a']]);
    expect(readdirSync(folder)).toEqual([]);
    await expect(keys.addFirst()).rejects.toThrow('where they are configured');
  });

  it('can be changed: a new first key seals at once, the old one opens until it is dropped', async () => {
    const keys = await open();
    const vault = createVault(keys);
    const old = vault.seal('text', 'o', 'i');
    await keys.addFirst();
    expect(vault.isStale(old)).toBe(true);
    expect(createVault(await open()).unseal(old, 'o', 'i')).toBe('text');
    const renewed = vault.seal('text', 'o', 'i');
    await keys.dropAllButFirst();
    expect(() => vault.unseal(old, 'o', 'i')).toThrow('not given');
    const reopened = await open();
    expect(reopened.ids()).toEqual(keys.ids());
    expect(reopened.ids()).toHaveLength(1);
    expect(createVault(reopened).unseal(renewed, 'o', 'i')).toBe('text');
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  it('are not made anew beside a database that holds sealed secrets', async () => {
    const hasSealed = async () => true;
    await expect(openMasterKeys({ configured: null, databasePath, hasSealed })).rejects.toThrow(/bring the file back/);
    expect(existsSync(file)).toBe(false);
    const keys = await open();
    expect((await openMasterKeys({ configured: null, databasePath, hasSealed })).ids()).toEqual(keys.ids());
  });

  it('are refused in a file that others can read', async () => {
    await open();
    chmodSync(file, 0o640);
    await expect(open()).rejects.toThrow(MasterKeyFileError);
    await expect(open()).rejects.toThrow('chmod 600');
  });

  it.each([
    ['is empty', ''],
    ['has a short key', `a:${Buffer.alloc(31).toString('base64')}`],
    ['has no id', BASE64],
    ['has an id of strange characters', `a b:${BASE64}`],
    ['names one key twice', `a:${BASE64}\na:${BASE64}`],
    ['has something after a key', `a:${BASE64} x`],
  ])('are refused in a file that %s, and the error tells none of it', async (_name, text) => {
    writeFileSync(file, text, { mode: 0o600 });
    const error: unknown = await open().catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(MasterKeyFileError);
    expect(String(error)).not.toContain(BASE64.slice(0, 8));
    expect(readFileSync(file, 'utf8')).toBe(text);
  });
});
