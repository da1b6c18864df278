import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statfsSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  ARCHIVED,
  acceptedEvent,
  acceptOne,
  endpoint,
  leased,
  newId,
  organization,
  ring,
  SUSPENDED,
  secret,
  statusChange,
} from '../../contract/fixtures.ts';
import { openMasterKeys } from '../../master-key.ts';
import type { Store } from '../../port.ts';
import { createVault } from '../../vault.ts';
import { openSqliteStore } from '../open.ts';
import { pin } from './copy.ts';
import { partOf } from './files.ts';
import { type BackupOptions, makeBackup } from './make-backup.ts';
import type { BackupRefusal } from './refusal.ts';
import { restoreBackup } from './restore-backup.ts';
import { verifyFile } from './verify.ts';

const CHILD = fileURLToPath(new URL('./testing/killed-at-call.ts', import.meta.url));
const NOW = Date.UTC(2027, 0, 15, 8);
const CALLS_MAX = 60;

let folder: string;
let path: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hookring-backup-'));
  mkdirSync(join(folder, 'data'));
  path = join(folder, 'data', 'hookring.db');
  file = join(folder, 'copy.db');
});
afterEach(() => rmSync(folder, { recursive: true }));

const signal = new AbortController().signal;
const quiet = { openSealed: null, signal, onProgress: () => {} };
const back = (changes: Partial<BackupOptions> = {}) =>
  makeBackup({ ...quiet, databasePath: path, file, overwrite: false, ...changes });
const restore = (changes: Partial<Parameters<typeof restoreBackup>[0]> = {}) =>
  restoreBackup({ ...quiet, databasePath: path, file, replace: false, now: NOW, ...changes });
const check = (changes: Partial<Parameters<typeof verifyFile>[1]> = {}) =>
  verifyFile(file, { openSealed: null, signal, onStep: () => {}, ...changes });

/** A database with one organization of this name, an endpoint, and events that are owed. */
async function populated(name = 'one', events = 3): Promise<Store> {
  const store = await openSqliteStore({ path, mode: 'inline' });
  const owner = organization({ name });
  const one = endpoint(owner.id, { headers: [] });
  await store.apply([
    { kind: 'organization.insert', organization: owner },
    { kind: 'endpoint.insert', endpoint: one },
  ]);
  for (let count = 0; count < events; count += 1) {
    await acceptOne(store, acceptedEvent(owner.id, [leased(one.id)], { event: { payload: new Uint8Array(20_000) } }));
  }
  return store;
}

async function refusal(promise: Promise<unknown>): Promise<BackupRefusal> {
  const error: unknown = await promise.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  expect(error).toMatchObject({ name: 'BackupRefusal' });
  return error as BackupRefusal; // As just seen.
}

function sql(database: string, text: string): void {
  const db = new DatabaseSync(database);
  db.exec(text);
  db.close();
}

function nameIn(database: string): unknown {
  const db = new DatabaseSync(database);
  const name = db.prepare('SELECT name FROM organizations').get()?.['name'];
  db.close();
  return name;
}

