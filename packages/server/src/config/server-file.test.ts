import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, rmSync, statSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { PostgresDatabase } from './parse-database.ts';
import {
  forgetEndedServers,
  readServerFile,
  removeServerFile,
  runningServer,
  serverFilePath,
  tryWriteServerFile,
  writeServerFile,
} from './server-file.ts';

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hookring-server-file-'));
  path = join(folder, 'h.db.server.json');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const FILE = { url: 'http://127.0.0.1:1', nativePrefix: '/hookring/v1', token: 't', pid: process.pid };

describe('the file beside the database', () => {
  it('is read back as it was written, by its owner alone', () => {
    writeServerFile(path, FILE);
    expect(readServerFile(path)).toEqual(FILE);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    removeServerFile(path, FILE.pid + 1);
    expect(readServerFile(path)).not.toBeNull();
    removeServerFile(path, FILE.pid);
    expect(readServerFile(path)).toBeNull();
  });

  it.each([
    ['{'],
    ['[]'],
    ['null'],
    [JSON.stringify({ ...FILE, url: 1 })],
    [JSON.stringify({ ...FILE, nativePrefix: 1 })],
  ])('counts as none when it holds %s', (text) => {
    writeFileSync(path, text);
    expect(readServerFile(path)).toBeNull();
  });
});

describe('the files of servers on PostgreSQL', () => {
  const on = (url: string): PostgresDatabase => ({ kind: 'postgres', url, shown: url });
  const database = on(`postgres://u:secret@db.example/hookring_${process.pid}`);
  const place = (pid: number): string => {
    const found = serverFilePath(database, pid);
    if (found === null) throw new Error('there is no place for it');
    return found;
  };
  const here = (pid: number) => ({ ...FILE, pid });
  const ended = (): number => spawnSync(process.execPath, ['-e', '']).pid;
  beforeEach(() => vi.stubEnv('TMPDIR', folder));
  afterEach(() => vi.unstubAllEnvs());

  it('are found by the database, whatever the password, and as long as their processes live', () => {
    expect(runningServer(database)).toBe(null);
    expect(tryWriteServerFile(database, place(process.pid), here(process.pid))).toBe(true);
    expect(runningServer(database)).toEqual(here(process.pid));
    expect(runningServer(on(database.url.replace('secret', 'other')))).toEqual(here(process.pid));
    expect(runningServer(on(database.url.replace('db.example', 'db.example:5432')))).toEqual(here(process.pid));
    expect(runningServer(on(database.url.replace('hookring_', 'hooks_')))).toBe(null);
    expect(place(process.pid)).not.toContain('secret');
    expect(statSync(place(process.pid)).mode & 0o777).toBe(0o600);
  });

  it('stand side by side, and those of killed ones go when another starts', () => {
    const killed = ended();
    writeServerFile(place(killed), here(killed));
    writeServerFile(place(process.pid), here(process.pid));
    expect(runningServer(database)?.pid).toBe(process.pid);
    forgetEndedServers();
    expect([existsSync(place(killed)), existsSync(place(process.pid))]).toEqual([false, true]);
    removeServerFile(place(process.pid), process.pid);
    expect(runningServer(database)).toBe(null);
  });

  it('are not believed when they are older than the start of the machine', () => {
    writeServerFile(place(process.pid), here(process.pid));
    utimesSync(place(process.pid), 1, 1);
    expect(runningServer(database)).toBe(null);
  });

  it.skipIf(process.platform === 'win32')('are neither read nor written where others could have put one', () => {
    const path = place(process.pid);
    writeServerFile(path, here(process.pid));
    chmodSync(dirname(path), 0o777);
    expect(serverFilePath(database, process.pid)).toBe(null);
    expect(runningServer(database)).toBe(null);
    rmSync(dirname(path), { recursive: true });
    symlinkSync(folder, dirname(path));
    expect(serverFilePath(database, process.pid)).toBe(null);
  });

  it('are missed by nobody where there is no place for them', () => {
    expect(tryWriteServerFile(database, join(folder, 'none', 'file.json'), FILE)).toBe(false);
    expect(() => tryWriteServerFile({ kind: 'sqlite', path: '/x' }, join(folder, 'none', 'f'), FILE)).toThrow('ENOENT');
  });
});
