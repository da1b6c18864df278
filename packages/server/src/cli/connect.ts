import { type ConfigProblem, type Flags, loadConfig } from '../config/load.ts';
import { readServerFile, serverFilePath } from '../config/server-file.ts';
import type { Setup } from '../config/service-shape.ts';
import { NATIVE_PREFIX } from '../dialects/native/prefixes.ts';
import type { Client } from './client.ts';
import { CommandFailure, EXIT, usage } from './exit.ts';
import { type Io, writeLine } from './io.ts';

export type ConnectOptions = {
  readonly url?: string | undefined;
  readonly key?: string | undefined;
  readonly org?: string | undefined;
  readonly databaseUrl?: string | undefined;
};

export type Connection = {
  readonly client: Client;
  /** There is no server: nothing is delivered while the command runs. */
  readonly offline: boolean;
  close(): Promise<void>;
};

/**
 * Finds the server: where the command line or the environment says, else the one that owns the database of this
 * machine. When none runs, the service is built in this process on the same database, neither listening nor sending, so
 * that every command goes through the same API.
 */
export async function connect(io: Io, options: ConnectOptions): Promise<Connection> {
  const url = options.url ?? set(io.env['HOOKRING_URL']);
  const key = options.key ?? set(io.env['HOOKRING_API_KEY']);
  const organization = options.org ?? set(io.env['HOOKRING_ORGANIZATION']) ?? null;
  if (url !== undefined) {
    if (key === undefined) throw usage(`${url} needs a key`, 'Give one with --key or HOOKRING_API_KEY.');
    return remote(placeOf(url), key, organization);
  }
  const setup = await readSetup(io, databaseFlag(options));
  const running = readServerFile(serverFilePath(setup.config.database));
  if (running === null) return await offline(setup, key, organization);
  return remote({ ...running, isPrefixAssumed: false }, key ?? running.token, organization);
}

type Place = Pick<Client, 'url' | 'nativePrefix' | 'isPrefixAssumed'>;

function remote(place: Place, token: string, organization: string | null): Connection {
  const { url, nativePrefix, isPrefixAssumed } = place;
  const client = {
    url,
    nativePrefix,
    isPrefixAssumed,
    token,
    organization,
    fetch: (request: Request) => fetch(request),
  };
  return { client, offline: false, close: () => Promise.resolve() };
}

async function offline(setup: Setup, key: string | undefined, organization: string | null): Promise<Connection> {
  const { openOffline } = await import('../service.ts');
  const opened = await openOffline(setup);
  if (!opened.ok) {
    throw new CommandFailure({
      detail: opened.problem,
      exitCode: EXIT.UNREACHABLE,
      code: 'database_unavailable',
      hint: 'If a server runs on this database, its address is not known here: use --url and --key. "hookring doctor" looks into it.',
    });
  }
  const { service } = opened;
  const { nativePrefix, fetch: inject } = service;
  const place = { url: 'http://offline.invalid', nativePrefix, isPrefixAssumed: false };
  const client = { ...place, token: key ?? service.token, organization, fetch: inject };
  return { client, offline: true, close: () => service.close() };
}

export function databaseFlag(options: Pick<ConnectOptions, 'databaseUrl'>): Flags {
  return options.databaseUrl === undefined ? {} : { database: options.databaseUrl };
}

/** Every problem of the configuration on a line of its own ends the command; warnings do not. */
async function readSetup(io: Io, flags: Flags): Promise<Setup> {
  const loaded = await loadConfig({ flags, env: io.env, cwd: io.cwd });
  for (const warning of loaded.warnings) writeLine(io.stderr, `warning: ${warning}`);
  if (loaded.ok) return loaded;
  throw configurationFailure(loaded.problems);
}

export function configurationFailure(problems: readonly ConfigProblem[]): CommandFailure {
  return new CommandFailure({
    detail: 'the configuration cannot be used',
    exitCode: EXIT.USAGE,
    code: 'configuration',
    errors: problems.map(({ variable, message }) => ({ pointer: variable, detail: message, code: 'invalid' })),
    hint: 'docs/configuration.md describes every setting.',
  });
}

/** A path in the address says where the native API stands; without one it is the usual place. */
export function placeOf(address: string): Place {
  const url = URL.canParse(address) ? new URL(address) : null;
  if (url === null || !isPlain(url)) {
    const shown = address.includes('@') ? 'this' : JSON.stringify(address);
    throw usage(`${shown} is no address of a server`, 'It looks like http://127.0.0.1:8484');
  }
  const path = url.pathname.replace(/\/+$/, '');
  return { url: url.origin, nativePrefix: path === '' ? NATIVE_PREFIX : path, isPrefixAssumed: path === '' };
}

/** Nothing but where it is: no user, query or fragment. */
function isPlain({ protocol, username, password, search, hash }: URL): boolean {
  return /^https?:$/.test(protocol) && `${username}${password}${search}${hash}` === '';
}

function set(value: string | undefined): string | undefined {
  const trimmed = value?.trim();
  return trimmed === '' ? undefined : trimmed;
}
