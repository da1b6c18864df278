import { Type } from 'typebox';
import { describe, expect, it } from 'vitest';
import type { Method } from '../http/route.ts';
import type { Dialect, Mount } from './dialect.ts';
import { publicRoute } from './dialect-route.ts';
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

/** One at the root, with one route. */
function rooted(method: Method, path: string): Dialect {
  const names = [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => [name, Type.String()] as const);
  const params = Type.Object(Object.fromEntries(names));
  const facts = { operationId: 'x', summary: 'x', tag: 'x', responses: { 204: null } };
  const handle = () => ({ ok: true, status: 204, body: undefined }) as const;
  return acmeDialect({ mount: 'root', routes: [publicRoute({ ...facts, method, path, request: { params }, handle })] });
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

  it('may have short paths with parameters at the root, which reach no other', () => {
    expect(places([rooted('GET', '/{a}'), called('boat')])).toEqual([
      '/hookring/v1',
      ['acme', '', null],
      ['boat', '/boat', null],
    ]);
    expect(typeof places([rooted('GET', '/things/{a}/{b}'), called('boat')])).toBe('object');
  });

  it('leave the root to the one that the operator names', () => {
    const both = [called('acme', 'root'), called('boat', { host: 'boat.test' })];
    expect(places(both, 'boat')).toEqual(['/hookring/v1', ['acme', '/acme', null], ['boat', '', null]]);
    expect(places(both, 'native')).toEqual(['/v1', ['acme', '/acme', null], ['boat', '/boat', 'boat.test']]);
  });

  it.each<[string, readonly Dialect[], string | null, string]>([
    ['a root that nobody is called', [called('acme')], 'acne', 'there is no such dialect, only native, acme'],
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
    [
      'one below another',
      [called('acme'), called('boat', { prefix: '/acme/boat' })],
      null,
      '"/acme/boat" is below "/acme"',
    ],
    ['one below the native API', [called('acme', { prefix: '/v1/endpoints' })], null, '"/v1/endpoints" is below "/v1"'],
    [
      'one at the root whose parameters reach below another',
      [rooted('GET', '/{a}/{b}/{c}'), called('boat')],
      null,
      'GET /{a}/{b}/{c} of "acme" at the root takes paths below "/hookring/v1"',
    ],
    [
      'one at the root that has a path of another',
      [rooted('GET', '/boat/hooks'), called('boat')],
      null,
      'GET /boat/hooks of "acme" at the root takes paths below "/boat"',
    ],
    [
      'one that the operator puts at the root, above another',
      [called('acme', { prefix: '/hooks' }), called('boat')],
      'boat',
      'of "boat" at the root takes paths below "/hooks"',
    ],
  ])('are refused: %s', (_name, dialects, root, problem) => {
    expect(places(dialects, root)).toContain(problem);
  });
});
