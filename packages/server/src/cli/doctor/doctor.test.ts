import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { writeServerFile } from '../../config/server-file.ts';
import { lockFile } from '../../store/sqlite/lock.ts';
import { DoctorFolder, worst } from '../testing/doctor-folder.ts';
import { diskFinding, fileSystemFinding } from './check-files.ts';

const KEY = Buffer.alloc(32, 7).toString('base64');

let here: DoctorFolder;
beforeAll(() => DoctorFolder.makeTemplate());
afterAll(() => DoctorFolder.removeTemplate());
beforeEach(() => {
  here = new DoctorFolder();
});
afterEach(() => here.remove());

describe('doctor, where all is well', () => {
  it('finds nothing, before the first start and after it, but that no server runs', async () => {
    for (const prepare of [() => undefined, () => here.addDatabase()]) {
      prepare();
      const findings = (await here.doctor()).filter(
        (finding) => finding.status !== 'ok' && finding.check !== 'file system',
      );
      expect(findings.map(({ check }) => check)).toEqual(['server']);
    }
  });

  it('says of everything that it finds what to do', async () => {
    here.addDatabase();
    chmodSync(here.path, 0o644);
    for (const { status: found, advice } of await here.doctor({
      HOOKRING_ALLOW_PRIVATE: '0.0.0.0/0',
      HOOKRING_X: '1',
    })) {
      expect(advice === null).toBe(found === 'ok');
    }
  });

  it('changes nothing', async () => {
    here.addDatabase();
    const all = (): readonly string[] =>
      readdirSync(here.folder).map((name) => `${name} ${readFileSync(join(here.folder, name)).toString('hex')}`);
    const before = all();
    await here.doctor({}, true);
    expect(all()).toEqual(before);
  });
});

describe('doctor sees that the master key', () => {
  it.each([
    ['is lost', () => rmSync(`${here.path}.master-key`), 'is missing'],
    ['is another one', () => writeFileSync(`${here.path}.master-key`, `k1:${KEY}\n`, { mode: 0o600 }), 'do not open'],
    [
      'is not readable as a key',
      () => writeFileSync(`${here.path}.master-key`, 'x\n', { mode: 0o600 }),
      'no id:base64',
    ],
    ['can be read by others', () => chmodSync(`${here.path}.master-key`, 0o640), 'by others'],
  ])('%s', async (_name, mistake, words) => {
    here.addDatabase();
    expect(await here.status('master key')).toBe('ok');
    mistake();
    expect(worst(await here.doctor(), 'master key')).toMatchObject({
      status: 'problem',
      detail: expect.stringContaining(words),
    });
  });

  it('was changed without keeping the old one', async () => {
    here.addDatabase();
    const [, old = ''] = /^(k\w+:\S+)$/m.exec(readFileSync(`${here.path}.master-key`, 'utf8')) ?? [];
    const changed = worst(await here.doctor({ HOOKRING_MASTER_KEY: `new:${KEY}` }), 'master key');
    expect(changed).toMatchObject({ status: 'problem', advice: expect.stringContaining('behind the new one') });
    expect(await here.status('master key', { HOOKRING_MASTER_KEY: `new:${KEY},${old}` })).toBe('ok');
  });
});

describe('doctor sees that the database', () => {
  beforeEach(() => here.addDatabase());

  it('was written by a newer version', async () => {
    const db = new DatabaseSync(here.path);
    db.exec('PRAGMA user_version = 999');
    db.close();
    expect(await here.status('schema')).toBe('problem');
  });

  it('is damaged', async () => {
    const bytes = readFileSync(here.path);
    bytes.fill(0xff, 3 * 8_192, 12 * 8_192);
    writeFileSync(here.path, bytes);
    expect(await here.status('integrity')).toBe('problem');
  });

  it("is another program's, or no database at all", async () => {
    rmSync(here.path);
    const db = new DatabaseSync(here.path);
    db.exec('CREATE TABLE theirs (a)');
    db.close();
    expect(await here.status('content')).toBe('problem');
    writeFileSync(here.path, 'these are no pages of a database. '.repeat(100));
    expect(await here.status('content')).toBe('problem');
  });

  it('can be used by others, or was changed in the time to come', async () => {
    chmodSync(here.path, 0o644);
    utimesSync(here.path, new Date(), new Date(Date.now() + 3_600_000));
    const findings = await here.doctor();
    expect(worst(findings, 'database')?.status).toBe('warning');
    expect(worst(findings, 'times')?.status).toBe('problem');
  });

  it('is held by a process that is no server, or by none although a server says so', async () => {
    expect(await here.status('lock')).toBe('ok');
    const lock = lockFile(here.path);
    try {
      expect(await here.status('lock')).toBe('warning');
    } finally {
      lock.release();
    }
    writeServerFile(`${here.path}.server.json`, {
      url: 'http://127.0.0.1:1',
      nativePrefix: '/v1',
      token: 't',
      pid: process.pid,
    });
    const findings = await here.doctor();
    expect(worst(findings, 'lock')?.status).toBe('problem');
    expect(worst(findings, 'server')?.status).toBe('problem');
  });

  it('has the file of a server that was killed beside it', async () => {
    expect(await here.status('server file')).toBe('ok');
    const { pid } = spawnSync(process.execPath, ['-e', '']);
    writeServerFile(`${here.path}.server.json`, { url: 'http://127.0.0.1:1', nativePrefix: '/v1', token: 't', pid });
    expect(worst(await here.doctor(), 'server file')).toMatchObject({
      status: 'warning',
      detail: expect.stringContaining(String(pid)),
    });
  });
});

describe('doctor sees that the folder', () => {
  const isRoot = process.getuid?.() === 0;

  it.skipIf(process.platform === 'win32')('cannot be written to, without a database and with one', () => {
    chmodSync(here.folder, 0o555);
    const who = isRoot ? { uid: 65_534 } : {};
    expect(worst(here.command(who), 'database')?.status).toBe('problem');
    chmodSync(here.folder, 0o755);
    here.addDatabase();
    chmodSync(here.folder, 0o555);
    chmodSync(here.path, 0o444);
    const findings = here.command(who);
    expect(worst(findings, 'writable')?.status).toBe('problem');
    if (isRoot) expect(worst(findings, 'owner')?.status).toBe('problem');
    chmodSync(here.folder, 0o755);
  });

  it('lies below a file', async () => {
    writeFileSync(join(here.folder, 'file'), '');
    expect(await here.status('database', { HOOKRING_DATABASE_URL: 'sqlite:./file/h.db' })).toBe('problem');
  });

  it.skipIf(process.platform !== 'linux')('is in memory, on a network, or goes with a container', async () => {
    const memory = mkdtempSync('/dev/shm/hookring-doctor-');
    try {
      expect(await here.status('file system', { HOOKRING_DATABASE_URL: `sqlite:${memory}/h.db` })).toBe('warning');
    } finally {
      rmSync(memory, { recursive: true });
    }
    expect(fileSystemFinding('/data', 0x6969).status).toBe('problem');
    expect(fileSystemFinding('/data', 0x794c7630).status).toBe('warning');
    expect(fileSystemFinding('/data', 0xef53).status).toBe('ok');
  });

  it('is on a disk that is nearly full', () => {
    expect(diskFinding(0.04, 1e9).status).toBe('problem');
    expect(diskFinding(0.08, 1e9).status).toBe('warning');
    expect(diskFinding(0.3, 1e9).status).toBe('ok');
  });
});
