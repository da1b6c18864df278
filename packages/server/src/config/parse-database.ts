import { isAbsolute, resolve } from 'node:path';
import type { ParseContext, Parsed } from './setting.ts';
import { parsed, problem } from './setting.ts';

const URL_LENGTH_MAX = 2_048;
const MASK = '***';

export type SqliteDatabase = { readonly kind: 'sqlite'; readonly path: string };
export type PostgresDatabase = {
  readonly kind: 'postgres';
  /** With the password: for the driver alone. */
  readonly url: string;
  /** The same for people, the log and reports. */
  readonly shown: string;
};

/** Where everything is kept. */
export type Database = SqliteDatabase | PostgresDatabase;

export const POOLERS = ['none', 'transaction'] as const;
export type Pooler = (typeof POOLERS)[number];

/** `api` accepts and answers, `worker` delivers and does the jobs, `all` does both. */
export const ROLES = ['all', 'api', 'worker'] as const;
export type Role = (typeof ROLES)[number];

export function parseDatabaseUrl(text: string, context: ParseContext): Parsed<Database> {
  if (/^postgres(ql)?:/i.test(text)) return parsePostgresUrl(text, context);
  if (!text.startsWith('sqlite:')) {
    return problem('must begin with sqlite: and go on with the path of a file, or with postgres://');
  }
  const rest = text.slice('sqlite:'.length);
  const path = rest.startsWith('//') ? rest.slice(2) : rest;
  if (path === ':memory:') return problem('keeps nothing: accepted events must survive a restart, so name a file');
  if (path === '' || path.endsWith('/') || path.includes('\0')) return problem('names no file');
  return parsed({ kind: 'sqlite', path: isAbsolute(path) ? path : resolve(context.cwd, path) });
}

/** Each is checked here: one that the driver does not know would do nothing, silently. */
const FILES = ['sslrootcert', 'sslcert', 'sslkey'];
const PARAMETERS = ['sslmode', ...FILES, 'host', 'channel_binding'];
/** `require` and `verify-ca` of other programs let anyone in the middle in: here they ask for the name, too. */
const TLS_MODES: Readonly<Record<string, string>> = {
  disable: 'disable',
  'no-verify': 'no-verify',
  require: 'verify-full',
  'verify-ca': 'verify-full',
  'verify-full': 'verify-full',
};

function parsePostgresUrl(text: string, { cwd }: ParseContext): Parsed<Database> {
  const url = URL.parse(text);
  if (url === null || text.length > URL_LENGTH_MAX || !/^postgres(ql)?:\/\//i.test(text)) {
    return problem(
      'must be an address like postgres://user:password@host:5432/database, of one host; in a password / is written ' +
        '%2F, # %23, ? %3F, @ %40',
    );
  }
  if (!isDecodable(url)) return problem('holds a % that is no escape: write %25 for it');
  const found = readParameters(url.searchParams, cwd);
  if (!found.ok) return found;
  if (url.hostname === '' && !found.value.has('host')) return problem('names no host');
  if (url.hostname.includes(',')) return problem('names several hosts: give the one that takes writes');
  if (url.hash !== '') return problem('holds a #: write %23 for it');
  if (url.pathname.replace(/^\//, '') === '' || url.pathname.indexOf('/', 1) !== -1) {
    return problem('names no database: its name follows the host, as in postgres://host/hookring');
  }
  url.protocol = 'postgres:';
  const query = new URLSearchParams([...found.value]).toString();
  url.search = query === '' ? '' : `?${query}`;
  return parsed({ kind: 'postgres', url: url.href, shown: withoutPassword(url) });
}

function readParameters(given: URLSearchParams, cwd: string): Parsed<ReadonlyMap<string, string>> {
  const kept = new Map<string, string>();
  for (const [name, value] of given) {
    if (!PARAMETERS.includes(name)) return problem(`has a parameter that is none of ${PARAMETERS.join(', ')}`);
    if (kept.has(name)) return problem(`has the parameter ${name} twice`);
    if (value === '') return problem(`has the parameter ${name} without a value`);
    if (name === 'sslmode') {
      const mode = TLS_MODES[value];
      if (mode === undefined) return problem(`has an sslmode that is none of ${Object.keys(TLS_MODES).join(', ')}`);
      kept.set(name, mode);
    } else if (name === 'host') {
      if (!isAbsolute(value)) return problem('has a parameter host that is not the folder of a socket');
      kept.set(name, value);
    } else if (FILES.includes(name)) {
      kept.set(name, resolve(cwd, value));
    }
    // Channel binding is part of what a checked certificate gives; there is nothing to switch on.
  }
  return parsed(kept);
}

function isDecodable({ username, password, pathname }: URL): boolean {
  try {
    decodeURIComponent(`${username}${password}${pathname}`);
    return true;
  } catch {
    return false;
  }
}

function withoutPassword(url: URL): string {
  const shown = new URL(url.href);
  if (shown.password !== '') shown.password = MASK;
  return shown.href;
}

/** As a person may read it: never with a password. */
export function databaseText(database: Database): string {
  return database.kind === 'sqlite' ? `sqlite:${database.path}` : database.shown;
}

type Roles = { readonly database: Database; readonly role: Role; readonly databasePooler: Pooler };

/** One process owns a SQLite file, so it does everything; null when all is well. */
export function roleProblem({ database, role = 'all' }: Partial<Roles>): string | null {
  if (database?.kind !== 'sqlite' || role === 'all') return null;
  return `HOOKRING_ROLE is "${role}": one process owns a SQLite file and does everything. Roles need HOOKRING_DATABASE_URL=postgres://…`;
}

export function databaseWarnings(
  { database, databasePooler = 'none' }: Partial<Roles>,
  isFlag: boolean,
): readonly string[] {
  if (database?.kind === 'sqlite') {
    return databasePooler === 'none' ? [] : ['HOOKRING_DATABASE_POOLER does nothing with SQLite.'];
  }
  if (database === undefined || !isFlag || new URL(database.url).password === '') return [];
  return ['a password on the command line can be read by every process of this machine: use HOOKRING_DATABASE_URL.'];
}
