import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import * as published from './public.ts';

it('has the operations that the manual lists, and no others', () => {
  const page = readFileSync(new URL('../../../../docs/write-a-dialect.md', import.meta.url), 'utf8');
  const list = /^The operations: ([^.]*)\./m.exec(page)?.[1] ?? '';
  const listed = [...list.matchAll(/`(\w+)`/g)].map(([, name]) => name);
  const exported = Object.entries(published).flatMap(([name, value]) => (isOperation(value) ? [name] : []));
  expect(exported).toContain('createEndpoint');
  expect(listed).toHaveLength(exported.length);
  expect(new Set(listed)).toEqual(new Set(exported));
});

function isOperation(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'scopes' in value && 'idempotent' in value;
}
