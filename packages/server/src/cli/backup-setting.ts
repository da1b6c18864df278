import { createSecretKey, type KeyObject } from 'node:crypto';
import { resolve } from 'node:path';
import type { Config } from '../config/settings.ts';
import { keyFileOf, MasterKeyFileError, readKeyFile } from '../store/master-key-file.ts';
import type { BackupRefusal, BackupRefusalReason } from '../store/sqlite/backup/refusal.ts';
import type { OpenSealed } from '../store/sqlite/backup/sealed.ts';
import type { Contents } from '../store/sqlite/backup/verify.ts';
import { createVault } from '../store/vault.ts';
import { databaseFlag, readSetup } from './connect.ts';
import { CommandFailure, EXIT, type ExitCode, usage } from './exit.ts';
import type { Io } from './io.ts';

/** What `backup` and `restore` have in common: they work on files of this machine, and never through a server. */
export type BackupSetting = {
  readonly databasePath: string;
  readonly file: string;
  readonly openSealed: OpenSealed | null;
  /** Where the master keys are that the server of this database uses. */
  readonly keySource: { readonly from: 'HOOKRING_MASTER_KEY' } | { readonly from: 'file'; readonly path: string };
};
export type BackupFlags = { readonly databaseUrl?: string; readonly withoutKeys?: boolean; readonly json?: boolean };

export async function settingFor(io: Io, file: string, flags: BackupFlags): Promise<BackupSetting> {
  if (file.trim() === '') throw usage('the name of the file is empty');
  const { config } = await readSetup(io, databaseFlag(flags));
  const path = fileOf(config);
  const keySource: BackupSetting['keySource'] =
    config.masterKeys === null ? { from: 'file', path: keyFileOf(path) } : { from: 'HOOKRING_MASTER_KEY' };
  const openSealed = flags.withoutKeys === true ? null : await openerOf(config.masterKeys, path);
  return { databasePath: path, file: resolve(io.cwd, file), openSealed, keySource };
}

function fileOf({ database }: Config): string {
  if (database.kind === 'sqlite') return database.path;
  throw usage(
    'this copies a SQLite file, and the database is a PostgreSQL one',
    'PostgreSQL has its own tools: pg_dump, or a base backup with its write-ahead log. docs/backup.md says how.',
  );
}

/** Opens with the keys that are at hand, and makes none. */
export async function openerOf(masterKeys: Config['masterKeys'], databasePath: string): Promise<OpenSealed> {
  const keys = masterKeys ?? (await keysOfFile(keyFileOf(databasePath))) ?? [];
  const objects = new Map<string, KeyObject>(keys.map(({ id, key }) => [id, createSecretKey(key)]));
  const vault = createVault({
    first: () => {
      throw new Error('nothing is sealed here');
    },
    byId: (id) => objects.get(id) ?? null,
  });
  return (sealed, owner, id) => vault.unseal(sealed, owner, id);
}

async function keysOfFile(path: string) {
  try {
    return await readKeyFile(path);
  } catch (error) {
    if (!(error instanceof MasterKeyFileError)) throw error;
    throw new CommandFailure({ detail: error.message, exitCode: EXIT.FAILED, code: 'master_key' });
  }
}

const EXIT_CODES: Partial<Readonly<Record<BackupRefusalReason, ExitCode>>> = {
  no_database: EXIT.USAGE,
  no_backup: EXIT.USAGE,
  target: EXIT.USAGE,
  exists: EXIT.USAGE,
};

/** A refusal as the end of a command. */
export function failureOf(refusal: BackupRefusal, hint: string | null): CommandFailure {
  const { reason, message, problems } = refusal;
  return new CommandFailure({
    detail: message,
    exitCode: EXIT_CODES[reason] ?? EXIT.FAILED,
    code: reason,
    errors: problems.map((detail) => ({ pointer: '', detail, code: reason })),
    hint,
  });
}

/** What to do about sealed texts that do not open. */
export function keysHint(refusal: BackupRefusal, source: BackupSetting['keySource']): string | null {
  if (!refusal.problems.some((problem) => problem.includes('master key'))) return null;
  const where = source.from === 'file' ? `in ${source.path}, or ` : 'in ';
  return `The server's own master keys must be ${where}HOOKRING_MASTER_KEY; --without-keys leaves this check out.`;
}

export function contentsPairs(contents: Contents): [string, string][] {
  const { organizations, endpoints, apiKeys, events, deliveriesOwed, newestEventAt, masterKeyIds } = contents;
  return [
    ['events', `${events}, ${deliveriesOwed} deliveries still owed`],
    ['newest event', newestEventAt === null ? '-' : new Date(newestEventAt).toISOString()],
    ['endpoints', `${endpoints}, in ${organizations} organizations with ${apiKeys} API keys`],
    ['schema', String(contents.schemaVersion)],
    ['master keys', masterKeyIds.length === 0 ? 'none needed' : `${masterKeyIds.join(', ')} (not in the backup)`],
  ];
}

/** The same for scripts. */
export function contentsDocument(contents: Contents) {
  const { newestEventAt, ...rest } = contents;
  return { ...rest, newestEventAt: newestEventAt === null ? null : new Date(newestEventAt).toISOString() };
}

/** Runs work that Ctrl-C and an ordinary kill end in order. */
export async function stoppable<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const stop = (): void => controller.abort();
  const names = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const name of names) process.on(name, stop);
  try {
    return await work(controller.signal);
  } finally {
    for (const name of names) process.off(name, stop);
  }
}
