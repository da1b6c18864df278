import { Command } from 'commander';
import { type PostgresDatabase, parseDatabaseUrl, type SqliteDatabase } from '../../config/parse-database.ts';
import type { Config } from '../../config/settings.ts';
import type { Compared } from '../../store/transfer/transfer.ts';
import { databaseFlag, readSetup } from '../connect.ts';
import { EXIT, usage } from '../exit.ts';
import { type Io, writeLine } from '../io.ts';
import type { Moved } from '../move-store.ts';
import { guarded, type Report } from '../session.ts';
import { type Column, table } from '../table.ts';

type Flags = { readonly from: string; readonly to?: string; readonly verifyOnly?: boolean; readonly json?: boolean };

export function migrateStoreCommand(io: Io, report: Report): Command {
  return new Command('migrate-store')
    .description('move everything from a SQLite file into a PostgreSQL database; the server must be stopped')
    .requiredOption('--from <url>', 'the SQLite file: sqlite: and its path')
    .option(
      '--to <url>',
      'the PostgreSQL database, empty; better in HOOKRING_DATABASE_URL, which other users cannot see',
    )
    .option('--verify-only', 'copy nothing: compare what is on both sides')
    .option('--json', 'print exactly one JSON document')
    .addHelpText(
      'after',
      `
Nothing in the file is changed. Stopped or killed at any moment, the same command goes on where it was; no server starts on
the database before all of it is there and was compared. HOOKRING_MASTER_KEY must hold the keys that sealed the secrets.
Give the address of the database itself, not of a pooler. docs/postgresql.md has the whole of it.

Examples:
  HOOKRING_DATABASE_URL=postgres://… hookring migrate-store --from sqlite:/var/lib/hookring/hookring.db
  hookring migrate-store --from sqlite:./data/hookring.db --to postgres://hookring@db/hookring --verify-only`,
    )
    .action(async (flags: Flags) => {
      await guarded(io, report, flags.json === true, () => run(io, report, flags));
    });
}

async function run(io: Io, report: Report, flags: Flags): Promise<void> {
  const { config } = await readSetup(io, databaseFlag(flags.to === undefined ? {} : { databaseUrl: flags.to }));
  const from = fileOf(io, flags.from);
  const to = databaseOf(config);
  const startedAt = io.now();
  const json = flags.json === true;
  // What speaks to PostgreSQL is not loaded for any other command.
  const { moveStore } = await import('../move-store.ts');
  const moved = await moveStore(io, { from, to, config, isCopying: flags.verifyOnly !== true, json });
  const verified = moved.compared.every(({ equal }) => equal);
  const document = {
    from: `sqlite:${from.path}`,
    to: to.shown,
    verified,
    resumed: moved.copied?.resumed ?? false,
    charactersReplaced: moved.copied?.cleaned ?? 0,
    masterKeys: moved.masterKeyIds,
    tables: moved.compared,
    durationMs: io.now() - startedAt,
  };
  if (!verified) report.exitCode = EXIT.FAILED;
  writeLine(io.stdout, json ? JSON.stringify(document, null, 2) : tableOf(io, moved.compared));
  if (!json) writeLine(io.stderr, `\n${verified ? advice(moved) : DIFFERS}`);
}

function fileOf(io: Io, text: string): SqliteDatabase {
  const parsed = parseDatabaseUrl(text, { cwd: io.cwd });
  if (!parsed.ok) throw usage(`--from ${parsed.problem}`, 'Example: --from sqlite:/var/lib/hookring/hookring.db');
  if (parsed.value.kind === 'sqlite') return parsed.value;
  throw usage('--from must name a SQLite file', 'It is the other way round that this command does not do.');
}

function databaseOf({ database }: Config): PostgresDatabase {
  if (database.kind === 'postgres') return database;
  throw usage('there is no PostgreSQL database to migrate to', 'Name it with HOOKRING_DATABASE_URL or --to.');
}

const COLUMNS: readonly Column<Compared>[] = [
  { title: 'TABLE', text: (row) => row.table },
  { title: 'ROWS IN SQLITE', text: ({ source }) => String(source.rows) },
  { title: 'CHECKSUM', text: ({ source }) => source.checksum },
  { title: 'ROWS IN POSTGRESQL', text: ({ target }) => String(target.rows) },
  { title: 'CHECKSUM', text: ({ target }) => target.checksum },
  { title: '', text: ({ equal }) => (equal ? 'equal' : 'DIFFERENT') },
];

function tableOf(io: Io, compared: readonly Compared[]): string {
  return table(io, COLUMNS, compared);
}

const DIFFERS = `Both sides differ, so no server starts on the database.
Make the database anew and migrate again; if a server ran on it since, this is no wonder.`;

function advice({ copied, masterKeyIds }: Moved): string {
  if (copied === null) return 'Both sides are the same.';
  const replaced =
    copied.cleaned === 0
      ? []
      : [`${copied.cleaned} texts held the character NUL, which PostgreSQL cannot keep: it is U+FFFD there.`];
  return [
    'Everything is there. What was in flight or waiting goes out when a server starts on the database.',
    ...replaced,
    `Every server needs the same HOOKRING_MASTER_KEY, with: ${masterKeyIds.join(', ')}.`,
    'Never start a server on the file again: it would send what the others send. Keep it until all is well, then remove it.',
  ].join('\n');
}
