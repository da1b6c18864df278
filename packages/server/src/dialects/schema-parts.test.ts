import { Type } from 'typebox';
import { describe, expect, it } from 'vitest';
import { compileCheck } from '../http/validation.ts';
import { nullable, words } from './schema-parts.ts';

describe('a schema that may be null', () => {
  it('is one type of two, so that what is wrong with a value is said once', () => {
    for (const [schema, wrong] of [
      [nullable(Type.String()), 7],
      [nullable(words(['a', 'b'])), 'c'],
    ] as const) {
      const check = compileCheck(schema);
      expect([check('a'), check(null)]).toEqual([null, null]);
      expect(check(wrong)?.problem.errors).toHaveLength(1);
    }
  });

  it('leaves the one that has a name as it is, beside null', () => {
    const named = Type.Object({ a: Type.String() }, { $id: 'Named' });
    expect(nullable(named)).toEqual({ anyOf: [named, { type: 'null' }] });
  });
});
