import { setTimeout } from 'node:timers/promises';
import { type ConfigProblem, type Flags, loadConfig } from '../config/load.ts';
import { runningServer, type ServerFile } from '../config/server-file.ts';
import type { OfflineService, Setup } from '../config/service-shape.ts';
import { NATIVE_PREFIX } from '../dialects/native/prefixes.ts';
import type { Client } from './client.ts';
import { CommandFailure, EXIT, usage } from './exit.ts';
import { type Io, writeLine } from './io.ts';

/** A server that starts holds its database a moment before it can be found. */
const STARTING_WAIT_MS = 250;
const STARTING_WAITS_MAX = 8;

export type ConnectOptions = {
  readonly url?: string | undefined;
  readonly key?: string | undefined;
  readonly org?: string | undefined;
  readonly databaseUrl?: string | undefined;
};

export type Connection = {
  readonly client: Client;
  /** The API is in this process, because no server was found on this machine. */
  readonly direct: boolean;
  /** There is no server: nothing is delivered while the command runs. A PostgreSQL database may have some elsewhere. */
  readonly offline: boolean;
  close(): Promise<void>;
};

/**
 * Finds the server: where the command line or the environment says, else one of this machine that works on its
 * database. When none runs, the service is built in this process on the same database, neither listening nor sending, so
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
  const running = runningServer(setup.config.database);
  if (running !== null) return remote({ ...running, isPrefixAssumed: false }, key ?? running.token, organization);
  const opened = await openHere(setup);
  if ('url' in opened) return remote({ ...opened, isPrefixAssumed: false }, key ?? opened.token, organization);
  return direct(opened, key, organization, setup.config.database.kind === 'sqlite');
}

/** The server as it can be found now, without opening a database; null: none runs. */
export async function findServer(io: Io, options: ConnectOptions): Promise<Client | null> {
  const url = options.url ?? set(io.env['HOOKRING_URL']);
  if (url !== undefined) return (await connect(io, options)).client;
  const loaded = await loadConfig({ flags: databaseFlag(options), env: io.env, cwd: io.cwd });
  const running = loaded.ok ? runningServer(loaded.config.database) : null;
  if (running === null) return null;
  const key = options.key ?? set(io.env['HOOKRING_API_KEY']) ?? running.token;
  const organization = options.org ?? set(io.env['HOOKRING_ORGANIZATION']) ?? null;
  return remote({ ...running, isPrefixAssumed: false }, key, organization).client;
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
  return { client, direct: false, offline: false, close: () => Promise.resolve() };
}

/** The service in this process; or the server, when it was starting and held the database already. */
async function openHere(setup: Setup): Promise<OfflineService | ServerFile> {
  const { openOffline } = await import('../service.ts');
  for (let waits = 0; ; waits += 1) {
    const opened = await openOffline(setup);
    if (opened.ok) return opened.service;
    // Nobody holds a PostgreSQL database for itself, so there is nothing to wait for.
    if (setup.config.database.kind === 'postgres') throw unavailable(opened.problem, DOCTOR_HINT);
    await setTimeout(STARTING_WAIT_MS);
    const started = runningServer(setup.config.database);
    if (started !== null) return started;
    if (waits === STARTING_WAITS_MAX || !/is in use/.test(opened.problem)) throw unavailable(opened.problem, HELD_HINT);
  }
}

const DOCTOR_HINT = '"hookring doctor" looks into it.';
const HELD_HINT = `If a server runs on this database, its address is not known here: use --url and --key. ${DOCTOR_HINT}`;

function unavailable(problem: string, hint: string): CommandFailure {
  return new CommandFailure({
    detail: problem,
    exitCode: EXIT.UNREACHABLE,
    code: 'database_unavailable',
    hint,
  });
}

function direct(
  service: OfflineService,
  key: string | undefined,
  organization: string | null,
  isOffline: boolean,
): Connection {
  const { nativePrefix, fetch: inject } = service;
  const place = { url: 'http://offline.invalid', nativePrefix, isPrefixAssumed: false };
  const client = { ...place, token: key ?? service.token, organization, fetch: inject };
  return { client, direct: true, offline: isOffline, close: () => service.close() };
}

export function databaseFlag(options: Pick<ConnectOptions, 'databaseUrl'>): Flags {
  return options.databaseUrl === undefined ? {} : { database: options.databaseUrl };
}

/** Every problem of the configuration on a line of its own ends the command; warnings do not. */
export async function readSetup(io: Io, flags: Flags): Promise<Setup> {
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
