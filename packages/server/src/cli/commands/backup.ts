import { Command } from 'commander';
import { sha256Of, statOrNull } from '../../store/sqlite/backup/files.ts';
import { type Backup, makeBackup } from '../../store/sqlite/backup/make-backup.ts';
import { BackupRefusal, refusalOf } from '../../store/sqlite/backup/refusal.ts';
import { verifyFile } from '../../store/sqlite/backup/verify.ts';
import {
  type BackupFlags,
  type BackupSetting,
  contentsDocument,
  contentsPairs,
  failureOf,
  keysHint,
  settingFor,
  stoppable,
} from '../backup-setting.ts';
import { type Io, writeLine } from '../io.ts';
import { progressBar } from '../progress.ts';
import { guarded, type Report } from '../session.ts';
import { facts } from '../table.ts';

type Flags = BackupFlags & { readonly force?: boolean; readonly verify?: boolean };

const WORDS = { copying: 'copying', checking: 'checking', hashing: 'computing SHA-256' } as const;

export function backupCommand(io: Io, report: Report): Command {
  return new Command('backup')
    .description('copy the database of this machine into a file, while the server runs or not')
    .argument('<file>', 'the file to make; with --verify the one to check')
    .option('--force', 'replace the file when there is one')
    .option('--verify', 'make nothing: check a backup that was made before')
    .option('--without-keys', 'do not check that the master keys open what is sealed')
    .option('--json', 'print exactly one JSON document')
    .option('--database-url <url>', 'the database to copy (HOOKRING_DATABASE_URL)')
    .addHelpText(
      'after',
      `
The copy is checked from one end to the other before it gets its name; until then nothing has that name. The master key
is not in it: without that key no signing secret of the backup can be read. docs/backup.md has the whole of it.

Examples:
  hookring backup /backups/hookring-$(date +%F).db
  hookring backup --verify /backups/hookring-2026-11-21.db`,
    )
    .action(async (file: string, flags: Flags) => {
      await guarded(io, report, flags.json === true, () => run(io, file, flags));
    });
}

async function run(io: Io, file: string, flags: Flags): Promise<void> {
  const setting = await settingFor(io, file, flags);
  const json = flags.json === true;
  const startedAt = io.now();
  const backup = await made(io, setting, flags);
  const seconds = ((io.now() - startedAt) / 1_000).toFixed(1);
  const { contents, ...rest } = backup;
  const document = {
    ...rest,
    verified: true,
    masterKeysChecked: setting.openSealed !== null,
    contents: contentsDocument(contents),
    masterKey: setting.keySource,
  };
  const pairs: [string, string][] = [
    [flags.verify === true ? 'checked' : 'backup', backup.file],
    ['size', `${backup.bytes} bytes, in ${seconds} s`],
    ['sha256', backup.sha256],
    ...contentsPairs(contents),
  ];
  writeLine(io.stdout, json ? JSON.stringify(document, null, 2) : facts(pairs));
  if (!json) writeLine(io.stderr, `\n${warning(setting)}`);
}

async function made(io: Io, setting: BackupSetting, flags: Flags): Promise<Backup> {
  const bar = progressBar(io, flags.json === true, { label: 'backup', unit: 'bytes' });
  const show = (stage: keyof typeof WORDS, done: number, total: number | null, text?: string): void =>
    bar.show({ done, total, text: text ?? WORDS[stage] });
  try {
    return await stoppable(async (signal) => {
      if (flags.verify === true) return await verified(setting, signal, show);
      const overwrite = flags.force === true;
      return await makeBackup({ ...setting, overwrite, signal, onProgress: show });
    });
  } catch (error) {
    if (!(error instanceof BackupRefusal)) throw error;
    throw failureOf(error, keysHint(error, setting.keySource) ?? hintOf(error));
  } finally {
    bar.end();
  }
}

async function verified(
  { file, openSealed }: BackupSetting,
  signal: AbortSignal,
  show: (stage: 'checking' | 'hashing', done: number, total: number | null, text?: string) => void,
): Promise<Backup> {
  try {
    const found = await statOrNull(file);
    if (found === null || !found.isFile()) throw new BackupRefusal('no_backup', `there is no file ${file}`);
    const onStep = (text: string): void => show('checking', 0, null, text);
    const result = await verifyFile(file, { openSealed, signal, onStep });
    if (!result.ok) throw new BackupRefusal('unusable', `${file} is no backup that can be restored`, result.problems);
    const bytes = found.size;
    const sha256 = await sha256Of(file, { signal, onProgress: (done) => show('hashing', done, bytes) });
    return { file, bytes, sha256, contents: result.contents };
  } catch (error) {
    throw refusalOf(error, `${file} could not be read`) ?? error;
  }
}

function hintOf({ reason, message }: BackupRefusal): string | null {
  // A wrapper may have changed the user: whoever typed the command is often root.
  const user = process.getuid?.();
  if (user !== undefined && /\b(EACCES|EPERM)\b/.test(message))
    return `The command runs as user ${user}, who must be able to read the database and to write to that folder.`;
  if (reason === 'exists') return '--force replaces it.';
  if (reason === 'no_database')
    return 'Name it with --database-url or HOOKRING_DATABASE_URL; a backup is made where the database is.';
  return reason === 'no_room' ? 'Make room, or name a file on another disk.' : null;
}

function warning({ keySource }: BackupSetting): string {
  const where = keySource.from === 'file' ? `the file ${keySource.path}` : 'the value of HOOKRING_MASTER_KEY';
  return `The master key is not in this backup, and without it none of its signing secrets can be read again.\nKeep a copy of ${where} in another safe place.`;
}
