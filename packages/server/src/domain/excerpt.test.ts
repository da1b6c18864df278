import { expect, it } from 'vitest';
import { excerptText } from './excerpt.ts';

it('shows the bytes of a response as text, without NUL and with a mark for what is no UTF-8', () => {
  const bytes = Uint8Array.of(0x61, 0x00, 0xff, 0xc3, 0xa9);
  expect(excerptText(bytes)).toBe('a\ufffdé');
  // A view of a larger buffer shows its own part only.
  expect(excerptText(bytes.subarray(3))).toBe('é');
});