describe('a backup', () => {
  it('is one private file that holds what was committed when it began, while the store goes on writing', async () => {
    const store = await populated('one', 150);
    const owner = (await store.reader.organizations({ after: null, itemsMax: 1 })).items[0]!.id;
    const pinned = pin(path);
    await acceptOne(store, acceptedEvent(owner, []));
    const written: Promise<unknown>[] = [];
    const onProgress = () => void written.push(acceptOne(store, acceptedEvent(owner, [])));
    writeFileSync(file, '');
    await pinned.copyTo(file, { signal, onProgress });
    pinned.close();
    expect(written.length).toBeGreaterThan(0);
    await Promise.all(written);
    expect(await check()).toMatchObject({ ok: true, contents: { events: 150, deliveriesOwed: 150, organizations: 1 } });

    const made = await back({ overwrite: true });
    expect(made.contents.events).toBe(151 + written.length);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(createHash('sha256').update(readFileSync(file)).digest('hex')).toBe(made.sha256);
    // Neither is a log needed to read it, nor is anything left beside it.
    expect(readFileSync(file).subarray(18, 20)).toEqual(Buffer.from([1, 1]));
    expect(readdirSync(folder)).toEqual(['copy.db', 'data']);
    await store.housekeep({ kind: 'upkeep', now: 0 });
    expect(statSync(`${path}-wal`).size).toBe(0);
    await store.close();
  });

  it('is made of a database whose server was killed, with what is in its log alone', async () => {
    const store = await populated();
    for (const suffix of ['', '-wal']) copyFileSync(`${path}${suffix}`, join(folder, `killed.db${suffix}`));
    await store.close();
    expect((await back({ databasePath: join(folder, 'killed.db') })).contents.events).toBe(3);
  });

  it('never replaces a file that is there, unless it is told to', async () => {
    await (await populated()).close();
    writeFileSync(file, 'precious');
    expect((await refusal(back())).reason).toBe('exists');
    expect(readFileSync(file, 'utf8')).toBe('precious');
    rmSync(file);
    // One that came while the copy was made is as precious.
    const onProgress = (stage: string): void => {
      if (stage === 'hashing') writeFileSync(file, 'precious');
    };
    expect((await refusal(back({ onProgress }))).reason).toBe('exists');
    expect([readFileSync(file, 'utf8'), readdirSync(folder)]).toEqual(['precious', ['copy.db', 'data']]);
    await back({ overwrite: true });
    expect((await check()).ok).toBe(true);
  });

  it('is never written over the database, a file of it, a folder, or what is no file', async () => {
    const store = await populated();
    const alias = join(folder, 'alias.db');
    linkSync(path, alias);
    symlinkSync(join(folder, 'data'), join(folder, 'linked'));
    const targets = [
      path,
      alias,
      join(folder, 'linked', 'hookring.db'),
      folder,
      '/dev/null',
      join(folder, 'no', 'x.db'),
    ];
    for (const suffix of ['-wal', '-shm', '-journal', '.lock', '.server.json', '.master-key']) {
      targets.push(`${path}${suffix}`);
    }
    for (const target of targets) {
      expect([target, (await refusal(back({ file: target, overwrite: true }))).reason]).toEqual([target, 'target']);
    }
    await store.ping();
    await store.close();
    const gone = await refusal(back({ databasePath: join(folder, 'none.db') }));
    expect([gone.reason, existsSync(join(folder, 'none.db'))]).toEqual(['no_database', false]);
  });

  it('clears up after a killed one that had the id of this process, as in a container', async () => {
    await (await populated()).close();
    const dead = `${file}.${process.pid}-00c0ffee.part`;
    for (const suffix of ['', '-journal']) writeFileSync(`${dead}${suffix}`, 'half');
    // Another one at work is left alone, whether it is of this process or not.
    const [own, other] = [partOf(file), `${file}.${process.ppid}-00c0ffee.part`];
    for (const part of [own, other]) writeFileSync(part, 'at work');
    await back();
    expect(readdirSync(folder).toSorted()).toEqual(
      [own, other]
        .map((part) => basename(part))
        .concat('copy.db', 'data')
        .toSorted(),
    );
  });

  it('leaves nothing when it is stopped, in any stage', async () => {
    await (await populated('one', 100)).close();
    for (const stage of ['copying', 'checking', 'hashing']) {
      const controller = new AbortController();
      const onProgress = (now: string): void => {
        if (now === stage) controller.abort();
      };
      const stopped = await refusal(back({ signal: controller.signal, onProgress }));
      expect([stage, stopped.reason, readdirSync(folder)]).toEqual([stage, 'cancelled', ['data']]);
    }
  });

  it('opens everything that is sealed with the keys at hand, or is not kept', async () => {
    const keys = await openMasterKeys({ configured: null, databasePath: path });
    const vault = createVault(keys);
    const store = await openSqliteStore({ path, mode: 'inline' });
    const owner = organization();
    const living = secret(1);
    const sealed = vault.seal('whsec_text', owner.id, living.id);
    const header = { name: 'x-token', sealed: vault.seal('value', 'elsewhere', 'x') };
    await store.apply([
      { kind: 'organization.insert', organization: owner },
      { kind: 'keyring.insert', ring: ring(owner.id, 1, [{ ...living, sealed }]) },
    ]);
    const openSealed = vault.unseal.bind(vault);
    expect((await back({ openSealed })).contents.masterKeyIds).toEqual(keys.ids());

    const others = await openMasterKeys({ configured: [{ id: 'other', key: new Uint8Array(32) }], databasePath: path });
    const other = createVault(others);
    const unknown = await refusal(back({ openSealed: other.unseal.bind(other), overwrite: true }));
    expect(unknown.problems).toEqual([`1 sealed texts need the master key ${keys.ids()[0]}, which is not at hand`]);
    // A header that was sealed for another place does not open here.
    const one = endpoint(owner.id, { headers: [header] });
    await store.apply([{ kind: 'endpoint.insert', endpoint: one }]);
    const moved = await refusal(back({ openSealed, overwrite: true }));
    expect(moved.problems).toEqual([expect.stringContaining('1 sealed texts do not open')]);
    expect((await check({ openSealed })).ok).toBe(true);
    await store.close();
  });
});

