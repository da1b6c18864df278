import { describe, expect, it } from 'vitest';
import { dialectDocument } from '../mount-dialect.ts';
import { nativeDialect } from './native.ts';

const document = dialectDocument(nativeDialect());
const text = `${JSON.stringify(document, null, 2)}\n`;

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
    const { components } = document as { components: Record<'schemas' | 'responses', Record<string, unknown>> };
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
    const { paths } = document as {
      paths: Record<string, Record<string, { security: unknown[]; responses: object; operationId: string }>>;
    };
    const operations = Object.values(paths).flatMap((item) => Object.values(item));
    expect(new Set(operations.map((operation) => operation.operationId)).size).toBe(operations.length);
    for (const operation of operations) {
      expect(operation.security).toEqual([{ key: [] }]);
      expect(Object.keys(operation.responses)).toEqual(expect.arrayContaining(['401', '403', '429', '500', '503']));
    }
  });
});
