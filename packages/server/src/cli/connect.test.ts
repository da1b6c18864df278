import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { writeServerFile } from '../config/server-file.ts';
import { lockFile } from '../store/sqlite/lock.ts';
import { connect, findServer, placeOf } from './connect.ts';
import { fakeIo } from './testing/fake-io.ts';

describe('a server that is starting', () => {
  it('is waited for while it holds the database and cannot be found yet', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'hookring-connect-'));
    const path = join(folder, 'h.db');
    const lock = lockFile(path);
    const server = { url: 'http://127.0.0.1:9', nativePrefix: '/v1', token: 't', pid: process.pid };
    const { io } = fakeIo({ env: { HOOKRING_DATABASE_URL: `sqlite:${path}` }, cwd: folder });
    try {
      const connecting = connect(io, {});
      await setTimeout(300);
      writeServerFile(`${path}.server.json`, server);
      expect(await connecting).toMatchObject({ offline: false, client: { url: server.url, token: 't' } });
    } finally {
      lock.release();
      rmSync(folder, { recursive: true });
    }
  });
});

describe('the file of a server that was killed', () => {
  it('is no server when its process is another program by now', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'hookring-connect-'));
    const path = join(folder, 'h.db');
    const { io } = fakeIo({ env: { HOOKRING_DATABASE_URL: `sqlite:${path}` }, cwd: folder });
    const file = { url: 'http://127.0.0.1:9', nativePrefix: '/v1', token: 't', pid: process.pid };
    try {
      writeServerFile(`${path}.server.json`, file);
      expect(await findServer(io, {})).toBe(null);
      const connection = await connect(io, {});
      await connection.close();
      expect([connection.offline, connection.client.token === 't']).toEqual([true, false]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe('the address of a server', () => {
  it.each([
    ['http://127.0.0.1:8484', 'http://127.0.0.1:8484', '/v1', true],
    ['http://127.0.0.1:8484/', 'http://127.0.0.1:8484', '/v1', true],
    ['https://hooks.example.com/hookring/v1', 'https://hooks.example.com', '/hookring/v1', false],
    ['https://hooks.example.com/v1/', 'https://hooks.example.com', '/v1', false],
  ])('%s says where the native API stands', (address, url, nativePrefix, isPrefixAssumed) => {
    expect(placeOf(address)).toEqual({ url, nativePrefix, isPrefixAssumed });
  });

  it.each(['nonsense', 'ftp://example.com', 'http://a.example/?x=1', 'http://a.example/#v1', 'http://u:p@a.example'])(
    '%s is refused',
    (address) => {
      expect(() => placeOf(address)).toThrow('no address of a server');
    },
  );

  it('never shows a password', () => {
    expect(() => placeOf('http://me:hunter2@a.example')).not.toThrow('hunter2');
  });
});
