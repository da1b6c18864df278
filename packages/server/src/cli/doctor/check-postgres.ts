import type { PostgresDatabase } from '../../config/parse-database.ts';
import type { Config } from '../../config/settings.ts';
import type { PostgresFacts } from '../../store/postgres/inspect.ts';
import { masterKeyFinding } from './check-database.ts';
import { type Finding, fail, warn, well } from './finding.ts';

const VERSION_MIN = 150_000;
/** Of one server: those for writing, reading, changes and beats, and one that listens. */
const CONNECTIONS_PER_NODE = 16;
const CLOCK_OFFSET_MS_MAX = 1_000;
const DAYS_AHEAD_LEAST = 2;
const LOCAL_HOST = /^(?:localhost|127\.[0-9.]+|\[::1\]|)$/;

/** A PostgreSQL database: whether it can be used, and keeps what it is given. */
export async function checkPostgres(
  config: Config,
  database: PostgresDatabase,
  now: () => number,
): Promise<readonly Finding[]> {
  const { inspectPostgres } = await import('../../store/postgres/inspect.ts');
  const found = await inspectPostgres({ url: database.url, pooler: config.databasePooler, now });
  if (found.kind === 'unreachable') {
    const advice = 'Correct HOOKRING_DATABASE_URL, or start the database; docs/postgresql.md says what it needs.';
    return [fail('database', found.problem, advice), masterKeyBefore(config)];
  }
  return [well('database', `${database.shown} answers`), ...postgresFindings(found.facts, config, database)];
}

export function postgresFindings(facts: PostgresFacts, config: Config, database: PostgresDatabase): readonly Finding[] {
  return [
    versionFinding(facts),
    encodingFinding(facts),
    tlsFinding(facts, database),
    writableFinding(facts),
    durabilityFinding(facts),
    connectionsFinding(facts),
    poolerFinding(facts, config),
    clockFinding(facts),
    ...(facts.hearsNotifications === null ? [] : [notificationFinding(facts.hearsNotifications)]),
    ...contentFindings(facts, config),
  ];
}

function versionFinding({ version, versionText }: PostgresFacts): Finding {
  if (version >= VERSION_MIN) return well('version', `PostgreSQL ${versionText}`);
  return fail('version', `it is PostgreSQL ${versionText}; 15 or newer is needed`, 'Upgrade the database first.');
}

function encodingFinding({ encoding }: PostgresFacts): Finding {
  if (encoding === 'UTF8') return well('encoding', encoding);
  return fail(
    'encoding',
    `it is ${encoding}; only UTF8 keeps every payload and name`,
    'CREATE DATABASE … ENCODING UTF8',
  );
}

function tlsFinding({ isEncrypted }: PostgresFacts, { url }: PostgresDatabase): Finding {
  const { hostname, searchParams } = new URL(url);
  const mode = searchParams.get('sslmode');
  if (LOCAL_HOST.test(hostname)) return well('tls', 'not needed: the database is on this machine');
  if (mode === null) {
    return warn(
      'tls',
      `HOOKRING_DATABASE_URL does not say whether the way to ${hostname} is encrypted, so it is not`,
      'Add ?sslmode=verify-full, or ?sslmode=disable where only your own network is between.',
    );
  }
  if (mode === 'no-verify') {
    return warn(
      'tls',
      'the certificate of the database is not checked, so anybody in between can pretend to be it',
      'Name its CA: sslmode=verify-full&sslrootcert=<file>',
    );
  }
  return well('tls', isEncrypted ? 'encrypted, and the certificate is checked' : 'off, as HOOKRING_DATABASE_URL says');
}

function writableFinding({ isReadOnly, mayCreate }: PostgresFacts): Finding {
  const check = 'writable';
  if (isReadOnly) {
    return fail(
      check,
      'it takes no writes: it is a replica, or read-only',
      'Name the primary in HOOKRING_DATABASE_URL.',
    );
  }
  if (mayCreate) return well(check, 'tables can be made');
  return fail(
    check,
    'its user may not make tables, which a partition for every day needs',
    'Give the database to the user: ALTER DATABASE … OWNER TO …',
  );
}

function durabilityFinding({ durability }: PostgresFacts): Finding {
  const check = 'durability';
  const { synchronousCommit, fsync, fullPageWrites } = durability;
  if (fsync === 'off' || fullPageWrites === 'off') {
    const which = fsync === 'off' ? 'fsync' : 'full_page_writes';
    return fail(check, `${which} is off: a power cut may destroy the database`, `Set ${which} = on.`);
  }
  if (synchronousCommit === 'off') {
    return fail(
      check,
      'synchronous_commit is off: a crash of the database loses events that were answered with 202',
      'ALTER ROLE … SET synchronous_commit = on',
    );
  }
  return well(check, `a commit is on disk when it is answered (synchronous_commit = ${synchronousCommit})`);
}

