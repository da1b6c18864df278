/** Names of errors whose message is a whole sentence for the operator. */
const TOLD = new Set(['StoreInUse', 'SchemaTooNew', 'ForeignDatabase', 'MasterKeyFileError']);

const SYSTEM: Readonly<Record<string, string>> = {
  EADDRINUSE: 'the port is taken by another program: choose another with --port',
  EADDRNOTAVAIL: 'this machine does not have the address of --host',
  EACCES: 'this user may not use that port or file',
  ENOSPC: 'the disk is full',
  EROFS: 'the disk is read-only',
};

/** Why a start failed, in one sentence, when an operator can mend it; else null. */
export function startProblem(error: unknown): string | null {
  if (!(error instanceof Error)) return null;
  if (TOLD.has(error.name)) return error.message;
  const code = 'code' in error ? String(error.code) : '';
  const known = SYSTEM[code];
  return known === undefined ? null : `${known} (${code})`;
}
