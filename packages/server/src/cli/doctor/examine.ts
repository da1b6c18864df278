import { type Flags, loadConfig } from '../../config/load.ts';
import { readServerFile, serverFilePath } from '../../config/server-file.ts';
import type { Io } from '../io.ts';
import { checkFiles } from './check-files.ts';
import { checkServer } from './check-server.ts';
import { checkSettings } from './check-settings.ts';
import { type Finding, fail, warn, well } from './finding.ts';

export type { Finding } from './finding.ts';

const NODE_MAJOR_MIN = 24;
/** Nobody runs this before it was written. */
const CLOCK_MIN = Date.UTC(2026, 0, 1);

/** All checks that can be made; those that need a configuration are left out when it cannot be used. */
export async function examine(io: Io, flags: Flags): Promise<readonly Finding[]> {
  const findings: Finding[] = [checkNode(process.versions.node), checkClock(io.now())];
  const loaded = await loadConfig({ flags, env: io.env, cwd: io.cwd });
  for (const warning of loaded.warnings)
    findings.push(warn('configuration', warning, 'Correct the name, or unset it.'));
  if (!loaded.ok) {
    for (const { message } of loaded.problems) {
      findings.push(fail('configuration', message, 'See docs/configuration.md; the server does not start like this.'));
    }
    return findings;
  }
  const { config } = loaded;
  findings.push(well('configuration', 'every setting can be used'), ...checkSettings(config));
  const server = readServerFile(serverFilePath(config.database));
  findings.push(...(await checkFiles(config, server, io.now())));
  findings.push(...(await checkServer(config, server, io.now())));
  return findings;
}

export function checkNode(version: string): Finding {
  if (Number(version.split('.')[0]) >= NODE_MAJOR_MIN) return well('node', `version ${version}`);
  return fail('node', `version ${version}`, `Install Node ${NODE_MAJOR_MIN} or newer.`);
}

export function checkClock(now: number): Finding {
  const shown = new Date(now).toISOString();
  if (now >= CLOCK_MIN) return well('clock', shown);
  return fail('clock', `it says ${shown}`, 'Set it: receivers refuse signatures whose time is wrong by minutes.');
}
