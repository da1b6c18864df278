import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Environment, loadConfig } from './load.ts';
import { databaseText, parseDatabaseUrl } from './parse-database.ts';

const CONTEXT = { cwd: '/here' };

function read(text: string) {
  const result = parseDatabaseUrl(text, CONTEXT);
  if (!result.ok || result.value.kind !== 'postgres') throw new Error(result.ok ? 'another kind' : result.problem);
  return result.value;
}

function problemOf(text: string): string {
  const result = parseDatabaseUrl(text, CONTEXT);
  if (result.ok) throw new Error('it was accepted');
  return result.problem;
}

describe('an address of PostgreSQL', () => {
  it.each([
    ['postgres://db/hookring', 'postgres://db/hookring'],
    ['postgresql://u@db:6432/hookring', 'postgres://u@db:6432/hookring'],
    ['POSTGRES://db/hookring', 'postgres://db/hookring'],
    ['postgres://[::1]:5432/hookring', 'postgres://[::1]:5432/hookring'],
    ['postgres:///hookring?host=/run/postgresql', 'postgres:///hookring?host=%2Frun%2Fpostgresql'],
    ['postgres://db/h?sslmode=require&channel_binding=require', 'postgres://db/h?sslmode=verify-full'],
    [
      'postgres://db/h?sslmode=verify-ca&sslrootcert=ca.pem',
      'postgres://db/h?sslmode=verify-full&sslrootcert=%2Fhere%2Fca.pem',
    ],
    ['postgres://db/h?sslmode=no-verify', 'postgres://db/h?sslmode=no-verify'],
  ])('is read from %s', (text, url) => {
    expect(read(text)).toEqual({ kind: 'postgres', url, shown: url });
  });

  it('keeps its password for the driver and shows it to nobody', () => {
    const database = read('postgres://user:hun%2Fter2@db/hookring?sslmode=require');
    expect(database.url).toContain('hun%2Fter2');
    expect(databaseText(database)).toBe('postgres://user:***@db/hookring?sslmode=verify-full');
  });

  it.each([
    ['postgres://db', /names no database/],
    ['postgres://db/', /names no database/],
    ['postgres://db/a/b', /names no database/],
    ['postgres:///hookring', /names no host/],
    ['postgres:hookring', /like postgres:\/\/user/],
    ['postgres://a:1,b:2/hookring', /of one host/],
    ['postgres://a,b/hookring', /several hosts|of one host/],
    ['postgres://u:p#x@db/hookring', /# %23|holds a #/],
    ['postgres://u:p/x@db/hookring', /in a password \/ is written %2F/],
    ['postgres://u:100%@db/hookring', /%25/],
    ['postgres://db/h?sslmode=prefer', /none of disable/],
    ['postgres://db/h?max=1', /parameter that is none of/],
    ['postgres://db/h?password=hunter2', /parameter that is none of/],
    ['postgres://db/h?sslcert=', /without a value/],
    ['postgres://db/h?sslmode=disable&sslmode=require', /twice/],
    ['postgres://db/h?host=other', /folder of a socket/],
    [`postgres://db/${'h'.repeat(2_048)}`, /like postgres:/],
  ])('is refused when it is %s', (text, words) => {
    expect(problemOf(text)).toMatch(words);
  });

  it('never shows a password, whatever it is made of', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 6, unit: 'grapheme' }), fc.string({ maxLength: 20 }), (password, rest) => {
        const text = `postgres://user:${encodeURIComponent(`pw${password}`)}@db/hookring${rest}`;
        const result = parseDatabaseUrl(text, CONTEXT);
        const shown = result.ok ? databaseText(result.value) : result.problem;
        expect(shown).not.toContain(encodeURIComponent(`pw${password}`));
      }),
    );
  });
});

describe('the settings of a database', () => {
  const problems = async (env: Environment): Promise<readonly string[]> => {
    const loaded = await loadConfig({ env, flags: {}, cwd: '/nowhere' });
    return loaded.ok ? [] : loaded.problems.map(({ message }) => message);
  };

  it('give a server on SQLite no role', async () => {
    expect(await problems({ HOOKRING_ROLE: 'api' })).toEqual([
      expect.stringMatching(/^HOOKRING_ROLE is "api": one process/),
    ]);
    expect(await problems({ HOOKRING_ROLE: 'all' })).toEqual([]);
    expect(await problems({ HOOKRING_ROLE: 'api', HOOKRING_DATABASE_URL: 'postgres://db/h' })).toEqual([]);
    // What cannot be read says enough by itself.
    expect(await problems({ HOOKRING_ROLE: 'api', HOOKRING_DATABASE_URL: 'postgres://db' })).toHaveLength(1);
  });

  it('warn of a pooler in front of a file, and of a password that everybody can read', async () => {
    const warnings = async (env: Environment, url?: string) =>
      (await loadConfig({ env, flags: url === undefined ? {} : { database: url }, cwd: '/nowhere' })).warnings;
    expect(await warnings({ HOOKRING_DATABASE_POOLER: 'transaction' })).toEqual([
      expect.stringContaining('does nothing'),
    ]);
    const inFlag = await warnings({}, 'postgres://u:hunter2@db/h');
    expect(inFlag).toEqual([expect.stringMatching(/command line .* every process/)]);
    expect(inFlag.join()).not.toContain('hunter2');
    expect(await warnings({ HOOKRING_DATABASE_URL: 'postgres://u:hunter2@db/h' })).toEqual([]);
    expect(await warnings({}, 'postgres://u@db/h')).toEqual([]);
  });
});
