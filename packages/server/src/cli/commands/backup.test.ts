import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { DoctorFolder } from '../testing/doctor-folder.ts';
import { BIN } from '../testing/harness.ts';

/** Nobody's, for tests that run as root, whom no mode stops. */
const NOBODY = 65_534;

let here: DoctorFolder;
beforeAll(() => DoctorFolder.makeTemplate());
afterAll(() => DoctorFolder.removeTemplate());
beforeEach(() => {
  here = new DoctorFolder();
  here.addDatabase();
});
afterEach(() => here.remove());

describe('hookring backup', () => {
  it.skipIf(process.platform === 'win32')('says as which user it may not write there', () => {
    const closed = join(here.folder, 'closed');
    mkdirSync(closed);
    chmodSync(closed, 0o555);
    const isRoot = process.getuid?.() === 0;
    if (isRoot)
      for (const name of ['.', ...readdirSync(here.folder)]) chownSync(join(here.folder, name), NOBODY, NOBODY);
    const { status, stderr } = spawnSync(process.execPath, [BIN, 'backup', join(closed, 'b.db')], {
      cwd: here.folder,
      encoding: 'utf8',
      env: { PATH: process.env['PATH'], HOOKRING_DATABASE_URL: 'sqlite:./h.db' },
      ...(isRoot ? { uid: NOBODY, gid: NOBODY } : {}),
    });
    chmodSync(closed, 0o755);
    expect([status, readdirSync(closed)]).toEqual([1, []]);
    expect(stderr).toContain('EACCES');
    expect(stderr).toContain(`runs as user ${isRoot ? NOBODY : process.getuid?.()}`);
  });
});
