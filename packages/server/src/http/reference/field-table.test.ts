import { describe, expect, it } from 'vitest';
import type { JsonSchema, OpenApiDocument } from '../openapi-document.ts';
import { type Direction, shapeText } from './field-table.ts';

const DOCUMENT: OpenApiDocument = {
  openapi: '3.1.0',
  info: { title: '', version: '', description: '' },
  paths: {},
  components: { schemas: {}, responses: {}, securitySchemes: {} },
};

function tableOf(schema: JsonSchema, direction: Direction = 'request'): string {
  return shapeText(DOCUMENT, schema, { caption: 'Fields', direction }).toString();
}

const SCHEMA = {
  type: 'object',
  required: ['a'],
  properties: { a: { type: 'object', additionalProperties: { type: 'string' } }, b: { type: 'integer' } },
};

describe('a table of fields', () => {
  it('indents by classes, and says the names above to those who cannot see that', () => {
    const rows = tableOf(SCHEMA).split('<tr').slice(2);
    expect(rows.map((row) => row.slice(0, row.indexOf(' <span class="type">')))).toEqual([
      '><th scope="row"><code>a</code>',
      ' class="in1"><th scope="row"><span class="unseen">a.</span><em>any name</em>',
      '><th scope="row"><code>b</code>',
    ]);
    let deep: JsonSchema = { type: 'string' };
    for (let depth = 0; depth < 8; depth += 1) deep = { type: 'object', properties: { a: deep } };
    expect([...tableOf(deep).matchAll(/class="in(\d)"/g)].map(([, depth]) => depth)).toEqual('1234566'.split(''));
  });

  it('marks what a caller must send, or what an answer may lack', () => {
    const marks = (direction: Direction): string[] =>
      tableOf(SCHEMA, direction)
        .split('<tr')
        .slice(2)
        .map((row) => /required|may be absent/.exec(row)?.[0] ?? '');
    expect(marks('request')).toEqual(['required', '', '']);
    expect(marks('response')).toEqual(['', '', 'may be absent']);
  });

  it('is a line of text where there are no fields', () => {
    expect(tableOf({ type: 'string', maxLength: 3, description: 'A `word`' })).toBe(
      '<p>string; at most 3 characters</p><p>A <code>word</code></p>',
    );
  });

  it('stands below what is no plain object', () => {
    expect(tableOf({ type: 'array', maxItems: 2, items: SCHEMA })).toMatch(
      /^<p>array of object; at most 2 items<\/p><table>/,
    );
    expect(tableOf({ ...SCHEMA, description: 'Things' })).toMatch(/^<p>Things<\/p><table>/);
  });
});
