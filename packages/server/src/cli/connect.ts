import { type ConfigProblem, type Flags, loadConfig } from '../config/load.ts';
import { readServerFile, serverFilePath } from '../config/server-file.ts';
import type { Config } from '../config/settings.ts';
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
    return remote(checkUrl(url), key, organization);
  }
  const config = await readConfig(io, databaseFlag(options));
  const running = readServerFile(serverFilePath(config.database));
  if (running !== null) return remote(running.url, key ?? running.token, organization);
  return await offline(config, key, organization);
}

function remote(url: string, token: string, organization: string | null): Connection {
  const client = { url, token, organization, fetch: (request: Request) => fetch(request) };
  return { client, offline: false, close: () => Promise.resolve() };
}

async function offline(config: Config, key: string | undefined, organization: string | null): Promise<Connection> {
  const { openOffline } = await import('../service.ts');
  const opened = await openOffline(config);
  if (!opened.ok) {
    throw new CommandFailure({
      detail: opened.problem,
      exitCode: EXIT.UNREACHABLE,
      code: 'database_unavailable',
      hint: 'If a server runs on this database, its address is not known here: use --url and --key. "hookring doctor" looks into it.',
    });
  }
  const { service } = opened;
  const client = { url: 'http://offline.invalid', token: key ?? service.token, organization, fetch: service.fetch };
  return { client, offline: true, close: () => service.close() };
}

export function databaseFlag(options: Pick<ConnectOptions, 'databaseUrl'>): Flags {
  return options.databaseUrl === undefined ? {} : { database: options.databaseUrl };
}

/** Every problem of the configuration on a line of its own ends the command; warnings do not. */
export async function readConfig(io: Io, flags: Flags): Promise<Config> {
  const loaded = await loadConfig({ flags, env: io.env, cwd: io.cwd });
  for (const warning of loaded.warnings) writeLine(io.stderr, `warning: ${warning}`);
  if (loaded.ok) return loaded.config;
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

function checkUrl(url: string): string {
  if (URL.canParse(url) && /^https?:$/.test(new URL(url).protocol)) return url;
  throw usage(`${JSON.stringify(url)} is no address of a server`, 'It looks like http://127.0.0.1:8484');
}

function set(value: string | undefined): string | undefined {
  const trimmed = value?.trim();
  return trimmed === '' ? undefined : trimmed;
}
