import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { clean, facts, table } from './table.ts';

type Row = { readonly id: string; readonly url: string };
const COLUMNS = [
  { title: 'ID', text: (row: Row) => row.id },
  { title: 'URL', text: (row: Row) => row.url, shrinks: true },
];
const ROWS: Row[] = [
  { id: 'ep_1', url: 'https://example.com/a/very/long/path/that/goes/on/and/on' },
  { id: 'ep_22', url: 'https://b.example' },
];

describe('a table', () => {
  it('lines its columns up and leaves no blanks at the ends of lines', () => {
    expect(table({ columns: null, color: false }, COLUMNS, ROWS)).toBe(
      'ID     URL\nep_1   https://example.com/a/very/long/path/that/goes/on/and/on\nep_22  https://b.example',
    );
  });

  it('shortens what may shrink to the width of the terminal, and never an id', () => {
    const lines = table({ columns: 40, color: false }, COLUMNS, ROWS).split('\n');
    expect(lines[1]).toBe('ep_1   https://example.com/a/very/long/…');
    expect(lines.every((line) => line.length <= 40)).toBe(true);
    expect(table({ columns: 10, color: false }, COLUMNS, ROWS)).toContain('ep_22');
  });

  it('shortens nothing where nobody looks at it', () => {
    expect(table({ columns: null, color: false }, COLUMNS, ROWS)).toContain('/on/and/on');
  });

  it('has no colour unless asked', () => {
    expect(table({ columns: 80, color: false }, COLUMNS, ROWS)).not.toContain('\u001b');
    expect(table({ columns: 80, color: true }, COLUMNS, ROWS)).toContain('\u001b[1m');
  });

  it('lets nothing through that could steer a terminal', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
        expect(clean(text)).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202e]/);
      }),
    );
    expect(clean('a\u001b[31mred\u001b[0m\r\nb\u202ec')).toBe('ared  b c');
  });

  it('writes facts with their names in one column', () => {
    expect(
      facts([
        ['id', 'ep_1'],
        ['status', ''],
      ]),
    ).toBe('id      ep_1\nstatus');
  });
});
