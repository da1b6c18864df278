import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FileValue } from './file.ts';
import { type Environment, type Flags, type LoadedConfig, loadConfig } from './load.ts';
import { editDistance, nearest } from './nearest.ts';
import { sessionJwtSettings } from './parse-jwt.ts';
import { type Config, SETTING_KEYS, SETTINGS, type SettingKey } from './settings.ts';

const KEY_A = Buffer.alloc(32, 1).toString('base64');
const KEY_B = Buffer.alloc(32, 2).toString('base64');

/** A value unlike the default, and what the configuration then holds. */
const OTHER: {
  readonly [K in SettingKey]: { readonly text: string; readonly value: Config[K]; readonly file: FileValue };
} = {
  host: { text: '::1', value: '::1', file: '::1' },
  port: { text: '9090', value: 9090, file: 9090 },
  database: { text: 'sqlite:/srv/x.db', value: { kind: 'sqlite', path: '/srv/x.db' }, file: 'sqlite:/srv/x.db' },
  databasePooler: { text: 'transaction', value: 'transaction', file: 'transaction' },
  role: { text: 'worker', value: 'worker', file: 'worker' },
  masterKeys: { text: `a:${KEY_A}`, value: [{ id: 'a', key: new Uint8Array(32).fill(1) }], file: `a:${KEY_A}` },
  bootstrapKey: { text: 'k'.repeat(32), value: 'k'.repeat(32), file: 'k'.repeat(32) },
  allowPrivate: { text: '10.0.0.0/8, ::1', value: ['10.0.0.0/8', '::1'], file: ['10.0.0.0/8', '::1'] },
  allowHttp: { text: 'true', value: true, file: true },
  retrySchedule: { text: '0,5,0.5', value: [0, 5, 0.5], file: [0, 5, 0.5] },
  autoSuspendAttempts: { text: '3', value: 3, file: 3 },
  autoSuspendHours: { text: '0', value: 0, file: 0 },
  sendDeadlineSeconds: { text: '5', value: 5, file: 5 },
  graceSecondsMax: { text: '90000', value: 90_000, file: 90_000 },
  graceSecondsDefault: { text: '60', value: 60, file: 60 },
  trustProxy: { text: '10.0.0.0/8', value: ['10.0.0.0/8'], file: ['10.0.0.0/8'] },
  rootDialect: { text: 'moonborn', value: 'moonborn', file: 'moonborn' },
  rateLimit: { text: '6000/m', value: { requests: 6000, windowSeconds: 60 }, file: '6000/m' },
  jwtSecret: { text: 's'.repeat(32), value: 's'.repeat(32), file: 's'.repeat(32) },
  jwtJwksUrl: { text: 'https://a.example/k', value: 'https://a.example/k', file: 'https://a.example/k' },
  jwtIssuer: { text: 'https://a.example/', value: 'https://a.example/', file: 'https://a.example/' },
  jwtAudience: { text: 'hooks', value: 'hooks', file: 'hooks' },
  logLevel: { text: 'debug', value: 'debug', file: 'debug' },
  metricsAddress: { text: '[::1]:9464', value: { host: '::1', port: 9464 }, file: '[::1]:9464' },
  metricsToken: { text: 't'.repeat(16), value: 't'.repeat(16), file: 't'.repeat(16) },
  otlpEndpoint: { text: 'http://[::1]:4318/', value: 'http://[::1]:4318', file: 'http://[::1]:4318' },
  otlpHeaders: { text: 'X-Key=a%20b', value: [['x-key', 'a b']], file: ['x-key=a%20b'] },
  traceRatio: { text: '0.5', value: 0.5, file: 0.5 },
  retentionDays: { text: '7', value: 7, file: 7 },
  shutdownSeconds: { text: '3', value: 3, file: 3 },
};

let cwd: string;
beforeAll(() => {
  cwd = mkdtempSync(join(tmpdir(), 'hookring-config-'));
});
afterAll(() => rmSync(cwd, { recursive: true }));

function load(env: Environment, flags: Flags = {}): Promise<LoadedConfig> {
  return loadConfig({ env, flags, cwd });
}

async function config(env: Environment, flags: Flags = {}): Promise<Config> {
  const loaded = await load(env, flags);
  if (!loaded.ok) throw new Error(loaded.problems.map(({ message }) => message).join('\n'));
  return loaded.config;
}

