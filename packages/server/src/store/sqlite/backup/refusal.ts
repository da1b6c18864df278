import { primaryCode } from '../lock.ts';

export type BackupRefusalReason =
  | 'no_database'
  | 'no_backup'
  | 'target'
  | 'exists'
  | 'no_room'
  | 'unusable'
  | 'cancelled'
  | 'in_use'
  | 'file_system';

/** A backup or a restore that was not done. Its message is a sentence for the operator; nothing was changed. */
export class BackupRefusal extends Error {
  override readonly name = 'BackupRefusal';
  readonly reason: BackupRefusalReason;
  /** What is wrong with the file, one sentence each. */
  readonly problems: readonly string[];
  constructor(reason: BackupRefusalReason, message: string, problems: readonly string[] = [], options?: ErrorOptions) {
    super(message, options);
    this.reason = reason;
    this.problems = problems;
  }
}

const SQLITE_FULL = 13;
const SQLITE_ERRORS: Readonly<Record<number, string>> = {
  5: 'another process holds it',
  8: 'it is read-only',
  10: 'the file system failed',
  11: 'it is damaged',
  13: 'the disk is full',
  14: 'this user cannot open it',
  26: 'it is no SQLite database',
};
const SYSTEM_ERRORS = new Set([
  'ENOSPC',
  'EDQUOT',
  'EACCES',
  'EPERM',
  'EROFS',
  'EIO',
  'ENOENT',
  'ENOTDIR',
  'EFBIG',
  'EISDIR',
]);

/** What the file system or SQLite said about a file, as a refusal; anything else is a broken program. */
export function refusalOf(error: unknown, about: string): BackupRefusal | null {
  if (error instanceof BackupRefusal) return error;
  const sqlite = SQLITE_ERRORS[primaryCode(error) ?? -1];
  const system = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
  const isFull = primaryCode(error) === SQLITE_FULL || system === 'ENOSPC' || system === 'EDQUOT';
  if (isFull) return new BackupRefusal('no_room', `${about}: the disk is full`, [], { cause: error });
  if (sqlite !== undefined) return new BackupRefusal('file_system', `${about}: ${sqlite}`, [], { cause: error });
  if (!SYSTEM_ERRORS.has(system)) return null;
  return new BackupRefusal('file_system', `${about}: the system answered ${system}`, [], { cause: error });
}

export function cancelIf(signal: AbortSignal): void {
  if (signal.aborted) throw new BackupRefusal('cancelled', 'it was stopped; nothing was changed');
}
