import { Command } from 'commander';
import type { Aftermath, Found } from '../../store/sqlite/backup/compare.ts';
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
    '  since is unknown. Revoke and rotate again before the server starts: it sends at once what is owed.',
    '- Endpoints are as they were: deleted and suspended ones are sent to again, new ones are unknown.',
    '- Payloads that were erased since are there again.',
  ];
  return [...general, ...(aftermath === null ? [] : known(aftermath))].join('\n');
}

function known(aftermath: Aftermath): string[] {
  const { eventsLost, deliveriesOwedAgain, secretsRevived } = aftermath;
  const secrets = secretsRevived.map(({ id, owner, ...rest }) => ({ ...rest, id: `${owner} ${id}` }));
  const lists = [
    ['API keys work again. Revoke each: hookring keys revoke <id>', aftermath.keysRevived],
    ['API keys are unknown. Make new ones: hookring keys create', aftermath.keysLost],
    [
      'secrets sign again that had ended or were about to. End each: hookring rotate <ring> --reason compromise',
      secrets,
    ],
    ['rings lost a secret that was given out. Rotate each: hookring rotate <id>', aftermath.ringsSetBack],
    ['endpoints are sent to again. Stop each: hookring endpoints archive|suspend <id>', aftermath.endpointsRevived],
    ['endpoints have the address of before. Look: hookring endpoints show <id>', aftermath.endpointsMovedBack],
    ['endpoints are unknown. Make them again: hookring endpoints create', aftermath.endpointsLost],
    ['erased payloads are there again. Erase each: hookring events erase <id> --yes', aftermath.payloadsRevived],
  ] as const;
  return [
    '\nCompared with the database that was there (--org <organization> behind each command):',
    `- ${eventsLost} events are gone, ${deliveriesOwedAgain} ended deliveries are owed again.`,
    ...lists.flatMap(([what, rows]) => listed(what, rows)),
  ];
}

function listed(what: string, rows: readonly Found[]): string[] {
  if (rows.length === 0) return [];
  const shown = rows.slice(0, IDS_SHOWN_MAX).map(({ organizationId, id }) => `  ${organizationId}  ${id}`);
  const more = rows.length > IDS_SHOWN_MAX ? [`  … ${rows.length} in all; --json names each`] : [];
  return [`- ${rows.length} ${what}`, ...shown, ...more];
}