async function problems(env: Environment): Promise<string[]> {
  const loaded = await load(env);
  return loaded.ok ? [] : loaded.problems.map(({ message }) => message);
}

function inFolder(file: string, env: Environment = {}): Promise<LoadedConfig> {
  const folder = mkdtempSync(join(cwd, 'file-'));
  writeFileSync(join(folder, 'hookring.config.ts'), file);
  return loadConfig({ env, flags: {}, cwd: folder });
}

describe('loadConfig', () => {
  it('has a working default for everything that is not a secret', async () => {
    expect(await config({})).toEqual({
      host: '127.0.0.1',
      port: 8484,
      database: { kind: 'sqlite', path: join(cwd, 'data/hookring.db') },
      databasePooler: 'none',
      role: 'all',
      masterKeys: null,
      bootstrapKey: null,
      allowPrivate: null,
      allowHttp: false,
      retrySchedule: null,
      autoSuspendAttempts: 20,
      autoSuspendHours: 12,
      sendDeadlineSeconds: 15,
      graceSecondsMax: 604_800,
      graceSecondsDefault: 86_400,
      trustProxy: false,
      rootDialect: null,
      rateLimit: null,
      jwtSecret: null,
      jwtJwksUrl: null,
      jwtIssuer: null,
      jwtAudience: null,
      logLevel: 'info',
      metricsAddress: null,
      metricsToken: null,
      otlpEndpoint: null,
      otlpHeaders: null,
      traceRatio: 0.1,
      retentionDays: 30,
      shutdownSeconds: 20,
    });
  });

  it.each(SETTING_KEYS)('lets the variable, the file and the flag of %s change it alone', async (key) => {
    const { text, value, file } = OTHER[key];
    const setting = SETTINGS[key];
    // One process owns a SQLite file, so it has no roles.
    const base: Environment = key === 'role' ? { HOOKRING_DATABASE_URL: 'postgres://a/b' } : {};
    const expected = { ...(await config(base)), [key]: value };
    expect(await config({ ...base, [setting.variable]: text })).toEqual(expected);
    const fromFile = await inFolder(`export default ${JSON.stringify({ [key]: file })};`, base);
    expect(fromFile.ok && fromFile.config[key]).toEqual(value);
    if (setting.flag !== null) expect(await config(base, { [key]: text })).toEqual(expected);
    expect(value).not.toEqual((await config(base))[key]);
  });

  it('takes a flag before a variable, and a variable before the file', async () => {
    const file = 'export default { port: 1000, retentionDays: 5, allowHttp: true };';
    const folder = mkdtempSync(join(cwd, 'order-'));
    writeFileSync(join(folder, 'hookring.config.ts'), file);
    const env = { HOOKRING_PORT: '2000', HOOKRING_RETENTION_DAYS: '6' };
    const loaded = await loadConfig({ env, flags: { port: '3000' }, cwd: folder });
    if (!loaded.ok) throw new Error('refused');
    expect(loaded.config).toMatchObject({ port: 3000, retentionDays: 6, allowHttp: true, host: '127.0.0.1' });
    expect(loaded.sources).toMatchObject({
      port: 'flag',
      retentionDays: 'environment',
      allowHttp: 'file',
      host: 'default',
    });
  });

  it('counts an empty or blank variable as unset', async () => {
    expect((await config({ HOOKRING_PORT: '', HOOKRING_HOST: '  ', HOOKRING_JWT_SECRET: '' })).port).toBe(8484);
  });

  it('reports every problem at once, with the name, the value and an example', async () => {
    const found = await problems({
      HOOKRING_PORT: 'abc',
      HOOKRING_ALLOW_HTTP: 'maybe',
      HOOKRING_SEND_DEADLINE_SECONDS: '600',
    });
    expect(found).toEqual([
      'HOOKRING_PORT is "abc": it must be a whole number from 0 to 65535. Example: HOOKRING_PORT=8484',
      'HOOKRING_ALLOW_HTTP is "maybe": it must be true or false. Example: HOOKRING_ALLOW_HTTP=true',
      'HOOKRING_SEND_DEADLINE_SECONDS is "600": it must be a whole number from 1 to 60. Example: HOOKRING_SEND_DEADLINE_SECONDS=15',
    ]);
  });

  it.each([
    ['HOOKRING_MASTER_KEY', 'correct-horse'],
    ['HOOKRING_MASTER_KEY', `old:${KEY_A},old:${KEY_B}`],
    ['HOOKRING_BOOTSTRAP_KEY', 'too-short-to-be-a-key'],
    ['HOOKRING_DATABASE_URL', 'postgres://user:hunter2@db'],
    ['HOOKRING_DATABASE_URL', 'postgres://user:hunter2@db/hookring?password=hunter2'],
    ['HOOKRING_DATABASE_URL', 'mysql://user:hunter2@db/hookring'],
    ['HOOKRING_JWT_SECRET', 'hunter2'],
    ['HOOKRING_METRICS_TOKEN', 'hunter2'],
    ['HOOKRING_OTLP_HEADERS', 'authorization=Bearer hunter2,authorization=hunter2'],
    ['HOOKRING_OTLP_HEADERS', 'hunter2'],
    ['HOOKRING_METRICS_TOKEN', 'hunter2 with "quotes" in it'],
  ])('refuses %s without showing what it holds', async (variable, value) => {
    const found = await problems({ [variable]: value });
    expect(found).toHaveLength(1);
    expect(found[0]).toContain(variable);
    for (const part of [value, 'hunter2', KEY_A, KEY_B]) expect(found[0]).not.toContain(part);
  });

  it('believes one kind of key for JWTs, and warns when an issuer or an audience has none', async () => {
    const secret = { HOOKRING_JWT_SECRET: 's'.repeat(32) };
    const keys = { HOOKRING_JWT_JWKS_URL: 'https://a.example/k' };
    expect(await problems({ ...secret, ...keys })).toEqual([expect.stringContaining('are both set')]);
    const names = { HOOKRING_JWT_ISSUER: 'a', HOOKRING_JWT_AUDIENCE: 'b' };
    expect((await load(names)).warnings).toEqual([
      'HOOKRING_JWT_ISSUER does nothing without HOOKRING_JWT_SECRET or HOOKRING_JWT_JWKS_URL.',
      'HOOKRING_JWT_AUDIENCE does nothing without HOOKRING_JWT_SECRET or HOOKRING_JWT_JWKS_URL.',
    ]);
    expect((await load({ ...names, ...secret })).warnings).toEqual([]);
    expect((await load({ ...names, ...keys })).warnings).toEqual([]);
  });

  it('warns when headers for a collector have none, or travel in the clear', async () => {
    const headers = { HOOKRING_OTLP_HEADERS: 'authorization=hunter2' };
    const warned = async (env: Environment): Promise<string> => (await load({ ...headers, ...env })).warnings.join();
    expect(await warned({})).toBe('HOOKRING_OTLP_HEADERS does nothing without HOOKRING_OTLP_ENDPOINT.');
    expect(await warned({ HOOKRING_OTLP_ENDPOINT: 'http://collector.example:4318' })).toMatch(/travel in the clear/);
    expect(await warned({ HOOKRING_OTLP_ENDPOINT: 'http://collector.example:4318' })).not.toContain('hunter2');
    for (const url of ['https://collector.example', 'http://localhost:4318', 'http://127.0.0.1:4318', 'http://[::1]']) {
      expect(await warned({ HOOKRING_OTLP_ENDPOINT: url })).toBe('');
    }
    expect((await load({ HOOKRING_OTLP_ENDPOINT: 'http://collector.example:4318' })).warnings).toEqual([]);
  });

  it('makes of the JWT settings whom to believe', async () => {
    expect(sessionJwtSettings(await config({}))).toBeNull();
    const bySecret = sessionJwtSettings(
      await config({ HOOKRING_JWT_SECRET: 's'.repeat(32), HOOKRING_JWT_AUDIENCE: 'b' }),
    );
    expect(bySecret).toEqual({ key: { kind: 'secret', secret: 's'.repeat(32) }, issuer: null, audience: 'b' });
    const byKeys = sessionJwtSettings(await config({ HOOKRING_JWT_JWKS_URL: 'https://a.example/k' }));
    expect(byKeys).toEqual({
      key: { kind: 'jwks', url: new URL('https://a.example/k') },
      issuer: null,
      audience: null,
    });
  });

  it.each([
    ['moonbron', /^HOOKRING_ROOT_DIALECT is "moonbron": .*native, .*moonborn.* Did you mean moonborn\?$/],
    ['zzz', /^HOOKRING_ROOT_DIALECT is "zzz": .*native, [^?]*$/],
    ['../etc', /must be the name of a dialect/],
  ])('refuses the root dialect %s and says which there are', async (name, message) => {
    const found = await problems({ HOOKRING_ROOT_DIALECT: name });
    expect(found).toHaveLength(1);
    expect(found[0]).toMatch(message);
  });

  it('lets the native API keep its place by name, in any case of its letters', async () => {
    expect((await config({ HOOKRING_ROOT_DIALECT: 'Native' })).rootDialect).toBe('native');
  });

  it('reports an unknown root dialect together with what else is wrong', async () => {
    expect(await problems({ HOOKRING_ROOT_DIALECT: 'zzz', HOOKRING_PORT: 'x' })).toHaveLength(2);
  });

  it.each<[Environment, number, number]>([
    [{ HOOKRING_GRACE_SECONDS_MAX: '3600' }, 3_600, 3_600],
    [{ HOOKRING_GRACE_SECONDS_MAX: '0' }, 0, 0],
    [{ HOOKRING_GRACE_SECONDS_MAX: '3600', HOOKRING_GRACE_SECONDS_DEFAULT: '3600' }, 3_600, 3_600],
    [{ HOOKRING_GRACE_SECONDS_MAX: '31622400' }, 31_622_400, 86_400],
  ])('keeps the default grace within the maximum: %j', async (env, max, usual) => {
    expect(await config(env)).toMatchObject({ graceSecondsMax: max, graceSecondsDefault: usual });
  });

  it('refuses a default grace that somebody chose above the maximum', async () => {
    expect(await problems({ HOOKRING_GRACE_SECONDS_MAX: '3600', HOOKRING_GRACE_SECONDS_DEFAULT: '3601' })).toEqual([
      'HOOKRING_GRACE_SECONDS_DEFAULT is "3601": it must not exceed HOOKRING_GRACE_SECONDS_MAX, which is 3600.',
    ]);
    expect(await problems({ HOOKRING_GRACE_SECONDS_MAX: 'x', HOOKRING_GRACE_SECONDS_DEFAULT: '1' })).toHaveLength(1);
  });

  it('warns about a variable that it does not know, with what was meant', async () => {
    const loaded = await load({
      HOOKRING_PROT: '1',
      HOOKRING_QUITE_ANOTHER_THING: '1',
      PORT: '1',
      HOOKRING_API_KEY: 'x',
    });
    expect(loaded.warnings).toEqual([
      'HOOKRING_PROT is not a setting of Hookring. Did you mean HOOKRING_PORT?',
      'HOOKRING_QUITE_ANOTHER_THING is not a setting of Hookring.',
    ]);
  });
});

