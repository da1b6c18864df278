import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const PACK = path.join(import.meta.dirname, 'pack.ts');

let out: string;
beforeEach(() => {
  out = mkdtempSync(path.join(tmpdir(), 'hookring-pack-'));
});
afterEach(() => rmSync(out, { recursive: true }));

describe('npm run pack into a folder that has packages already', () => {
  it.each(['packages/server/src/main.ts', 'packages/others/index.js'])('leaves %s alone and says so', (file) => {
    const source = path.join(out, file);
    mkdirSync(path.dirname(source), { recursive: true });
    writeFileSync(source, '');
    const { status, stderr } = spawnSync(process.execPath, [PACK, '--out', out], { encoding: 'utf8' });
    expect([status, existsSync(source)]).toEqual([1, true]);
    expect(stderr).toContain('name another folder');
  });
});
