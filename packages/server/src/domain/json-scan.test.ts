import { describe, expect, it } from 'vitest';
import { skipValue } from './json-scan.ts';

describe('scanning a value inside larger bytes', () => {
  it.each(['-0.5e+10', '10E-2', '"\\u00e9\\n"', 'true false null', '{"a" : [1, {"b":{}}, [ ]]}', '[[],{"":""}] '])(
    'looks at nothing before its start or from its end on, in any part of %s',
    (text) => {
      const bytes = new TextEncoder().encode(text);
      for (let start = 0; start <= bytes.length; start += 1) {
        for (let end = start; end <= bytes.length; end += 1) {
          const alone = skipValue(bytes.slice(start, end), 0, end - start);
          expect(skipValue(bytes, start, end)).toBe(alone < 0 ? ~(start + ~alone) : start + alone);
        }
      }
    },
  );
});
