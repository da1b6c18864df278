import { describe, expect, it } from 'vitest';
import { KEY_IMPORT_LINES_MAX } from '../../domain/limits.ts';
import { readKeyFile } from './key-file.ts';

const [A, B] = ['a1'.repeat(32), 'b2'.repeat(32)];

describe('a file of keys', () => {
  it('has a hash on each line, alone or with a name behind a comma', () => {
    expect(readKeyFile(`\u{feff}${A}\r\n\n  ${B.toUpperCase()} , billing, new \n`)).toEqual({
      ok: true,
      lines: [
        { number: 1, tokenHash: A, name: '' },
        { number: 3, tokenHash: B, name: 'billing, new' },
      ],
    });
  });

  it('tells every line that is wrong, and never what stands in it', () => {
    const token = 'sk_live_this_is_a_token_and_no_hash';
    const read = readKeyFile([A, token, `${A},again`, `${B},${'n'.repeat(201)}`, `name,${B}`].join('\n'));
    expect(read).toEqual({
      ok: false,
      faults: [
        { line: 2, detail: expect.stringContaining('64 characters of hex'), code: 'wrong_format' },
        { line: 3, detail: 'repeats line 1', code: 'repeated' },
        { line: 4, detail: 'has a name of more than 200 characters', code: 'too_long' },
        { line: 5, detail: expect.stringContaining('64 characters of hex'), code: 'wrong_format' },
      ],
    });
    expect(JSON.stringify(read)).not.toContain(token);
  });

  it('is refused when it is empty or too long', () => {
    expect(readKeyFile(' \n')).toMatchObject({ ok: false, faults: [{ code: 'empty' }] });
    const many = Array.from({ length: KEY_IMPORT_LINES_MAX + 1 }, (_, index) => index.toString(16).padStart(64, '0'));
    expect(readKeyFile(many.join('\n'))).toMatchObject({
      ok: false,
      faults: [{ line: KEY_IMPORT_LINES_MAX + 1, code: 'too_many' }],
    });
    expect(readKeyFile(many.slice(1).join('\n')).ok).toBe(true);
  });
});
