import { lookup } from 'node:dns/promises';
import { existsSync } from 'node:fs';
import { emptySecrets, type Flags, loadConfig } from '../../config/load.ts';
import { readServerFile, runningServer, type ServerFile, sqliteServerFile } from '../../config/server-file.ts';
import type { Config } from '../../config/settings.ts';
import type { Io } from '../io.ts';
import { checkDatabase, masterKeyBeforehand } from './check-database.ts';
import { checkFiles } from './check-files.ts';
import { checkClock, checkMemory, checkNode, checkOpenFiles, checkThreads } from './check-machine.ts';
import { checkPort } from './check-port.ts';
import { checkPostgres } from './check-postgres.ts';
import { checkServer } from './check-server.ts';
import { checkSettings } from './check-settings.ts';
import { type Finding, fail, warn, well } from './finding.ts';

export type { Finding } from './finding.ts';

/** All checks that can be made; those that need a configuration are left out when it cannot be used. */
export async function examine(
  io: Pick<Io, 'env' | 'cwd' | 'now'>,
  { flags, thorough }: { readonly flags: Flags; readonly thorough: boolean },
): Promise<readonly Finding[]> {
  const findings: Finding[] = [
    checkNode(process.versions.node),
    checkClock(io.now()),
    ...checkMemory(process.constrainedMemory()),
    checkThreads(io.env),
  ];
  const loaded = await loadConfig({ flags, env: io.env, cwd: io.cwd });
  for (const warning of loaded.warnings) {
    findings.push(warn('configuration', warning, 'Correct the name, or unset it.'));
  }
  for (const warning of emptySecrets(io.env)) {
    findings.push(warn('configuration', warning, 'Give it its value, or unset it.'));
  }
  if (!loaded.ok) {
    for (const { message } of loaded.problems) {
      findings.push(fail('configuration', message, 'See docs/configuration.md; the server does not start like this.'));
    }
    return findings;
  }
  const { config } = loaded;
  const { database } = config;
  // A file that names a process which does not hold the database is looked into by itself.
  const server = database.kind === 'sqlite' ? readServerFile(sqliteServerFile(database.path)) : runningServer(database);
  return [
    ...findings,
    well('configuration', 'every setting can be used'),
    ...checkSettings(config),
    ...checkOpenFiles(server?.pid ?? 'self'),
    ...(await checkStore(config, server, { now: io.now, thorough })),
    ...(server === null ? [await checkPort(config)] : []),
    ...(await checkServer(config, server, { now: io.now, lookup })),
  ];
}

async function checkStore(
  config: Config,
  server: ServerFile | null,
  { now, thorough }: { readonly now: () => number; readonly thorough: boolean },
): Promise<readonly Finding[]> {
  const { database } = config;
  if (database.kind === 'postgres') return await checkPostgres(config, database, now);
  return [
    ...(await checkFiles(database, server, now())),
    ...(existsSync(database.path) ? await checkDatabase(config, database, thorough) : [masterKeyBeforehand(config)]),
  ];
}
