import { Type } from 'typebox';
import { describe, expect, it } from 'vitest';
import { closestName } from './did-you-mean.ts';
import { compileCheck } from './validation.ts';

const STRICT = { additionalProperties: false } as const;

function errorsOf(schema: Parameters<typeof compileCheck>[0], value: unknown) {
  return compileCheck(schema)(value)?.problem.errors ?? null;
}

describe('validation', () => {
  it('passes what fits', () => {
    expect(errorsOf(Type.Object({ a: Type.String() }, STRICT), { a: '' })).toBeNull();
  });

  it.each([
    [Type.String({ minLength: 1 }), '', 'must not be empty', 'too_short'],
    [Type.String({ minLength: 3 }), 'ab', 'must be at least 3 characters', 'too_short'],
    [Type.String({ maxLength: 2 }), 'abc', 'must be at most 2 characters', 'too_long'],
    [Type.Integer({ minimum: 2 }), 1, 'must be >= 2', 'too_small'],
    [Type.Integer({ maximum: 2 }), 3, 'must be <= 2', 'too_large'],
    [Type.Integer(), 1.5, 'must be an integer', 'wrong_type'],
    [Type.Enum(['a', 'b']), 'c', 'must be one of "a", "b"', 'not_allowed'],
    [Type.Literal('a'), 'c', 'must be "a"', 'not_allowed'],
    [Type.Union([Type.Literal('a'), Type.Literal(3)]), 'c', 'must be one of "a", 3', 'not_allowed'],
    [Type.Union([Type.Literal('a'), Type.Literal('b')]), 5, 'must be one of "a", "b"', 'not_allowed'],
    [Type.Union([Type.String(), Type.String()]), 5, 'must be a string', 'wrong_type'],
    [Type.Array(Type.String(), { maxItems: 1 }), ['a', 'b'], 'must hold at most 1 entries', 'too_many'],
    [Type.Array(Type.String(), { minItems: 1 }), [], 'must hold at least 1 items', 'too_few'],
    [Type.Array(Type.String(), { uniqueItems: true }), ['a', 'a'], 'must not repeat an item', 'repeated'],
  ])('says %# in words', (schema, value, detail, code) => {
    expect(errorsOf(Type.Object({ a: schema }), { a: value })).toEqual([{ pointer: '/a', detail, code }]);
  });

  it('says one thing about a choice: the types, or what is wrong with the branch that was meant', () => {
    const schema = Type.Object({ a: Type.Union([Type.Object({ url: Type.String() }, STRICT), Type.Null()]) });
    expect(errorsOf(schema, { a: 5 })).toEqual([
      { pointer: '/a', detail: 'must be an object or null', code: 'wrong_type' },
    ]);
    expect(errorsOf(schema, { a: { url: 'x', ulr: 'x' } })).toEqual([
      { pointer: '/a/ulr', detail: 'is not known here; did you mean "url"?', code: 'unknown_field' },
    ]);
  });

  it('names a bounded number of fields, and says how many', () => {
    const many = Object.fromEntries(Array.from({ length: 50 }, (_, index) => [`field${index}`, 1]));
    const refusal = compileCheck(Type.Object({}, STRICT))(many);
    const { errors, detail } = refusal!.problem;
    expect(errors!.length).toBeLessThanOrEqual(20);
    expect(new Set(errors!.map((error) => error.code))).toEqual(new Set(['unknown_field']));
    expect(detail).toContain(`(and ${errors!.length - 1} more)`);
  });
});

describe('the name that was meant', () => {
  it.each<[string, string | null]>([
    ['event_types', 'eventTypes'],
    ['evntTypes', 'eventTypes'],
    ['URL', 'url'],
    ['hook', null],
  ])('of %s is %s', (name, meant) => {
    expect(closestName(name, ['url', 'eventTypes', 'description'])).toBe(meant);
  });

  it('is not looked for when the name is far longer than any field', () => {
    expect(closestName('u'.repeat(1_000_000), ['u'.repeat(40)])).toBeNull();
  });
});