describe('a file that is checked', () => {
  beforeEach(async () => {
    await (await populated('one', 30)).close();
    await back();
  });
  const problemsOf = async (): Promise<string> => {
    const result = await check();
    return result.ok ? 'none' : result.problems.join('\n');
  };

  it.each([
    ['an event of a delivery is gone', 'DELETE FROM events WHERE number = 2', 'rows of deliveries name rows of events'],
    ['a queued delivery is gone', 'DELETE FROM deliveries WHERE number = 2', 'rows of queue name rows of deliveries'],
    ['an owed delivery is not queued', 'DELETE FROM queue WHERE delivery = 2', '1 deliveries are owed and not queued'],
    ['its schema is newer', 'PRAGMA user_version = 1000', 'schema version 1000 of a newer release'],
    ['it is of another program', 'PRAGMA application_id = 7', 'no database of Hookring'],
    ['a table is gone', 'DROP TABLE attempts', 'damaged: no such table'],
  ])('is refused when %s', async (_name, change, problem) => {
    expect(await problemsOf()).toBe('none');
    sql(file, change);
    expect(await problemsOf()).toContain(problem);
  });

  it('is refused when a byte of it changed, when its end is missing, and when it is something else', async () => {
    const whole = readFileSync(file);
    const broken = Buffer.from(whole);
    broken.fill(0xff, 8_192, 8_192 + 512);
    writeFileSync(file, broken);
    expect(await problemsOf()).toContain('damaged');
    writeFileSync(file, whole);
    truncateSync(file, whole.length - 16_384);
    expect(await problemsOf()).toContain('damaged');
    writeFileSync(file, 'no database at all');
    expect(await problemsOf()).toContain('no SQLite database');
    writeFileSync(file, '');
    expect(await problemsOf()).toContain('no SQLite database');
  });

  it('is refused when it is a database in use, and nothing is left beside it', async () => {
    writeFileSync(`${file}-wal`, 'x');
    expect(await problemsOf()).toContain('write-ahead log');
    expect((await refusal(restore({ databasePath: join(folder, 'data', 'new.db') }))).reason).toBe('unusable');
    rmSync(`${file}-wal`);
    expect(await problemsOf()).toBe('none');
    expect(readdirSync(folder)).toEqual(['copy.db', 'data']);
  });
});