describe('hookring.config.ts', () => {
  it('is TypeScript and may use the helper that types it', async () => {
    const helper = fileURLToPath(new URL('./file.ts', import.meta.url));
    const loaded = await inFolder(
      `import { defineConfig } from ${JSON.stringify(helper)};\nconst port: number = 7000;\nexport default defineConfig({ port, allowPrivate: ['10.0.0.0/8'] });`,
    );
    expect(loaded.ok && [loaded.config.port, loaded.config.allowPrivate]).toEqual([7000, ['10.0.0.0/8']]);
  });

  it.each([
    ['an unknown key', 'export default { prot: 1 };', /unknown key prot\. Did you mean port\?/],
    ['a value of no use', 'export default { port: { a: 1 } };', /port in hookring\.config\.ts must be/],
    ['a wrong value', 'export default { port: 99999 };', /port in hookring\.config\.ts is "99999"/],
    ['no default export', 'export const port = 1;', /default export is not an object/],
    ['a syntax error', 'export default {', /cannot be used/],
  ])('is refused with %s', async (_, text, message) => {
    const loaded = await inFolder(text);
    expect(loaded.ok).toBe(false);
    expect(loaded.ok ? '' : loaded.problems[0]?.message).toMatch(message);
  });

  it('never shows a secret that it holds', async () => {
    const loaded = await inFolder("export default { bootstrapKey: 'hunter2' };");
    expect(loaded.ok ? '' : JSON.stringify(loaded)).toContain('bootstrapKey');
    expect(JSON.stringify(loaded)).not.toContain('hunter2');
  });
});

