/** Names of errors whose message is a whole sentence for the operator. */
const TOLD = new Set(['StoreInUse', 'SchemaTooNew', 'ForeignDatabase', 'MasterKeyFileError', 'WrongMasterKey']);

const SYSTEM: Readonly<Record<string, string>> = {
  EADDRINUSE: 'the port is taken by another program: choose another with --port',
  EADDRNOTAVAIL: 'this machine does not have the address of --host',
  EACCES: 'this user may not use that port or file',
  ENOSPC: 'the disk is full',
  EROFS: 'the disk is read-only',
  ENOTDIR: 'a part of the path of the database is no folder',
  EPERM: 'this user may not use that port or file',
};

/** Why a start failed, in one sentence, when an operator can mend it; else null. */
function startProblem(error: unknown): string | null {
  if (!(error instanceof Error)) return null;
  if (TOLD.has(error.name)) return error.message;
  const code = 'code' in error ? String(error.code) : '';
  if (code === 'ERR_SQLITE_ERROR') return `the database cannot be opened: ${error.message}`;
  const known = SYSTEM[code];
  return known === undefined ? null : `${known} (${code})`;
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
