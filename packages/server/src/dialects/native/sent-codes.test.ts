import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ERRORS } from '../../domain/error-registry.ts';

const SOURCES = join(import.meta.dirname, '../..');
/** A code as the code of a refusal: an argument, a member or one branch of a choice. A type or a comparison sends nothing. */
const SENT = /(?:refused\(\s*|refuse\((?:\w+, )*|\bcode: |\s[?:] )'([a-z_]+)'/g;

/** The command line only reads what the server sends. */
function isServerSource(path: string): boolean {
  return path.endsWith('.ts') && !path.endsWith('.test.ts') && !/^cli\/|\/testing\/|error-registry/.test(path);
}

describe('an error code', () => {
  it('is registered only if something in the server sends it', () => {
    const sent = new Set<string>();
    for (const path of readdirSync(SOURCES, { recursive: true, encoding: 'utf8' }).filter(isServerSource)) {
      for (const [, code = ''] of readFileSync(join(SOURCES, path), 'utf8').matchAll(SENT)) sent.add(code);
    }
    expect(Object.keys(ERRORS).filter((code) => !sent.has(code))).toEqual([]);
    // The rule that finds them tells sent codes from words that only look like one.
    expect([sent.has('validation_failed'), sent.has('url_not_allowed'), sent.has('payload_missing')]).toEqual([
      true,
      false,
      false,
    ]);
  });
});
