/** Names of errors whose message is a whole sentence for the operator. */
const TOLD = new Set([
  'StoreInUse',
  'SchemaTooNew',
  'ForeignDatabase',
  'DamagedDatabase',
  'MigrationFailed',
  'MasterKeyFileError',
  'MasterKeyMissing',
  'WrongMasterKey',
  'MetricsAddressError',
  'UnsuitableServer',
  'DatabaseUnusable',
  'StartStopped',
]);

const MOVE = 'or put the database elsewhere with --database-url';
const FULL = `the disk is full: make room, ${MOVE}`;
const READ_ONLY = `the disk is read-only: make it writable, ${MOVE}`;

const SYSTEM: Readonly<Record<string, string>> = {
  EADDRINUSE: 'the port is taken by another program: choose another with --port',
  EADDRNOTAVAIL: 'this machine does not have the address of --host',
  ENOSPC: FULL,
  EROFS: READ_ONLY,
  ENOTDIR: 'a part of the path of the database is no folder',
};

/** By primary result code. */
const SQLITE: Readonly<Record<number, string>> = {
  8: `this user may not write it: give its files and their folder to this user, ${MOVE}`,
  10: `the disk does not take or give what it should: see whether it is full, read-only or broken, ${MOVE}`,
  13: FULL,
  14: 'see whether this user may read and write it and its folder',
};

/** Why a start failed, in one sentence, when an operator can mend it; else null. */
function startProblem(error: unknown): string | null {
  if (!(error instanceof Error)) return null;
  if (TOLD.has(error.name)) return error.message;
  // The first commits of a start may meet a disk that only opened.
  if (error.name === 'StoreUnavailable' && error.cause instanceof Error) return cannotWrite(error.cause);
  const { code = '', errcode = 0, path = null, syscall = '' } = error as Error & Partial<Facts>; // What it has of them.
  if (code === 'ERR_SQLITE_ERROR') {
    const cure = SQLITE[errcode & 0xff];
    return `the database cannot be opened: ${error.message}${cure === undefined ? '' : `; ${cure}`}`;
  }
  // What a read-only disk makes of a folder that is not there.
  if (code === 'ENOENT' && syscall === 'mkdir')
    return `the folder ${path ?? ''} cannot be made: see whether the disk is read-only, ${MOVE}`;
  if (code === 'EACCES' || code === 'EPERM') return `this user may not use ${path ?? 'that port or file'} (${code})`;
  const known = SYSTEM[code];
  return known === undefined ? null : `${known} (${[code, path].filter((fact) => fact !== null).join(': ')})`;
}

type Facts = { readonly code: string; readonly errcode: number; readonly path: string; readonly syscall: string };

/** A statement was prepared in one session and used in another. */
const OTHER_SESSION = new Set(['26000', '42P05']);

function cannotWrite(cause: Error & { readonly code?: unknown }): string {
  if (typeof cause.code === 'string' && OTHER_SESSION.has(cause.code)) {
    return `something stands before the database, as poolers do: set HOOKRING_DATABASE_POOLER=transaction (${cause.message})`;
  }
  return `the database cannot be written: ${cause.message}; see whether the disk is full or read-only, ${MOVE}`;
}

/** What an operator can mend is a sentence; everything else is a broken program. */
export async function attempted<T>(
  start: () => Promise<T>,
): Promise<{ ok: true; service: T } | { ok: false; problem: string }> {
  try {
    return { ok: true, service: await start() };
  } catch (error) {
    const problem = startProblem(error);
    if (problem === null) throw error;
    return { ok: false, problem };
  }
}
