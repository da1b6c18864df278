import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SETTING_KEYS, SETTINGS } from '../config/settings.ts';
import { runCommandLine } from './program.ts';
import { fakeIo } from './testing/fake-io.ts';

const SECRET = 'a-secret-of-more-than-thirty-two-characters';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'hookring-config-'));
  writeFileSync(join(folder, 'hookring.config.ts'), 'export default { retentionDays: 7, logLevel: "warn", port: 1 };');
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function config(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const { io, written } = fakeIo({ env, cwd: folder });
  return { code: await runCommandLine(['config', ...args], io), ...written() };
}

type Row = { readonly key: string; readonly value: unknown; readonly source: string; readonly isSet: boolean };

describe('hookring config', () => {
  it('shows every setting in force, and where it comes from', async () => {
    const { code, out, err } = await config(['--json', '--port', '9000'], { HOOKRING_LOG_LEVEL: 'debug' });
    expect([code, err]).toEqual([0, '']);
    const { settings, server } = JSON.parse(out) as { settings: Row[]; server: unknown };
    const of = (key: string) => settings.find((row) => row.key === key);
    expect(settings.map(({ key }) => key)).toEqual(SETTING_KEYS);
    expect(of('port')).toMatchObject({ value: 9000, source: 'flag' });
    expect(of('logLevel')).toMatchObject({ value: 'debug', source: 'environment' });
    expect(of('retentionDays')).toMatchObject({ value: 7, source: 'file' });
    expect(of('host')).toMatchObject({ value: '127.0.0.1', source: 'default' });
    expect(of('database')).toMatchObject({ value: `sqlite:${folder}/data/hookring.db`, source: 'default' });
    expect(of('rootDialect')).toMatchObject({ value: null, isSet: false });
    expect(server).toBe(null);
  });

  it('says the same to people', async () => {
    const { code, out } = await config(['--port', '9000'], { HOOKRING_ALLOW_PRIVATE: '10.0.0.0/8,127.0.0.1/32' });
    expect(code).toBe(0);
    expect(out).toMatch(/^HOOKRING_PORT +9000 +flag --port$/m);
    expect(out).toMatch(/^HOOKRING_RETENTION_DAYS +7 +hookring\.config\.ts$/m);
    expect(out).toMatch(/^HOOKRING_ALLOW_PRIVATE +10\.0\.0\.0\/8,127\.0\.0\.1\/32 +environment$/m);
    expect(out).toMatch(/^HOOKRING_HOST +127\.0\.0\.1 +default$/m);
    expect(out).toMatch(/^HOOKRING_RATE_LIMIT +not set +-$/m);
  });

  it('shows no secret, only whether it is set', async () => {
    const env: Record<string, string> = {
      HOOKRING_API_KEY: SECRET,
      HOOKRING_URL: `http://user:${SECRET}@127.0.0.1:1`,
      HOOKRING_JWT_JWKS_URL: `https://auth.example.com/${SECRET}`,
      HOOKRING_MASTER_KEY: Buffer.alloc(32, SECRET).toString('base64'),
    };
    for (const key of ['bootstrapKey', 'metricsToken'] as const) env[SETTINGS[key].variable] = SECRET;
    for (const args of [[], ['--json']]) {
      const { code, out, err } = await config(args, env);
      expect([code, err]).toEqual([0, '']);
      expect(out).not.toContain(SECRET);
      expect(out).not.toContain(env['HOOKRING_MASTER_KEY']);
    }
    const { out } = await config([], env);
    expect(out).toMatch(/^HOOKRING_BOOTSTRAP_KEY +set \(secret\) +environment$/m);
    expect(out).toContain('HOOKRING_API_KEY is set');
  });

  it('warns of unknown variables and of secrets that are empty', async () => {
    const env = { HOOKRING_PROT: '1', HOOKRING_MASTER_KEY: ' ' };
    const { code, err } = await config([], env);
    expect(code).toBe(0);
    expect(err).toContain('Did you mean HOOKRING_PORT?');
    expect(err).toContain('HOOKRING_MASTER_KEY is set and empty');
    const json = await config(['--json'], env);
    expect([json.err, (JSON.parse(json.out) as { warnings: string[] }).warnings.length]).toEqual(['', 2]);
  });

  it('tells all problems at once, with exit code 2', async () => {
    const env = { HOOKRING_PORT: 'x', HOOKRING_RETENTION_DAYS: '0', HOOKRING_BOOTSTRAP_KEY: 'short' };
    const { code, out, err } = await config([], env);
    expect([code, out]).toEqual([2, '']);
    for (const variable of Object.keys(env)) expect(err).toContain(variable);
    const json = await config(['--json'], env);
    expect([json.code, json.err]).toEqual([2, '']);
    expect((JSON.parse(json.out) as { error: { errors: unknown[] } }).error.errors).toHaveLength(3);
  });
});
