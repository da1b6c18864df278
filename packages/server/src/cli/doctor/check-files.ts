import { constants, readFileSync, type Stats } from 'node:fs';
import { access, stat, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { SqliteDatabase } from '../../config/parse-database.ts';
import { readServerFile, type ServerFile, sqliteServerFile } from '../../config/server-file.ts';
import { DISK_FREE_RATIO_MIN } from '../../domain/limits.ts';
import { freeRatioOf } from '../../store/sqlite/disk.ts';
import { isLocked } from '../../store/sqlite/lock.ts';
import { asRecord } from '../json.ts';
import { type Finding, fail, warn, well } from './finding.ts';

const OTHERS_MODE = 0o077;
const DISK_FREE_RATIO_LOW = 0.1;
/** Clocks of file systems differ a little from the machine's. */
const CLOCK_SLACK_MS = 60_000;

/** The database and the files beside it; what is in them is another matter. */
export async function checkFiles(
  { path }: SqliteDatabase,
  server: ServerFile | null,
  now: number,
): Promise<readonly Finding[]> {
  const folder = dirname(path);
  const database = await statOrNull(path);
  if (database === null) return [await checkFolder(folder), ...(await checkFileSystem(folder))];
  return [
    checkAccess('database', path, database),
    checkOwner(path, database),
    await checkWritable(path),
    checkTimes(path, database, now),
    checkLock(path, server),
    checkServerFile(sqliteServerFile(path)),
    ...(await checkFileSystem(folder)),
    await checkDisk(path),
  ];
}

async function checkFolder(folder: string): Promise<Finding> {
  const existing = await existingPart(folder);
  if ((await statOrNull(existing))?.isDirectory() === true && (await isWritable(existing)))
    return well('database', `there is none yet; the first start makes it in ${folder}`);
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
      `If that is another program by now, remove ${sqliteServerFile(path)}.`,
    );
  }
  return warn(
    'lock',
    'another process holds the database and is no server known here',
    'A command may be at work; or the server runs as another user.',
  );
}

/** A file that a killed server left; the next start replaces it. */
function checkServerFile(path: string): Finding {
  const pid = pidOf(path);
  if (pid === null) return well('server file', 'none, as it should be while no server runs');
  if (readServerFile(path) !== null) return well('server file', `${path}, of process ${pid}`);
  return warn(
    'server file',
    `${path} names process ${pid}, which has ended without taking it away`,
    'Look into the log why it was killed. The next start replaces the file.',
  );
}

function pidOf(path: string): number | null {
  try {
    const { pid } = asRecord(JSON.parse(readFileSync(path, 'utf8')));
    return typeof pid === 'number' ? pid : null;
  } catch {
    return null;
  }
}

/** A whole folder, because SQLite makes files beside the database. */
async function checkWritable(path: string): Promise<Finding> {
  for (const each of [dirname(path), path]) {
    if (await isWritable(each)) continue;
    return fail(
      'writable',
      `${each} cannot be written to`,
      'Give it to the user who runs the server; a file system may also be mounted read-only.',
    );
  }
  return well('writable', 'the database and its folder');
}

async function isWritable(path: string): Promise<boolean> {
  return await access(path, constants.W_OK).then(
    () => true,
    () => false,
  );
}

/** By the numbers that Linux gives them. */
const NETWORKS: Readonly<Record<number, string>> = {
  0x6969: 'NFS',
  0x517b: 'SMB',
  0xfe534d42: 'SMB',
  0xff534d42: 'CIFS',
  0x01021997: '9p',
  0x00c36400: 'Ceph',
  0x5346414f: 'AFS',
  0x786f4256: 'a shared folder of VirtualBox',
};
const FLEETING: Readonly<Record<number, string>> = {
  0x01021994: 'tmpfs, which is memory: a restart of the machine loses everything',
  0x858458f6: 'ramfs, which is memory: a restart of the machine loses everything',
  0x794c7630: 'the overlay of a container: what is stored goes with the container',
};

async function checkFileSystem(folder: string): Promise<readonly Finding[]> {
  // Other systems number them otherwise.
  if (process.platform !== 'linux') return [];
  return [fileSystemFinding(folder, (await statfs(await existingPart(folder))).type)];
}

export function fileSystemFinding(folder: string, type: number): Finding {
  const network = NETWORKS[type];
  if (network !== undefined) {
    return fail(
      'file system',
      `${folder} is on ${network}: locks and syncs over a network cannot be relied on, and a database is damaged by that`,
      'Put the database on a disk of this machine.',
    );
  }
  const fleeting = FLEETING[type];
  if (fleeting === undefined) return well('file system', 'a local one');
  return warn(
    'file system',
    `${folder} is on ${fleeting}`,
    'Put the database on a disk, or on a volume of the container.',
  );
}

async function existingPart(folder: string): Promise<string> {
  let existing = folder;
  while ((await statOrNull(existing)) === null && dirname(existing) !== existing) existing = dirname(existing);
  return existing;
}

async function checkDisk(path: string): Promise<Finding> {
  const { bavail, bsize } = await statfs(dirname(path));
  // As the server counts: with what pruning left free inside of the file.
  return diskFinding(await freeRatioOf(path), bavail * bsize);
}

export function diskFinding(ratio: number, freeBytes: number): Finding {
  const detail = `${(freeBytes / 1_073_741_824).toFixed(1)} GiB free (${Math.floor(ratio * 100)} %)`;
  if (ratio < DISK_FREE_RATIO_MIN) {
    return fail(
      'disk',
      `${detail}: events are refused below ${DISK_FREE_RATIO_MIN * 100} %`,
      'Free some, or keep less: hookring prune, HOOKRING_RETENTION_DAYS.',
    );
  }
  if (ratio < DISK_FREE_RATIO_LOW) {
    return warn(
      'disk',
      `${detail}: below ${DISK_FREE_RATIO_MIN * 100} % events are refused`,
      'Free some soon, or keep less: HOOKRING_RETENTION_DAYS.',
    );
  }
  return well('disk', detail);
}

async function statOrNull(path: string): Promise<Stats | null> {
  return await stat(path).catch(() => null);
}
