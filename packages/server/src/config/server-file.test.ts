import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readServerFile, removeServerFile, writeServerFile } from './server-file.ts';

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
