import { describe, expect, it } from 'vitest';
import { headerVectors, profileNamed } from '../../tests/vectors.ts';
import { parseSignatureHeader } from './signature-header.ts';

describe('parseSignatureHeader', () => {
  it.each(headerVectors)('$profile: $name', ({ profile, header, expect: expected }) => {
    const parsed = parseSignatureHeader(profileNamed(profile), header);
    if (!expected.ok || !parsed.ok) {
      expect(parsed).toMatchObject(expected);
      return;
    }
    expect(parsed.timestamp).toBe(expected.timestamp);
    expect(parsed.candidates.map(({ index, algorithm }) => ({ index, algorithm }))).toEqual(expected.entries);
  });
});