describe('a restore', () => {
  it('refuses while a store owns the database, and without a word about the one that is there', async () => {
    const store = await populated();
    await back();
    expect((await refusal(restore({ replace: true }))).reason).toBe('in_use');
    await store.close();
    expect((await refusal(restore())).reason).toBe('exists');
    expect((await refusal(restore({ file: path, replace: true }))).reason).toBe('no_backup');
    expect((await refusal(restore({ file: join(folder, 'none'), replace: true }))).reason).toBe('no_backup');
    expect((await refusal(restore({ file: folder, replace: true }))).reason).toBe('no_backup');
    expect(readdirSync(join(folder, 'data'))).toEqual(['hookring.db', 'hookring.db.lock']);
  });

  it('makes a database where none was', async () => {
    await (await populated('old')).close();
    await back();
    const there = join(folder, 'elsewhere', 'h.db');
    const { before, aftermath } = await restore({ databasePath: there });
    expect([before, aftermath]).toEqual([null, null]);
    expect(statSync(there).mode & 0o777).toBe(0o600);
    const store = await openSqliteStore({ path: there, mode: 'inline' });
    expect((await store.reader.organizations({ after: null, itemsMax: 9 })).items[0]?.name).toBe('old');
    await store.close();
  });

  it('keeps the database that was there under another name, with what was in its log alone', async () => {
    const store = await populated('old');
    await back();
    const owner = (await store.reader.organizations({ after: null, itemsMax: 1 })).items[0]!.id;
    await acceptOne(store, acceptedEvent(owner, []));
    for (const suffix of ['', '-wal']) copyFileSync(`${path}${suffix}`, join(folder, `killed${suffix}`));
    await store.close();
    for (const suffix of ['', '-wal']) copyFileSync(join(folder, `killed${suffix}`), `${path}${suffix}`);
    const restored = await restore({ replace: true });
    expect(restored.before).toBe(`${path}.before-restore-20270115T080000Z`);
    expect(restored.aftermath).toMatchObject({ eventsLost: 1, deliveriesOwedAgain: 0, keysRevived: [] });
    const events = (database: string): unknown => {
      const db = new DatabaseSync(database);
      const found = db.prepare('SELECT count(*) AS found FROM events').get()?.['found'];
      db.close();
      return found;
    };
    expect([events(path), events(restored.before!)]).toEqual([3, 4]);
    // A second one in the same second takes another name.
    expect((await restore({ replace: true })).before).toBe(`${restored.before}-2`);
  });

  it('replaces a damaged database, and leaves no log of it beside the new one', async () => {
    await (await populated('old')).close();
    await back();
    writeFileSync(path, 'rubbish');
    writeFileSync(`${path}-wal`, 'more rubbish');
    const { before, aftermath } = await restore({ replace: true });
    expect([readFileSync(before!, 'utf8'), readFileSync(`${before}-wal`, 'utf8')]).toEqual(['rubbish', 'more rubbish']);
    expect([existsSync(`${path}-wal`), aftermath, nameIn(path)]).toEqual([false, null, 'old']);
  });

  it('changes nothing when the backup is damaged, is of a newer release, or it is stopped', async () => {
    await (await populated('old')).close();
    await back();
    const before = readFileSync(path);
    const files = readdirSync(join(folder, 'data'));
    const whole = readFileSync(file);
    writeFileSync(file, Buffer.concat([whole.subarray(0, 8_192), Buffer.alloc(8_192, 255), whole.subarray(16_384)]));
    expect((await refusal(restore({ replace: true }))).reason).toBe('unusable');
    writeFileSync(file, whole);
    sql(file, 'PRAGMA user_version = 1000');
    expect((await refusal(restore({ replace: true }))).problems[0]).toContain('newer release');
    const controller = new AbortController();
    const stopping = restore({ replace: true, signal: controller.signal, onProgress: () => controller.abort() });
    expect((await refusal(stopping)).reason).toBe('cancelled');
    expect(readFileSync(path)).toEqual(before);
    expect(readdirSync(join(folder, 'data'))).toEqual(files);
  });

  it('says which API keys and secrets live again, and which are unknown', async () => {
    const store = await populated('old');
    const owner = (await store.reader.organizations({ after: null, itemsMax: 1 })).items[0]!.id;
    const first = secret(1, { sealed: null });
    await store.apply([{ kind: 'keyring.insert', ring: ring(owner, 1, [first]) }]);
    await store.close();
    const key = (id: string, revoked: string): string =>
      `INSERT INTO api_keys VALUES ('${id}', '${owner}', 'n', '${id}', 'h', 'native', '[]', 1, NULL, ${revoked});`;
    sql(path, key('key_revoked', 'NULL'));
    await back();
    sql(
      path,
      `UPDATE api_keys SET revoked_at = 5; ${key('key_new', 'NULL')}
      UPDATE secrets SET revoked_at = 5, ends_at = 5;
      INSERT INTO secrets SELECT 'sec_new', owner, 1, 2, algorithm, created_at, activates_at, superseded_at, expires_at,
        NULL, signs_from, signs_until, NULL, origin, hint, fingerprint, public_key, actor, reason, sealed FROM secrets;
      UPDATE deliveries SET status = 'succeeded', ended_at = 1 WHERE number = 1; DELETE FROM queue WHERE delivery = 1;`,
    );
    expect((await restore({ replace: true })).aftermath).toEqual({
      eventsLost: 0,
      deliveriesOwedAgain: 1,
      keysRevived: [{ organizationId: owner, id: 'key_revoked' }],
      keysLost: [{ organizationId: owner, id: 'key_new' }],
      secretsRevived: [{ organizationId: owner, owner, id: first.id }],
      ringsSetBack: [{ organizationId: owner, id: owner }],
      endpointsRevived: [],
      endpointsMovedBack: [],
      endpointsLost: [],
      payloadsRevived: [],
    });
  });

  it('says which endpoints are sent to again, and which payloads are there again', async () => {
    const store = await populated('old');
    const owner = (await store.reader.organizations({ after: null, itemsMax: 1 })).items[0]!.id;
    const [gone, held, moved, ended] = ['gone', 'held', 'moved', 'ended'].map((url) =>
      endpoint(owner, { url, headers: [] }),
    );
    for (const one of [gone!, held!, moved!, ended!]) await store.apply([{ kind: 'endpoint.insert', endpoint: one }]);
    await store.apply([statusChange(ended!, ARCHIVED)]);
    const event = acceptedEvent(owner, []);
    await acceptOne(store, event);
    await back();
    const later = endpoint(owner, { headers: [] });
    await store.apply([
      statusChange(gone!, ARCHIVED),
      statusChange(held!, SUSPENDED),
      { ...statusChange({ ...moved!, url: 'https://new.example' }, { kind: 'active' }) },
      { kind: 'endpoint.insert', endpoint: later },
      { kind: 'event.erase', organizationId: owner, eventKey: event.event.key, at: NOW },
      {
        kind: 'audit.append',
        row: {
          id: newId('aud'),
          at: NOW,
          organizationId: owner,
          actor: 'cli',
          action: 'event.payload_erased',
          target: event.event.id,
          reason: null,
          address: null,
          requestId: null,
          detail: { eventKey: event.event.key },
        },
      },
    ]);
    await store.close();
    const found = (...ids: string[]) => ids.toSorted().map((id) => ({ organizationId: owner, id }));
    expect((await restore({ replace: true })).aftermath).toMatchObject({
      endpointsRevived: found(gone!.id, held!.id),
      endpointsMovedBack: found(moved!.id),
      endpointsLost: found(later.id),
      payloadsRevived: found(event.event.id),
    });
    // A backup of a release that could not erase says the same.
    sql(file, 'DROP TABLE erasures; PRAGMA user_version = 1');
    rmSync(path);
    for (const name of readdirSync(join(folder, 'data'))) {
      if (name.includes('.before-restore-')) copyFileSync(join(folder, 'data', name), path);
    }
    expect((await restore({ replace: true })).aftermath).toMatchObject({ payloadsRevived: found(event.event.id) });
  });
});

