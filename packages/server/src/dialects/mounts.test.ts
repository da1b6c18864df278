import { describe, expect, it } from 'vitest';
import type { Dialect, Mount } from './dialect.ts';
import { arrangeDialects } from './mounts.ts';
import { acmeDialect } from './testing/acme.ts';

function called(name: string, mount?: Mount): Dialect {
  return acmeDialect({ name, ...(mount === undefined ? {} : { mount }) });
}

/** `name place host`, the native API first. */
function places(dialects: readonly Dialect[], rootDialect: string | null = null): readonly unknown[] | string {
  const arranged = arrangeDialects(dialects, rootDialect);
  if (!arranged.ok) return arranged.problem;
  const { mounted, nativePrefix } = arranged.value;
  return [nativePrefix, ...mounted.map(({ dialect, prefix, host }) => [dialect.name, prefix, host])];
}

describe('dialects', () => {
  it('stand where they say, beside the native API', () => {
    expect(places([])).toEqual(['/v1']);
    expect(places([called('acme'), called('boat', { prefix: '/api/boat' })])).toEqual([
      '/v1',
      ['acme', '/acme', null],
      ['boat', '/api/boat', null],
    ]);
    expect(places([called('acme', { host: 'hooks.acme.test' })])).toEqual([
      '/v1',
      ['acme', '/acme', 'hooks.acme.test'],
    ]);
  });

  it('have the root to themselves, and the native API moves aside', () => {
    expect(places([called('acme', 'root'), called('boat')])).toEqual([
      '/hookring/v1',
      ['acme', '', null],
      ['boat', '/boat', null],
    ]);
  });

  it('leave the root to the one that the operator names', () => {
    const both = [called('acme', 'root'), called('boat', { host: 'boat.test' })];
    expect(places(both, 'boat')).toEqual(['/hookring/v1', ['acme', '/acme', null], ['boat', '', null]]);
    expect(places(both, 'native')).toEqual(['/v1', ['acme', '/acme', null], ['boat', '/boat', 'boat.test']]);
  });

  it.each<[string, readonly Dialect[], string | null, string]>([
    ['a root that nobody is called', [called('acme')], 'acne', 'there is no dialect "acne"; there are native, acme'],
    ['two that want the root', [called('acme', 'root'), called('boat', 'root')], null, 'both want the root'],
    ['two at one prefix', [called('acme'), called('boat', { prefix: '/acme' })], null, 'to stand at "/acme"'],
    [
      'two on one host',
      [called('acme', { host: 'a.test' }), called('boat', { host: 'a.test' })],
      null,
      'to stand at "a.test"',
    ],
    ['two of one name', [called('acme'), called('acme', { prefix: '/b' })], null, 'are called "acme"'],
    ['one with the name of the native API', [called('native')], null, 'are called "native"'],
  ])('are refused: %s', (_name, dialects, root, problem) => {
    expect(places(dialects, root)).toContain(problem);
  });
});