describe('the values', () => {
  it.each([
    ['100', { requests: 100, windowSeconds: 1 }],
    ['100/s', { requests: 100, windowSeconds: 1 }],
    ['6000/m', { requests: 6000, windowSeconds: 60 }],
    ['100000/h', { requests: 100000, windowSeconds: 3600 }],
  ])('reads the rate limit %s', async (text, value) => {
    expect((await config({ HOOKRING_RATE_LIMIT: text })).rateLimit).toEqual(value);
  });

  it.each([
    ['HOOKRING_RATE_LIMIT', '0'],
    ['HOOKRING_RATE_LIMIT', '10/d'],
    ['HOOKRING_RATE_LIMIT', '1e3'],
    ['HOOKRING_RETRY_SCHEDULE', '1,,2'],
    ['HOOKRING_RETRY_SCHEDULE', '-1'],
    ['HOOKRING_RETRY_SCHEDULE', '1;2'],
    ['HOOKRING_RETRY_SCHEDULE', '604801'],
    ['HOOKRING_RETRY_SCHEDULE', Array.from({ length: 51 }, () => '1').join(',')],
    ['HOOKRING_ALLOW_PRIVATE', '10.0.0.0/33'],
    ['HOOKRING_ALLOW_PRIVATE', 'localhost'],
    ['HOOKRING_ALLOW_PRIVATE', '10.1.2.3/8'],
    ['HOOKRING_TRUST_PROXY', 'nginx'],
    ['HOOKRING_TRUST_PROXY', '10.0.0.0/x'],
    ['HOOKRING_GRACE_SECONDS_MAX', '31622401'],
    ['HOOKRING_GRACE_SECONDS_MAX', '-1'],
    ['HOOKRING_GRACE_SECONDS_DEFAULT', '0.5'],
    ['HOOKRING_PORT', '65536'],
    ['HOOKRING_PORT', '1.5'],
    ['HOOKRING_HOST', 'http://localhost'],
    ['HOOKRING_HOST', '127.0.0.256'],
    ['HOOKRING_DATABASE_URL', 'sqlite:'],
    ['HOOKRING_DATABASE_URL', 'sqlite::memory:'],
    ['HOOKRING_DATABASE_URL', './hookring.db'],
    ['HOOKRING_MASTER_KEY', Buffer.alloc(31).toString('base64')],
    ['HOOKRING_MASTER_KEY', `${KEY_A},${KEY_B}`],
    ['HOOKRING_BOOTSTRAP_KEY', `${'k'.repeat(32)} x`],
    ['HOOKRING_JWT_SECRET', 's'.repeat(31)],
    ['HOOKRING_JWT_JWKS_URL', 'auth.example.com/jwks'],
    ['HOOKRING_JWT_JWKS_URL', 'http://auth.example.com/jwks'],
    ['HOOKRING_JWT_JWKS_URL', 'http://127.0.0.1.example.com/jwks'],
    ['HOOKRING_JWT_JWKS_URL', 'https://user:hunter2@auth.example.com/jwks'],
    ['HOOKRING_JWT_JWKS_URL', 'file:///etc/jwks'],
    ['HOOKRING_JWT_ISSUER', 'a\nb'],
    ['HOOKRING_METRICS_ADDRESS', '9464'],
    ['HOOKRING_METRICS_ADDRESS', ':9464'],
    ['HOOKRING_METRICS_ADDRESS', '127.0.0.1'],
    ['HOOKRING_METRICS_ADDRESS', '127.0.0.1:65536'],
    ['HOOKRING_METRICS_ADDRESS', '127.0.0.256:9464'],
    ['HOOKRING_METRICS_ADDRESS', '::1:9464'],
    ['HOOKRING_METRICS_ADDRESS', 'http://localhost:9464'],
    ['HOOKRING_METRICS_TOKEN', 't'.repeat(15)],
    ['HOOKRING_OTLP_ENDPOINT', '127.0.0.1:4318'],
    ['HOOKRING_OTLP_ENDPOINT', 'grpc://127.0.0.1:4317'],
    ['HOOKRING_OTLP_ENDPOINT', 'https://user:pass@collector.example'],
    ['HOOKRING_OTLP_ENDPOINT', 'https://collector.example/?token=a'],
    ['HOOKRING_OTLP_ENDPOINT', 'https://collector.example/v1/traces/'],
    ['HOOKRING_OTLP_HEADERS', '=value'],
    ['HOOKRING_OTLP_HEADERS', 'name='],
    ['HOOKRING_OTLP_HEADERS', 'name=%0d%0a'],
    ['HOOKRING_OTLP_HEADERS', 'name=%zz'],
    ['HOOKRING_OTLP_HEADERS', 'content-type=text/plain'],
    ['HOOKRING_OTLP_HEADERS', Array.from({ length: 33 }, (_, index) => `h${index}=1`).join(',')],
    ['HOOKRING_TRACE_RATIO', '1.1'],
    ['HOOKRING_TRACE_RATIO', '-0.1'],
    ['HOOKRING_TRACE_RATIO', 'half'],
    ['HOOKRING_JWT_AUDIENCE', 'a'.repeat(2_049)],
  ])('refuses %s=%s', async (variable, value) => {
    expect(await problems({ [variable]: value })).toHaveLength(1);
  });

  it('reads a list of master keys in order, and one without an id as the default', async () => {
    const listed = await config({ HOOKRING_MASTER_KEY: `new:${KEY_B}, old:${KEY_A}` });
    expect(listed.masterKeys?.map(({ id }) => id)).toEqual(['new', 'old']);
    const single = await config({ HOOKRING_MASTER_KEY: KEY_A });
    expect(single.masterKeys).toEqual([{ id: 'default', key: new Uint8Array(32).fill(1) }]);
  });

  it.each([
    ['true', true],
    ['false', false],
    ['0', false],
    ['2', 2],
    ['127.0.0.1,10.0.0.0/8', ['127.0.0.1', '10.0.0.0/8']],
  ])('reads the trusted proxies %s', async (text, value) => {
    expect((await config({ HOOKRING_TRUST_PROXY: text })).trustProxy).toEqual(value);
  });

  it('reads the word none as a schedule without retries', async () => {
    expect((await config({ HOOKRING_RETRY_SCHEDULE: 'none' })).retrySchedule).toEqual([]);
  });

  it('never throws, whatever a variable holds', async () => {
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...SETTING_KEYS), fc.string({ unit: 'binary' }), async (key, text) => {
        const loaded = await load({ [SETTINGS[key].variable]: text });
        expect(typeof loaded.ok).toBe('boolean');
      }),
      { numRuns: 200 },
    );
  });

  it('reads back every schedule that was written', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(604_800), { minLength: 1, maxLength: 50 }), async (delays) => {
        expect((await config({ HOOKRING_RETRY_SCHEDULE: delays.join(',') })).retrySchedule).toEqual(delays);
      }),
      { numRuns: 50 },
    );
  });
});

