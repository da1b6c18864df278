import { describe, expect, it } from 'vitest';
import { loadConfig } from './load.ts';
import { secretValues } from './secret-values.ts';
import { SETTING_KEYS, SETTINGS } from './settings.ts';

/** Sensitive only in that they may hold a password, which the log finds by its place in a URL. */
const ADDRESSES = ['HOOKRING_DATABASE_URL', 'HOOKRING_JWT_JWKS_URL', 'HOOKRING_OTLP_ENDPOINT'];

const KEY = Buffer.alloc(32, 0xfb);
const GIVEN: Readonly<Record<string, readonly [string, string]>> = {
  HOOKRING_MASTER_KEY: [`old:${KEY.toString('base64')}`, KEY.toString('base64').replace('=', '')],
  HOOKRING_BOOTSTRAP_KEY: ['b'.repeat(32), 'b'.repeat(32)],
  HOOKRING_JWT_SECRET: ['s'.repeat(32), 's'.repeat(32)],
  HOOKRING_METRICS_TOKEN: ['t'.repeat(16), 't'.repeat(16)],
  HOOKRING_OTLP_HEADERS: ['x-tenant=1,authorization=Api-Key hunter2hunter2', 'Api-Key hunter2hunter2'],
};

describe('the secrets of a configuration', () => {
  it('are those of every setting that is sensitive', async () => {
    const sensitive = SETTING_KEYS.map((key) => SETTINGS[key]).filter((setting) => setting.sensitive);
    const variables = sensitive.map(({ variable }) => variable).filter((name) => !ADDRESSES.includes(name));
    expect(Object.keys(GIVEN).toSorted()).toEqual(variables.toSorted());
    const env = Object.fromEntries(Object.entries(GIVEN).map(([name, [text]]) => [name, text]));
    const loaded = await loadConfig({ env, flags: {}, cwd: '/nowhere' });
    if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
    const values = secretValues(loaded.config);
    for (const [, secret] of Object.values(GIVEN)) expect(values).toContain(secret);
    expect(values).not.toContain('1');
  });

  it('hold the password of a database as it stands in its address and as it is', async () => {
    const env = { HOOKRING_DATABASE_URL: 'postgres://u:correct%2Fhorse@db/h' };
    const loaded = await loadConfig({ env, flags: {}, cwd: '/nowhere' });
    expect(loaded.ok && secretValues(loaded.config)).toEqual(['correct%2Fhorse', 'correct/horse']);
  });

  it('are none without any', async () => {
    const loaded = await loadConfig({ env: {}, flags: {}, cwd: '/nowhere' });
    expect(loaded.ok && secretValues(loaded.config)).toEqual([]);
  });
});
