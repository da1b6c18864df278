import { describe, expect, it } from 'vitest';
import { timestampVectors } from '../../tests/vectors.ts';
import { parseTimestamp } from './timestamp.ts';

describe('parseTimestamp', () => {
  it.each(timestampVectors.valid)('reads $text', ({ text, seconds }) => {
    expect(parseTimestamp(text)).toBe(seconds);
  });

  it.each(timestampVectors.invalid)('refuses %j', (text) => {
    expect(parseTimestamp(text)).toBeNull();
  });
});
