import fs from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';

/**
 * Backs up or restores and kills itself right before the n-th change of the file system, or goes on to the end when
 * there are fewer.
 */
const [, , command = '', databasePath = '', file = '', killAt = ''] = process.argv;
let calls = 0;
for (const name of ['open', 'link', 'rename', 'rm', 'copyFile', 'chown'] as const) {
  const original = fs[name] as (...values: unknown[]) => unknown;
  const counted = (...values: unknown[]): unknown => {
    calls += 1;
    if (calls === Number(killAt)) process.kill(process.pid, 'SIGKILL');
    return original(...values);
  };
  Object.assign(fs, { [name]: counted });
}
syncBuiltinESMExports();

const { makeBackup } = await import('../make-backup.ts');
const { restoreBackup } = await import('../restore-backup.ts');
const common = { databasePath, file, openSealed: null, signal: new AbortController().signal, onProgress: () => {} };
if (command === 'backup') await makeBackup({ ...common, overwrite: true });
else await restoreBackup({ ...common, replace: true, now: 0 });
