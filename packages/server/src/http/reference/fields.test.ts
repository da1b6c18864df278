import { describe, expect, it } from 'vitest';
import type { JsonSchema, OpenApiDocument } from '../openapi-document.ts';
import { shapeOf } from './fields.ts';
import { limitsOf } from './limits-text.ts';

function documentWith(schemas: OpenApiDocument['components']['schemas']): OpenApiDocument {
  return {
    openapi: '3.1.0',
    info: { title: '', version: '', description: '' },
    paths: {},
    components: { schemas, responses: {}, securitySchemes: {} },
  };
}

/** Each line of a shape as `depth path: type`, with `!` after what is required. */
function linesOf(schema: JsonSchema, schemas: OpenApiDocument['components']['schemas'] = {}): string[] {
  return shapeOf(documentWith(schemas), schema).fields.map(
    ({ depth, path, required, free, type }) =>
      `${depth} ${path.join('.')}${required ? '!' : ''}${free ? '?' : ''}: ${type}`,
  );
}

const typeOf = (schema: JsonSchema): string => shapeOf(documentWith({}), schema).type;

describe('the fields of a schema', () => {
  it('are those of objects within objects and lists', () => {
    expect(
      linesOf({
        type: 'object',
        required: ['a'],
        properties: {
          a: { type: 'object', required: ['b'], properties: { b: { type: 'string' } } },
          c: { type: 'array', items: { type: 'object', properties: { d: { type: ['integer', 'null'] } } } },
          e: {},
        },
      }),
    ).toEqual(['0 a!: object', '1 a.b!: string', '0 c: array of object', '1 c[].d: integer or null', '0 e: any']);
    expect(linesOf({ type: 'array', items: { type: 'object', properties: { a: { type: 'null' } } } })).toEqual([
      '0 [].a: null',
    ]);
  });

  it('follow references, and what stands beside one', () => {
    const Named = { type: 'object', properties: { a: { type: 'string' } }, description: 'Its own' };
    const $ref = '#/components/schemas/Named';
    const lines = linesOf({ properties: { x: { $ref }, y: { $ref: '#/components/schemas/None' } } }, { Named });
    expect(lines).toEqual(['0 x: object', '1 x.a: string', '0 y: any']);
    expect(shapeOf(documentWith({ Named }), { $ref }).description).toBe('Its own');
    expect(shapeOf(documentWith({ Named }), { $ref, description: 'Here' }).description).toBe('Here');
  });

  it('end where a schema stands within itself', () => {
    const $ref = '#/components/schemas/Tree';
    const Tree = { type: 'object', properties: { branches: { type: 'array', items: { $ref } } } };
    expect(linesOf({ $ref }, { Tree })).toEqual(['0 branches: array of object']);
    const Loop = { $ref: '#/components/schemas/Loop' };
    expect(linesOf({ properties: { a: Loop } }, { Loop })).toEqual(['0 a: any']);
    const List = { type: 'array', items: { $ref: '#/components/schemas/List' } };
    expect(shapeOf(documentWith({ List }), List).type).toMatch(/^array of array of .* any$/);
  });

  it('end at a depth that nobody reads', () => {
    let schema: JsonSchema = { type: 'string' };
    for (let depth = 0; depth < 30; depth += 1) schema = { type: 'object', properties: { a: schema } };
    expect(linesOf(schema)).toHaveLength(8);
  });

  it('are merged from all parts of a schema, and told apart where there is a choice', () => {
    const a = { type: 'object', properties: { a: { type: 'string' } } };
    const b = { type: 'object', required: ['b'], properties: { b: { type: 'number' } } };
    expect(linesOf({ allOf: [a, b] })).toEqual(['0 a: string', '0 b!: number']);
    expect(linesOf({ anyOf: [a, { type: 'null' }] })).toEqual(['0 a: string']);
    expect(linesOf({ oneOf: [a, b] })).toEqual([
      '0 choice 1 of 2?: object',
      '1 choice 1 of 2.a: string',
      '0 choice 2 of 2?: object',
      '1 choice 2 of 2.b!: number',
    ]);
  });

  it('may have free names', () => {
    const free = { type: 'object', patternProperties: { '^.*$': { type: 'string' } }, additionalProperties: false };
    expect(linesOf({ properties: { free } })).toEqual(['0 free: object', '1 free.any name?: string']);
    expect(linesOf({ type: 'object', additionalProperties: { type: 'integer' } })).toEqual(['0 any name?: integer']);
    expect(linesOf({ type: 'object', additionalProperties: {} })).toEqual([]);
  });

  it.each<[JsonSchema, string]>([
    [{ type: 'string', format: 'uuid' }, 'string (uuid)'],
    [{ type: 'string', format: 'binary' }, 'any bytes'],
    [{ type: ['string', 'null'], format: 'date-time' }, 'string (date-time) or null'],
    [{ anyOf: [{ type: 'string' }, { type: 'integer' }, { type: 'string' }] }, 'string or integer'],
    [{ const: 7 }, 'number'],
    [{ enum: ['a', null] }, 'string or null'],
    [{ properties: {} }, 'object'],
    [{ items: {} }, 'array of any'],
    [{ type: 'array' }, 'array'],
    [{}, 'any'],
  ])('have a type in words: %j', (schema, words) => {
    expect(typeOf(schema)).toBe(words);
  });
});

describe('the limits of a schema', () => {
  it.each<[JsonSchema, string[]]>([
    [{}, []],
    [{ minLength: 1, maxLength: 255 }, ['1 to 255 characters']],
    [{ minLength: 0, maxLength: 1 }, ['at most 1 character']],
    [{ minLength: 2 }, ['at least 2 characters']],
    [{ minLength: 0 }, []],
    [{ minLength: 36, maxLength: 36 }, ['exactly 36 characters']],
    [{ minItems: 1, uniqueItems: true }, ['at least 1 item', 'no item twice']],
    [{ maxProperties: 20 }, ['at most 20 entries']],
    [{ minimum: 0, maximum: 86_400 }, ['0 to 86,400']],
    [{ minimum: 0 }, ['at least 0']],
    [{ exclusiveMinimum: 0, exclusiveMaximum: 1.5, multipleOf: 0.5 }, ['over 0', 'under 1.5', 'a multiple of 0.5']],
    [{ enum: ['a', 'b', null] }, ['one of `a`, `b`, `null`']],
    [{ enum: ['a'] }, ['always `a`']],
    [{ const: true }, ['always `true`']],
    [{ pattern: '^`a`$' }, ['like `^´a´$`']],
    [{ default: '' }, ['empty unless given']],
    [{ default: false, deprecated: true }, ['`false` unless given', 'deprecated']],
    [{ example: 'x' }, ['for example `x`']],
    [{ examples: [3, 4] }, ['for example `3`']],
  ])('are said in words: %j', (schema, words) => {
    expect(limitsOf(schema)).toEqual(words);
  });
});