function connectionsFinding({ connections, isPooled }: PostgresFacts): Finding {
  const check = 'connections';
  const { max, used } = connections;
  const detail = `${used} of ${max} in use; a server takes up to ${CONNECTIONS_PER_NODE}`;
  if (isPooled || max - used >= CONNECTIONS_PER_NODE) return well(check, detail);
  return warn(check, `${detail}, so the next one finds too few`, 'Raise max_connections, or put a pooler before it.');
}

function poolerFinding({ isPooled }: PostgresFacts, { databasePooler }: Config): Finding {
  const check = 'pooler';
  if (isPooled && databasePooler === 'none') {
    return fail(
      check,
      'a pooler stands before the database, and HOOKRING_DATABASE_POOLER does not say so',
      'Set HOOKRING_DATABASE_POOLER=transaction, or name the database itself.',
    );
  }
  if (!isPooled && databasePooler === 'transaction') {
    return warn(
      check,
      'HOOKRING_DATABASE_POOLER is transaction, and nothing stands before the database',
      'Unset it: prepared statements and notifications then save work.',
    );
  }
  return well(check, isPooled ? 'one, as HOOKRING_DATABASE_POOLER says' : 'none');
}

function clockFinding({ clockOffset }: PostgresFacts): Finding {
  const check = 'database clock';
  const { ms, errorMs } = clockOffset;
  const shown = `${Math.abs(Math.round(ms))} ms ${ms >= 0 ? 'behind' : 'ahead of'} this machine's (± ${Math.ceil(errorMs)} ms)`;
  if (Math.abs(ms) <= CLOCK_OFFSET_MS_MAX + errorMs) return well(check, shown);
  return warn(
    check,
    `${shown}; servers go by the database's`,
    'Keep both in step with NTP: receivers refuse signatures whose time is wrong by minutes.',
  );
}

function notificationFinding(hears: boolean): Finding {
  if (hears) return well('notifications', 'LISTEN works');
  return warn(
    'notifications',
    'LISTEN brings nothing, so servers hear of changes a quarter of a second later',
    'If a pooler stands before the database, set HOOKRING_DATABASE_POOLER=transaction.',
  );
}

function contentFindings({ content }: PostgresFacts, config: Config): readonly Finding[] {
  switch (content.kind) {
    case 'empty':
      return [well('schema', 'nothing is in it yet; the first start makes the tables'), masterKeyBefore(config)];
    case 'foreign':
      return [
        fail(
          'schema',
          `it holds tables of another program (${content.table})`,
          'Give HOOKRING_DATABASE_URL a database of its own.',
        ),
      ];
    case 'transfer':
      return [
        fail(
          'schema',
          'a migration from SQLite into it is not finished, so no server starts on it',
          'Run the same hookring migrate-store again.',
        ),
      ];
    case 'ours':
      return [schemaFinding(content), daysFinding(content), nodesFinding(content), keysFinding(content, config)];
  }
}

type Ours = Extract<PostgresFacts['content'], { kind: 'ours' }>;

function schemaFinding({ version, versionKnown }: Ours): Finding {
  if (version === versionKnown) return well('schema', `version ${version}`);
  if (version < versionKnown) return well('schema', `version ${version}; the next start brings it to ${versionKnown}`);
  return fail(
    'schema',
    `the database was written by a newer Hookring (version ${version} of its tables; this one knows ${versionKnown})`,
    'Install that version or a later one: tables are never taken back.',
  );
}

function daysFinding({ daysAhead }: Ours): Finding {
  const detail = `room for ${daysAhead} days ahead`;
  if (daysAhead >= DAYS_AHEAD_LEAST) return well('partitions', detail);
  return warn(
    'partitions',
    `${detail}: no server with the role worker or all has been at work`,
    'Start one. Until then each new day is made by the first event of it.',
  );
}

function nodesFinding({ nodes }: Ours): Finding {
  if (nodes > 0) return well('nodes', `${nodes} ${nodes === 1 ? 'server sends' : 'servers send'} from this database`);
  return warn('nodes', 'no server sends from this database', 'Start one with the role worker or all: hookring serve');
}

function masterKeyBefore({ masterKeys }: Config): Finding {
  if (masterKeys !== null) return well('master key', `configured; ${masterKeys[0]?.id ?? '?'} seals`);
  return fail(
    'master key',
    'HOOKRING_MASTER_KEY is not set, and no server starts on PostgreSQL without it',
    'Make one with "openssl rand -base64 32", keep a copy apart from the database, and give it to every server.',
  );
}

function keysFinding({ sealed }: Ours, config: Config): Finding {
  if (config.masterKeys === null) return masterKeyBefore(config);
  return masterKeyFinding({ keys: config.masterKeys, sealed, from: 'HOOKRING_MASTER_KEY', isConfigured: true });
}