describe('killed right before any change of the file system', () => {
  const run = (command: string, killAt: number): boolean => {
    const args = [CHILD, command, path, file, String(killAt)];
    const { signal: ended, status, stderr } = spawnSync(process.execPath, args);
    if (ended !== 'SIGKILL') expect([String(stderr), status]).toEqual(['', 0]);
    return ended !== 'SIGKILL';
  };

  it('a backup leaves nothing under its name or a whole one, and the next one clears up', async () => {
    await (await populated()).close();
    let calls = 1;
    while (calls < CALLS_MAX && !run('backup', calls)) {
      if (existsSync(file)) expect((await check()).ok).toBe(true);
      rmSync(file, { force: true });
      calls += 1;
    }
    expect(calls).toBeGreaterThan(4);
    expect(calls).toBeLessThan(CALLS_MAX);
    expect(readdirSync(folder)).toEqual(['copy.db', 'data']);
  }, 60_000);

  it('a restore leaves the old database or the new one, which starts', async () => {
    await (await populated('new')).close();
    await back();
    rmSync(path);
    await (await populated('old')).close();
    const [old, kept] = [join(folder, 'old'), join(folder, 'old-wal')];
    sql(path, 'PRAGMA journal_mode = WAL');
    copyFileSync(path, old);
    writeFileSync(kept, '');
    const seen = new Set<string>();
    let calls = 1;
    for (; calls < CALLS_MAX; calls += 1) {
      rmSync(join(folder, 'data'), { recursive: true });
      mkdirSync(join(folder, 'data'));
      copyFileSync(old, path);
      copyFileSync(kept, `${path}-wal`);
      const isDone = run('restore', calls);
      const store = await openSqliteStore({ path, mode: 'inline' });
      const { items } = await store.reader.organizations({ after: null, itemsMax: 9 });
      await store.ping();
      await store.close();
      seen.add(items.map(({ name }) => name).join());
      if (isDone) break;
    }
    expect(calls).toBeGreaterThan(8);
    expect(calls).toBeLessThan(CALLS_MAX);
    expect([...seen]).toEqual(['old', 'new']);
  }, 60_000);
});

