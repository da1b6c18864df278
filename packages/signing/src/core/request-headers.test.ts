import { describe, expect, it } from 'vitest';
import { type HeaderSource, readHeader } from './request-headers.ts';

describe('readHeader', () => {
  it('cuts the white space around a value', () => {
    expect(readHeader({ 'x-a': ' \t1 2\t ' }, 'X-A')).toEqual({ ok: true, value: '1 2' });
  });

  it('tells absent from empty', () => {
    expect(readHeader({ 'x-a': '' }, 'x-a')).toEqual({ ok: true, value: '' });
    expect(readHeader({ 'x-b': '' }, 'x-a')).toMatchObject({ ok: false, code: 'header_missing' });
    expect(readHeader({ 'x-a': undefined }, 'x-a')).toMatchObject({ code: 'header_missing' });
    expect(readHeader({ 'x-a': [] }, 'x-a')).toMatchObject({ code: 'header_missing' });
  });

  it('finds a header said twice in every shape', () => {
    const shapes: HeaderSource[] = [
      { 'x-a': ['1', '2'] },
      { 'x-a': '1', 'X-A': '1' },
      [
        ['x-a', '1'],
        ['X-a', '2'],
      ],
      ['x-a', '1', 'X-A', '2'],
    ];
    for (const shape of shapes) expect(readHeader(shape, 'x-a')).toMatchObject({ code: 'header_repeated' });
  });

  it('never takes a value in a flat list for a name', () => {
    expect(readHeader(['x-b', 'x-a', 'x-c', '1'], 'x-a')).toMatchObject({ code: 'header_missing' });
  });

  it('holds on to a bound', () => {
    expect(readHeader({ 'x-a': 'v'.repeat(8192) }, 'x-a')).toMatchObject({ ok: true });
    expect(readHeader({ 'x-a': 'v'.repeat(8193) }, 'x-a')).toMatchObject({ code: 'header_too_long' });
  });

  it('finds nothing in what is not a set of headers', () => {
    for (const odd of [null, undefined, 5, 'x-a', [null, 7], { 'x-a': 5 }]) {
      // What a caller in plain JavaScript might pass.
      expect(readHeader(odd as unknown as HeaderSource, 'x-a')).toMatchObject({ code: 'header_missing' });
    }
  });
});
