import { Command } from 'commander';
import type { Aftermath, Named } from '../../store/sqlite/backup/compare.ts';
import { BackupRefusal } from '../../store/sqlite/backup/refusal.ts';
import { type Restored, restoreBackup } from '../../store/sqlite/backup/restore-backup.ts';
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

type Flags = BackupFlags & { readonly force?: boolean };

const WORDS = { copying: 'copying', checking: 'checking', replacing: 'putting it in place' } as const;
const IDS_SHOWN_MAX = 10;

export function restoreCommand(io: Io, report: Report): Command {
  return new Command('restore')
    .description('put a backup where the database of this machine is; the server must be stopped')
    .argument('<file>', 'a file that "hookring backup" made')
    .option('--force', 'when there is a database: move it aside, nothing is deleted')
    .option('--without-keys', 'do not check that the master keys open what is sealed')
    .option('--json', 'print exactly one JSON document')
    .option('--database-url <url>', 'where to restore to (HOOKRING_DATABASE_URL)')
    .addHelpText(
      'after',
      `
The backup is checked first. The master key must be where the server looks for it: HOOKRING_MASTER_KEY, or the key file
beside the database. What happened after the backup is undone, revocations too: docs/backup.md says what to do then.

Example:
  hookring restore /backups/hookring-2026-11-21.db --database-url sqlite:/var/lib/hookring/hookring.db`,
    )
    .action(async (file: string, flags: Flags) => {
      await guarded(io, report, flags.json === true, () => run(io, file, flags));
    });
}

async function run(io: Io, file: string, flags: Flags): Promise<void> {
  const setting = await settingFor(io, file, flags);
  const restored = await put(io, setting, flags);
  const { databasePath } = setting;
  const { contents, before, sha256, aftermath } = restored;
  if (flags.json === true) {
    const document = { database: databasePath, before, sha256, contents: contentsDocument(contents), aftermath };
    writeLine(io.stdout, JSON.stringify(document, null, 2));
    return;
  }
  const pairs: [string, string][] = [['restored', databasePath], ...contentsPairs(contents)];
  if (before !== null) pairs.push(['before', `${before} (the database that was there; delete it when all is well)`]);
  writeLine(io.stdout, facts(pairs));
  writeLine(io.stderr, `\n${consequences(restored)}`);
}

async function put(io: Io, setting: BackupSetting, flags: Flags): Promise<Restored> {
  const bar = progressBar(io, flags.json === true, { label: 'restore', unit: 'bytes' });
  try {
    return await stoppable(
      async (signal) =>
        await restoreBackup({
          ...setting,
          replace: flags.force === true,
          now: io.now(),
          signal,
          onProgress: (stage, done, total, text) => bar.show({ done, total, text: text ?? WORDS[stage] }),
        }),
    );
  } catch (error) {
    if (!(error instanceof BackupRefusal)) throw error;
    throw failureOf(error, keysHint(error, setting.keySource) ?? hintOf(error));
  } finally {
    bar.end();
  }
}

function hintOf({ reason }: BackupRefusal): string | null {
  return reason === 'exists' ? '--force moves it aside first; nothing is deleted.' : null;
}

/** What a restore undoes, as far as it is known. */
function consequences({ contents, aftermath }: Restored): string {
  const newest = contents.newestEventAt === null ? 'the backup' : new Date(contents.newestEventAt).toISOString();
  const general = [
    `What happened after ${newest} is undone:`,
    '- Events accepted since are gone. Whoever sent them can send them again, with the same ids.',
    '- Deliveries that ended since are owed again: receivers get them a second time, with the same webhook-id.',
    '- Rotations and revocations since are undone: a revoked secret or API key lives again, and a secret or API key made',
    '  since is unknown. Revoke and rotate again before the server starts to take requests.',
  ];
  return [...general, ...(aftermath === null ? [] : known(aftermath))].join('\n');
}

function known(aftermath: Aftermath): string[] {
  const { eventsLost, deliveriesOwedAgain, keysRevived, keysLost, secretsRevived, ringsSetBack } = aftermath;
  return [
    '\nCompared with the database that was there:',
    `- ${eventsLost} events are gone, ${deliveriesOwedAgain} ended deliveries are owed again.`,
    ...listed('API keys work again. Revoke each: hookring keys revoke <id>', keysRevived),
    ...listed('API keys are unknown. Make new ones: hookring keys create', keysLost),
    ...listed('secrets sign again that had ended or were about to. Look: hookring secrets list', secretsRevived),
    ...listed('rings lost a secret that was given out. Rotate each: hookring rotate <id>', ringsSetBack),
  ];
}

function listed(what: string, { count, ids }: Named): string[] {
  if (count === 0) return [];
  const more = count > IDS_SHOWN_MAX ? `, … (${count} in all; --json lists more)` : '';
  return [`- ${count} ${what}`, `  ${ids.slice(0, IDS_SHOWN_MAX).join(', ')}${more}`];
}