/** A small disk of its own, where this process may mount one. */
function mountDisk(): string | null {
  const mounted = mkdtempSync(join(tmpdir(), 'hookring-backup-disk-'));
  try {
    execFileSync('/usr/bin/env', ['mount', '-t', 'tmpfs', '-o', 'size=8m', 'tmpfs', mounted], { stdio: 'ignore' });
    return mounted;
  } catch {
    rmSync(mounted, { recursive: true });
    return null;
  }
}

const disk = mountDisk();
afterAll(() => {
  if (disk === null) return;
  execFileSync('/usr/bin/env', ['umount', '-l', disk]);
  rmSync(disk, { recursive: true });
});

describe.skipIf(disk === null)('on a disk without room', () => {
  it('nothing is begun that cannot end, and nothing stays of what ran out of room', async () => {
    await (await populated('old', 100)).close();
    const target = join(disk ?? '', 'copy.db');
    const ballast = join(disk ?? '', 'ballast');
    writeFileSync(ballast, Buffer.alloc(7 * 1_024 * 1_024));
    expect((await refusal(back({ file: target }))).reason).toBe('no_room');
    rmSync(ballast);
    // The room goes while it copies.
    const onProgress = (): void => {
      if (!existsSync(ballast)) writeFileSync(ballast, Buffer.alloc(6 * 1_024 * 1_024));
    };
    const full = await refusal(back({ file: target, onProgress }));
    expect([full.reason, readdirSync(disk ?? '')]).toEqual(['no_room', ['ballast']]);
    await back();
    expect((await refusal(restore({ databasePath: join(disk ?? '', 'h.db') }))).reason).toBe('no_room');
    expect(readdirSync(disk ?? '').toSorted()).toEqual(['ballast', 'h.db.lock']);
    for (const name of readdirSync(disk ?? '')) rmSync(join(disk ?? '', name));
  });

  it('a copy is given up before the database beside it runs out of room', async () => {
    await (await populated('old', 120)).close();
    copyFileSync(path, join(disk ?? '', 'hookring.db'));
    path = join(disk ?? '', 'hookring.db');
    const [target, ballast] = [join(disk ?? '', 'copy.db'), join(disk ?? '', 'ballast')];
    const steps: number[] = [];
    const onProgress = (stage: string, done: number): void => {
      if (stage === 'copying') steps.push(done);
      const { bavail, bsize, blocks } = statfsSync(disk ?? '');
      // Far from full, and below what a server takes events with.
      if (steps.length === 1) writeFileSync(ballast, Buffer.alloc((bavail - Math.floor(blocks * 0.04)) * bsize));
    };
    const low = await refusal(back({ file: target, onProgress }));
    expect([low.reason, steps.length, existsSync(ballast), existsSync(target)]).toEqual(['no_room', 1, true, false]);
    expect(readdirSync(disk ?? '').filter((name) => name.includes('.part'))).toEqual([]);
    expect(low.message).toContain('below 5 % free');
  });
});
