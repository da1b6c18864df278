import { chmodSync, mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Environment, loadConfig } from '../../config/load.ts';
import type { Config } from '../../config/settings.ts';
import { lockFile } from '../../store/sqlite/lock.ts';
import { checkFiles } from './check-files.ts';
import { checkBacklog } from './check-server.ts';
import { checkSettings } from './check-settings.ts';
import { checkClock, checkNode } from './examine.ts';
import type { Finding } from './finding.ts';

const NOW = Date.now();
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hookring-doctor-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function config(env: Environment = {}): Promise<Config> {
  const loaded = await loadConfig({ flags: {}, env: { HOOKRING_DATABASE_URL: 'sqlite:./h.db', ...env }, cwd: folder });
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
  return loaded.config;
}

function statusOf(findings: readonly Finding[], check: string): string | undefined {
  return findings.find((finding) => finding.check === check)?.status;
}

describe('doctor', () => {
  it('wants a Node that is new enough and a clock that is sane', () => {
    expect(checkNode('22.18.0').status).toBe('fail');
    expect(checkNode('24.0.0').status).toBe('ok');
    expect(checkClock(0).status).toBe('fail');
    expect(checkClock(NOW).status).toBe('ok');
  });

  it.each([
    [{ HOOKRING_ALLOW_PRIVATE: '0.0.0.0/0' }, 'private destinations', 'fail'],
    [{ HOOKRING_ALLOW_PRIVATE: '169.254.169.254/32' }, 'private destinations', 'fail'],
    [{ HOOKRING_ALLOW_PRIVATE: '127.0.0.0/8', HOOKRING_HOST: '0.0.0.0' }, 'private destinations', 'warn'],
    [{ HOOKRING_ALLOW_PRIVATE: '127.0.0.0/8' }, 'private destinations', 'ok'],
    [{}, 'private destinations', 'ok'],
    [{ HOOKRING_ALLOW_HTTP: 'true' }, 'plain http', 'warn'],
    [{}, 'plain http', undefined],
    [{ HOOKRING_TRUST_PROXY: 'true', HOOKRING_HOST: '0.0.0.0' }, 'trusted proxies', 'warn'],
    [{ HOOKRING_TRUST_PROXY: '1', HOOKRING_HOST: '0.0.0.0' }, 'trusted proxies', undefined],
  ])('judges %j', async (env, check, status) => {
    expect(statusOf(checkSettings(await config(env)), check)).toBe(status);
  });

  it('is content with a folder in which the first start makes everything', async () => {
    const findings = await checkFiles(await config(), null, NOW);
    expect(findings.map(({ status }) => status)).toEqual(['ok', 'ok']);
  });

  it('finds files that others can use, a lost master key, and a clock that was set back', async () => {
    const path = join(folder, 'h.db');
    writeFileSync(path, '');
    chmodSync(path, 0o644);
    utimesSync(path, new Date(NOW), new Date(NOW + 3_600_000));
    const findings = await checkFiles(await config(), null, NOW);
    expect(statusOf(findings, 'database')).toBe('warn');
    expect(statusOf(findings, 'times')).toBe('fail');
    expect(statusOf(findings, 'master key')).toBe('fail');
    expect(statusOf(findings, 'lock')).toBe('ok');
    writeFileSync(`${path}.master-key`, 'x');
    chmodSync(`${path}.master-key`, 0o640);
    expect(statusOf(await checkFiles(await config(), null, NOW), 'master key')).toBe('fail');
    chmodSync(`${path}.master-key`, 0o600);
    expect(statusOf(await checkFiles(await config(), null, NOW), 'master key')).toBe('ok');
  });

  it('sees who holds the database', async () => {
    const path = join(folder, 'h.db');
    writeFileSync(path, '', { mode: 0o600 });
    const server = { url: 'http://127.0.0.1:1', nativePrefix: '/v1', token: 't', pid: process.pid };
    expect(statusOf(await checkFiles(await config(), server, NOW), 'lock')).toBe('fail');
    const lock = lockFile(path);
    try {
      expect(statusOf(await checkFiles(await config(), server, NOW), 'lock')).toBe('ok');
      expect(statusOf(await checkFiles(await config(), null, NOW), 'lock')).toBe('warn');
    } finally {
      lock.release();
    }
  });

  it('cannot make a database below a file', async () => {
    mkdirSync(join(folder, 'closed'));
    writeFileSync(join(folder, 'closed/file'), '');
    chmodSync(join(folder, 'closed/file'), 0o400);
    const findings = await checkFiles(await config({ HOOKRING_DATABASE_URL: 'sqlite:./closed/file/h.db' }), null, NOW);
    expect(statusOf(findings, 'database')).toBe('fail');
  });

  it('reads the backlog off the metrics', () => {
    const page = (age: number): string => `hookring_backlog_deliveries 12\nhookring_oldest_due_age_seconds ${age}\n`;
    expect(checkBacklog(page(10))[0]?.status).toBe('ok');
    expect(checkBacklog(page(3_000))[0]?.status).toBe('warn');
    expect(checkBacklog('')).toEqual([]);
  });
});
