import { describe, expect, it } from 'vitest';
import type { OperationObject } from '../../http/openapi-document.ts';
import { dialectDocument } from '../document-routes.ts';
import { nativeDialect } from './native.ts';
import { NATIVE_PREFIX } from './prefixes.ts';

const dialect = nativeDialect();
const document = dialectDocument({ dialect, prefix: NATIVE_PREFIX, host: null });
const text = `${JSON.stringify(document, null, 2)}\n`;

function headersOf({ parameters = [] }: OperationObject): string[] {
  return parameters.filter((parameter) => parameter.in === 'header').map((parameter) => parameter.name);
}

/** Every object within a value. */
function* objectsIn(value: unknown): Generator<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) return;
  if (!Array.isArray(value)) yield value as Record<string, unknown>;
  for (const part of Object.values(value)) yield* objectsIn(part);
}

describe('the OpenAPI document', () => {
  it('is the one that is committed; `vitest -u` writes it anew', async () => {
    await expect(text).toMatchFileSnapshot('../../../openapi.json');
  });

  it('has a component for every reference, and a reference for every component', () => {
    const { components } = document;
    const references = new Set(
      [...objectsIn(document)].flatMap((part) => (typeof part['$ref'] === 'string' ? [part['$ref']] : [])),
    );
    const known = (['schemas', 'responses'] as const).flatMap((kind) =>
      Object.keys(components[kind]).map((name) => `#/components/${kind}/${name}`),
    );
    expect([...references].sort()).toEqual(known.sort());
  });

  it('carries no identifier that only the validator uses', () => {
    expect([...objectsIn(document)].filter((part) => '$id' in part)).toEqual([]);
  });

  it('says for every operation who may call it and how it refuses', () => {
    const { paths } = document;
    const operations = Object.values(paths).flatMap((item) => Object.values(item));
    expect(new Set(operations.map((operation) => operation.operationId)).size).toBe(operations.length);
    const scopes = new Map(dialect.routes.map((route) => [route.operationId, route.access === 'key' && route.scopes]));
    for (const operation of operations) {
      expect(operation.security).toEqual([
        { session: scopes.get(operation.operationId) },
        { key: scopes.get(operation.operationId) },
      ]);
      expect(Object.keys(operation.responses)).toEqual(
        expect.arrayContaining(['400', '401', '403', '404', '422', '429', '431', '500', '503']),
      );
      expect(headersOf(operation)).toContain('Hookring-Organization');
    }
  });

  it('says of every operation that can be repeated what a repeated request gets', () => {
    const { paths } = document;
    for (const [path, item] of Object.entries(paths)) {
      for (const [method, operation] of Object.entries(item)) {
        const isPost = method === 'post';
        expect([path, method, headersOf(operation).includes('Idempotency-Key')]).toEqual([path, method, isPost]);
        if (!isPost) continue;
        expect(Object.keys(operation.responses)).toEqual(expect.arrayContaining(['409', '413', '415', '422']));
        expect(operation.description).toContain('Idempotent-Replayed');
        if (operation.requestBody === undefined) expect(operation.description).toContain('Takes no body');
        const shown = JSON.stringify(operation.responses);
        if (/ShownSecret|Rotated|CreatedOrganization/.test(shown)) {
          expect([path, operation.description]).toEqual([
            path,
            expect.stringContaining('shows the secret again for 10 minutes'),
          ]);
        }
      }
    }
  });
});
