import { constants, type Stats } from 'node:fs';
import { access, stat, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { ServerFile } from '../../config/server-file.ts';
import type { Config } from '../../config/settings.ts';
import { DISK_FREE_RATIO_MIN } from '../../domain/limits.ts';
import { keyFileOf } from '../../store/master-key-file.ts';
import { lockFile } from '../../store/sqlite/lock.ts';
import { type Finding, fail, warn, well } from './finding.ts';

const OTHERS_MODE = 0o077;
const DISK_FREE_RATIO_LOW = 0.1;
/** Clocks of file systems differ a little from the machine's. */
const CLOCK_SLACK_MS = 60_000;

export async function checkFiles(config: Config, server: ServerFile | null, now: number): Promise<readonly Finding[]> {
  const { path } = config.database;
  const folder = dirname(path);
  const database = await statOrNull(path);
  if (database === null) {
    return [await checkFolder(folder), ...(await checkMasterKey(config, false))];
  }
  return [
    checkAccess('database', path, database),
    checkOwner(path, database),
    checkTimes(path, database, now),
    checkLock(path, server),
    await checkDisk(folder),
    ...(await checkMasterKey(config, true)),
  ];
}

async function checkFolder(folder: string): Promise<Finding> {
  let existing = folder;
  while ((await statOrNull(existing)) === null && dirname(existing) !== existing) existing = dirname(existing);
  const writable =
    (await statOrNull(existing))?.isDirectory() === true &&
    (await access(existing, constants.W_OK).then(
      () => true,
      () => false,
    ));
  if (writable) return well('database', `there is none yet; the first start makes it in ${folder}`);
  return fail(
    'database',
    `${existing} cannot be written to`,
    'Give the folder to the user who runs the server, or set HOOKRING_DATABASE_URL.',
  );
}

function checkAccess(check: string, path: string, file: Stats): Finding {
  const isOpen = process.platform !== 'win32' && (file.mode & OTHERS_MODE) !== 0;
  if (!isOpen) return well(check, `${path}, for its owner only`);
  return warn(check, `${path} can be used by others (mode ${(file.mode & 0o777).toString(8)})`, `chmod 600 ${path}`);
}

function checkOwner(path: string, file: Stats): Finding {
  const own = process.getuid?.();
  if (own === undefined || own === file.uid || own === 0) return well('owner', 'the files belong to the right user');
  return fail(
    'owner',
    `${path} belongs to user ${file.uid}, and this is user ${own}`,
    `Run commands as its owner, or: chown ${own} ${path}*`,
  );
}

function checkTimes(path: string, file: Stats, now: number): Finding {
  if (file.mtimeMs <= now + CLOCK_SLACK_MS)
    return well('times', 'the clock goes on from the last change of the database');
  const last = new Date(file.mtimeMs).toISOString();
  return fail(
    'times',
    `${path} was changed at ${last}, which is yet to come`,
    'The clock was set back: deliveries wait until it has caught up.',
  );
}

function checkLock(path: string, server: ServerFile | null): Finding {
  const locked = isLocked(path);
  if (locked && server !== null) return well('lock', `held by the server, process ${server.pid}`);
  if (!locked && server === null) return well('lock', 'free: no server runs on this database');
  if (!locked) {
    return fail(
      'lock',
      `process ${server?.pid} says it is the server and does not hold the database`,
      `Remove ${path}.server.json if that is another program.`,
    );
  }
  return warn(
    'lock',
    'another process holds the database and is no server known here',
    'A command may be at work; or the server runs as another user.',
  );
}

async function checkDisk(folder: string): Promise<Finding> {
  const { bavail, blocks, bsize } = await statfs(folder);
  const ratio = blocks === 0 ? 1 : bavail / blocks;
  const detail = `${((bavail * bsize) / 1_073_741_824).toFixed(1)} GiB free (${Math.round(ratio * 100)} %)`;
  if (ratio < DISK_FREE_RATIO_MIN) return fail('disk', detail, 'Free some: below 5 % events are refused.');
  if (ratio < DISK_FREE_RATIO_LOW) return warn('disk', detail, 'Free some soon: below 5 % events are refused.');
  return well('disk', detail);
}

async function checkMasterKey(config: Config, hasDatabase: boolean): Promise<readonly Finding[]> {
  if (config.masterKeys !== null) return [well('master key', `configured; ${config.masterKeys[0]?.id ?? '?'} seals`)];
  const path = keyFileOf(config.database.path);
  const file = await statOrNull(path);
  if (file === null && !hasDatabase) return [well('master key', 'none is configured; the first start makes one')];
  if (file === null) {
    return [
      fail(
        'master key',
        `${path} is missing, so the secrets of this database cannot be opened`,
        'Put it back from your copy, or set HOOKRING_MASTER_KEY.',
      ),
    ];
  }
  if (process.platform !== 'win32' && (file.mode & OTHERS_MODE) !== 0) {
    return [fail('master key', `${path} can be read by others`, `chmod 600 ${path}, then: hookring master-key rotate`)];
  }
  return [well('master key', `${path}; keep a copy of it apart from copies of the database`)];
}

/** Takes the lock for a moment: there is no other way to ask for it. */
function isLocked(path: string): boolean {
  try {
    lockFile(path).release();
    return false;
  } catch {
    return true;
  }
}

async function statOrNull(path: string): Promise<Stats | null> {
  return await stat(path).catch(() => null);
}
