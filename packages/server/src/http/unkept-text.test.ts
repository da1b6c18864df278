import { describe, expect, it } from 'vitest';
import { unkeptTexts } from './unkept-text.ts';

function pointers(json: string): string[] {
  return unkeptTexts(Buffer.from(json), JSON.parse(json)).map(({ pointer }) => pointer);
}

describe('texts that no store keeps', () => {
  it('names each text and each name with U+0000 in it, however deep', () => {
    const json = String.raw`{"a":"x\u0000","b":{"c/d":["ok","\u0000"],"\u0000e":"ok"},"f":7}`;
    expect(pointers(json)).toEqual(['/a', '/b/c~1d/1', '/b/\u0000e']);
  });

  it('names each text and each name with half of a surrogate pair, which would be the same as another one once stored', () => {
    const json = String.raw`{"a":"x\ud800","b":["\uDFFF","\ud83d\ude00"],"c\udc00":"ok","d":"\ude00\ud83d"}`;
    expect(pointers(json)).toEqual(['/a', '/b/0', '/c\ufffd', '/d']);
  });

  it('lets everything else pass, also a text about that character', () => {
    expect(pointers(String.raw`{"a":"\\u0000","b":"\u0001\u001f","c":null,"d":[true,1.5]}`)).toEqual([]);
    expect(pointers('"0000"')).toEqual([]);
  });
});
