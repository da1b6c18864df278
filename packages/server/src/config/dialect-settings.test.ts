import { nativeWebhooks } from '@hookring/signing';
import { Type } from 'typebox';
import { describe, expect, it } from 'vitest';
import { defineDialect } from '../dialects/define-dialect.ts';
import type { Dialect, Mount } from '../dialects/dialect.ts';
import { typeIds } from '../dialects/id-codec.ts';
import { NATIVE_ROTATION_POLICY } from '../domain/rotation-policy.ts';
import { arrangementProblem, readDialects } from './dialect-settings.ts';

function dialect(name: string, mount: Mount = { prefix: `/${name}` }): Dialect {
  return defineDialect({
    name,
    title: name,
    description: '',
    version: '1',
    mount,
    tokenPrefix: 'tst_',
    ids: { endpoint: typeIds('ep'), delivery: typeIds('dlv') },
    problems: { contentType: 'application/json', schema: Type.Object({}), encode: () => ({}) },
    endpointDefaults: {
      signatureProfile: nativeWebhooks,
      envelope: null,
      retrySchedule: null,
      rotationPolicy: NATIVE_ROTATION_POLICY,
      catalogue: null,
      secretSpelling: 'whsec',
    },
    routes: [],
  });
}

async function problemsOf(value: unknown): Promise<readonly string[]> {
  const read = await readDialects(value);
  return read.ok ? [] : read.problems;
}

describe('dialects of the file', () => {
  it('are taken in their order, and there may be none', async () => {
    const [acme, zeta] = [dialect('acme'), dialect('zeta')];
    expect(await readDialects([zeta, acme])).toEqual({ ok: true, dialects: [zeta, acme] });
    expect(await readDialects([])).toEqual({ ok: true, dialects: [] });
    expect(await readDialects(undefined)).toEqual({ ok: true, dialects: [] });
  });

  it.each([
    ['no list', dialect('acme'), 'must be a list'],
    ['text', ['moonborn'], 'has at [0] a value of type string, not what defineDialect answers'],
    ['nothing', [dialect('acme'), null], 'has at [1] null, not what'],
    ['a list in the list', [[dialect('acme')]], 'has at [0] a list, not what'],
    ['a promise', [Promise.resolve(dialect('acme'))], 'has at [0] a promise: await it'],
    ['a definition', [{ name: 'acme', routes: [] }], 'has at [0] an object "acme" that is no dialect: wrap it in'],
    ['a changed copy', [{ ...dialect('acme'), name: 'other' }], 'has at [0] a dialect "other" that defineDialect of'],
    ['the name of the native one', [dialect('native', { prefix: '/x' })], "that of the server's own API"],
    ['too many', Array.from({ length: 65 }, () => 1), 'more than 64'],
  ])('are refused with %s', async (_name, value, message) => {
    const problems = await problemsOf(value);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(message);
  });

  it('may not share a name, and each problem says its place', async () => {
    expect(await problemsOf([dialect('acme'), 5, dialect('acme')])).toEqual([
      'has at [1] a value of type number, not what defineDialect answers',
      'has at [2] a dialect with the name acme, as at [0]',
    ]);
  });
});

describe('the places of dialects', () => {
  it.each<[string, readonly Dialect[], string | null]>([
    ['nothing is asked', [], null],
    ['a built-in one has the root', [], 'moonborn'],
    ['one of the file has the root', [dialect('acme')], 'acme'],
    ['one takes the place of a built-in one', [dialect('moonborn')], null],
    ['the setting decides between two that want the root', [dialect('a1', 'root'), dialect('a2', 'root')], 'a2'],
  ])('are found when %s', async (_name, own, root) => {
    expect(await arrangementProblem(own, root)).toBeNull();
  });

  it('are a problem of the file when two want the same', async () => {
    const problem = await arrangementProblem([dialect('acme'), dialect('zeta', { prefix: '/acme' })], null);
    expect(problem).toMatchObject({ about: 'dialects', message: expect.stringContaining('/acme') });
  });

  it('are a problem of the setting when nobody has that name', async () => {
    const problem = await arrangementProblem([dialect('acme')], 'acne');
    expect(problem?.about).toBe('root');
    expect(problem?.message).toMatch(/only native, .*moonborn.*acme\. Did you mean acme\?$/);
  });
});