describe('nearest', () => {
  it('finds a typing mistake and nothing far-fetched', () => {
    expect(nearest('HOOKRING_ALOW_HTTP', ['HOOKRING_ALLOW_HTTP', 'HOOKRING_PORT'])).toBe('HOOKRING_ALLOW_HTTP');
    expect(nearest('zzz', ['port'])).toBeNull();
  });

  it('measures like a metric', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (a, b) => {
        expect(editDistance(a, b)).toBe(editDistance(b, a));
        expect(editDistance(a, a)).toBe(0);
        expect(editDistance(a, b)).toBeLessThanOrEqual(Math.max(a.length, b.length));
      }),
    );
  });
});

describe('docs/configuration.md', () => {
  const page = readFileSync(new URL('../../../../docs/configuration.md', import.meta.url), 'utf8');
  const sections = new Map(
    page
      .split(/^### /m)
      .slice(1)
      .map((section) => [/^`([^`]+)`/.exec(section)?.[1] ?? '', section] as const),
  );

  it('has a section for each setting and none besides', () => {
    expect([...sections.keys()]).toEqual(SETTING_KEYS.map((key) => SETTINGS[key].variable));
  });

  it.each(SETTING_KEYS)('says of %s what the program knows', (key) => {
    const setting = SETTINGS[key];
    const section = sections.get(setting.variable) ?? '';
    expect(section.replace(/\s+/g, ' ')).toContain(setting.description);
    expect(section).toContain(setting.defaultText === null ? 'Default: none' : `Default: \`${setting.defaultText}\``);
    expect(section).toContain(setting.flag === null ? 'Flag: none' : `Flag: \`${setting.flag}\``);
    expect(section).toContain(`Key: \`${key}\``);
    expect(section).toContain(`${setting.variable}=${setting.example}`);
  });
});
