import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type CurlPlaces, printedCurl } from './printed-curl.ts';

const HOST = 'https://api.example.com';
const token = 'k_live_1';

function read(text: string, more: Partial<CurlPlaces> = {}) {
  return printedCurl(text, { host: HOST, token, ...more });
}

describe('a printed curl command', () => {
  it('over several lines, with headers, a variable, placeholders and a body', () => {
    const printed = `curl -X PATCH https://api.example.com/v1/hooks/<id> \\
-H "Authorization: Bearer $EXAMPLE_API_KEY" \\
-H 'Content-Type: application/json' \\
-d '{
"url": "<string>",
"events": [],
"description": "<string>"
}'`;
    const values = { url: 'https://me.example/a?b=1&c="2"', description: 'mine' };
    expect(read(printed, { ids: { '<id>': 'ep_1' }, values })).toEqual({
      method: 'PATCH',
      path: '/v1/hooks/ep_1',
      ask: {
        token: null,
        headers: { authorization: 'Bearer k_live_1', 'content-type': 'application/json' },
        raw: `{
"url": "https://me.example/a?b=1&c=\\"2\\"",
"events": [],
"description": "mine"
}`,
      },
    });
  });

  it('without a header gets the key that the page forgot, and the method of curl', () => {
    const plain = read('curl "https://api.example.com/hooks/497f-1?limit=2"', { ids: { '497f-1': 'x' } });
    expect(plain).toEqual({
      method: 'GET',
      path: '/hooks/x?limit=2',
      ask: { token: null, headers: { authorization: 'Bearer k_live_1' } },
    });
    const { method, ask } = read('curl https://api.example.com/x --data a=b');
    expect([method, ask.raw, ask.headers?.['content-type']]).toEqual([
      'POST',
      'a=b',
      'application/x-www-form-urlencoded',
    ]);
  });

  it('keeps what a shell keeps: a $ in single quotes, pieces that make one word, escapes', () => {
    const { ask } = read(`curl -H "X-A: \\"b\\" $K" https://api.example.com/x -d 'it'\\''s $5'" \\\\"`);
    expect([ask.headers?.['x-a'], ask.raw]).toEqual(['"b" k_live_1', "it's $5 \\"]);
  });

  it.each([
    ['wget https://api.example.com/x', 'not curl'],
    ['', 'not curl'],
    ['curl', '0 addresses'],
    ['curl https://api.example.com/x https://api.example.com/y', '2 addresses'],
    ['curl https://api.example.org/x', 'is not at'],
    ['curl https://api.example.com.evil/x', 'is not at'],
    ['curl -k https://api.example.com/x', '-k is not known'],
    ['curl https://api.example.com/x -F a=b', '-F is not known'],
    ['curl https://api.example.com/x -X', '-X has no value'],
    ['curl https://api.example.com/x -X PUT -X POST', '-X twice'],
    ['curl https://api.example.com/x -d a -d b', '-d twice'],
    ['curl https://api.example.com/x -d @file', 'from a file'],
    ['curl https://api.example.com/x -H "A: 1" -H "a: 2"', 'a twice'],
    ['curl https://api.example.com/x -H "A:"', 'is no header'],
    ['curl https://api.example.com/x -H nonsense', 'is no header'],
    ['curl https://api.example.com/x | jq', '| means more'],
    ['curl https://api.example.com/<id>', '< means more'],
    ['curl "https://api.example.com/<id>"', 'nothing was given for <id>'],
    [`curl https://api.example.com/x -d '{"a":"<string>"}'`, 'nothing was given for <string>'],
    ['curl https://api.example.com/x -H "A: $ONE $TWO"', 'no value for $TWO'],
    ['curl https://api.example.com/x -H "A: $(id)"', '$ means more'],
    ['curl https://api.example.com/x -d "`id`"', 'means more'],
    ["curl https://api.example.com/x -d 'open", "' means more"],
    ['curl https://api.example.com/x \\', '\\ means more'],
  ])('is refused when it is %s', (text, problem) => {
    expect(() => read(text)).toThrow(problem);
  });

  it('is refused when what it was given is not printed, or is no plain word', () => {
    const printed = `curl https://api.example.com/1 -d '{"a":"<string>"}'`;
    expect(() => read(printed, { ids: { '<id>': 'x' } })).toThrow('<id> is not printed');
    expect(() => read(printed, { values: { b: 'x' } })).toThrow('"b": "<string>" is not printed');
    expect(() => read(printed, { ids: { '1': 'x y' } })).toThrow('more than a word');
    expect(() => read(printed, { values: { a: "it's" } })).toThrow('more than a word');
  });

  it('sends any body in single quotes as it stands', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (body) => {
        fc.pre(!body.includes("'") && !body.startsWith('@') && !/<\w+>/.test(body));
        expect(read(`curl https://api.example.com/x -d '${body}'`).ask.raw).toBe(body);
      }),
    );
  });
});
