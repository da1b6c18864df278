import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import type { OpenApiDocument, OperationObject, SecurityScheme } from '../openapi-document.ts';
import { curlCommand } from './curl.ts';

const KEY: SecurityScheme = { type: 'http', scheme: 'bearer' };

type Asked = {
  method?: string;
  path?: string;
  operation?: Partial<OperationObject>;
  scheme?: SecurityScheme;
  serverUrl?: string;
};

function commandFor({ method = 'GET', path = '/toys', operation = {}, scheme = KEY, serverUrl }: Asked): string {
  const document: OpenApiDocument = {
    openapi: '3.1.0',
    info: { title: '', version: '', description: '' },
    paths: {},
    components: { schemas: {}, responses: {}, securitySchemes: { scheme } },
  };
  const whole = { operationId: '', summary: '', tags: [], responses: {}, security: [{ scheme: [] }], ...operation };
  return curlCommand({ document, serverUrl: serverUrl ?? 'https://toys.example', method, path, operation: whole });
}

/** What a shell gives to curl. */
function argumentsOf(asked: Asked): string[] {
  const script = `curl() { for one in "$@"; do printf '%s\\0' "$one"; done; }\nTOKEN=secret CLIENT_ID=me CLIENT_SECRET=mine\n${commandFor(asked)}`;
  return execFileSync('sh', ['-c', script], { encoding: 'utf8' }).split('\0').slice(0, -1);
}

const parameter = { required: false, schema: {} } as const;
/** What a shell would read as more than text. */
const HOSTILE = `'"$(touch x)\`touch y\`\\ $TOKEN !! ;&|<>*?~#\n`;

describe('the curl command of an operation', () => {
  it('is short for a plain read', () => {
    expect(commandFor({})).toBe(`curl 'https://toys.example/toys' \\\n  -H "Authorization: Bearer $TOKEN"`);
    expect(argumentsOf({})).toEqual(['https://toys.example/toys', '-H', 'Authorization: Bearer secret']);
    expect(argumentsOf({ serverUrl: 'https://toys.example/api/', operation: { security: [] } })).toEqual([
      'https://toys.example/api/toys',
    ]);
  });

  it('fills in what has an example, names what is needed, and leaves the rest out', () => {
    const parameters = [
      { ...parameter, name: 'shop', in: 'path', required: true, example: 'a/b' },
      { ...parameter, name: 'id', in: 'path', required: true },
      { ...parameter, name: 'kinds', in: 'query', example: ['a', 'b&c'] },
      { ...parameter, name: 'limit', in: 'query', schema: { examples: [10] } },
      { ...parameter, name: 'since', in: 'query', required: true },
      { ...parameter, name: 'until', in: 'query' },
      { ...parameter, name: 'X-Wish', in: 'header', example: 'now' },
      { ...parameter, name: 'X-Other', in: 'header' },
    ] as const;
    expect(argumentsOf({ path: '/{shop}/{id}', method: 'DELETE', operation: { parameters } })).toEqual([
      '-X',
      'DELETE',
      'https://toys.example/a%2Fb/<id>?kinds=a%2Cb%26c&limit=10&since=%3Csince%3E',
      '-H',
      'Authorization: Bearer secret',
      '-H',
      'X-Wish: now',
    ]);
  });

  it('sends the example of the body in one line, or in several that read well', () => {
    const body = (example: unknown): Asked => ({
      method: 'POST',
      operation: {
        security: [],
        requestBody: { required: true, content: { 'application/json': { schema: {}, example } } },
      },
    });
    const [, , , , type, , short] = argumentsOf(body({ a: "it's" }));
    expect([type, short]).toEqual(['Content-Type: application/json', `{"a":"it's"}`]);
    const long = { text: 'a'.repeat(80), list: [1, 'b'] };
    const sent = argumentsOf(body(long)).at(-1) ?? '';
    expect(sent).toContain('\n    "list": [\n');
    expect(JSON.parse(sent)).toEqual(long);
  });

  it('takes the type that has an example', () => {
    const content = {
      'application/json': { schema: {} },
      'text/csv': { schema: {}, example: 'a,"b"' },
    };
    const sent = argumentsOf({ method: 'PUT', operation: { security: [], requestBody: { required: true, content } } });
    expect(sent.slice(3)).toEqual(['-H', 'Content-Type: text/csv', '-d', 'a,"b"']);
  });

  it('sends a form as a form, and a file where there is no example', () => {
    const form = { 'application/x-www-form-urlencoded': { schema: {}, example: { grant_type: 'client & co', n: 1 } } };
    const of = (content: NonNullable<OperationObject['requestBody']>['content']): string[] =>
      argumentsOf({ method: 'POST', operation: { security: [], requestBody: { required: true, content } } }).slice(3);
    expect(of(form)).toEqual(['--data-urlencode', 'grant_type=client & co', '--data-urlencode', 'n=1']);
    expect(of({ '*/*': { schema: {} } })).toEqual(['--data-binary', '@body']);
    expect(of({ 'application/json': { schema: {} } })).toEqual([
      '-H',
      'Content-Type: application/json',
      '--data-binary',
      '@body',
    ]);
  });

  it.each<[string, SecurityScheme, string[]]>([
    ['a key in a header', { type: 'apiKey', in: 'header', name: 'X-Key' }, ['-H', 'X-Key: secret']],
    ['a key in a cookie', { type: 'apiKey', in: 'cookie', name: 'key' }, ['-b', 'key=secret']],
    ['a name and a password', { type: 'http', scheme: 'basic' }, ['-u', 'me:mine']],
    [
      'a token',
      { type: 'oauth2', flows: { clientCredentials: { tokenUrl: '/token', scopes: {} } } },
      ['-H', 'Authorization: Bearer secret'],
    ],
  ])('carries %s', (_name, scheme, sent) => {
    expect(argumentsOf({ scheme }).slice(1)).toEqual(sent);
  });

  it('carries a key in the query', () => {
    expect(argumentsOf({ scheme: { type: 'apiKey', in: 'query', name: 'key' } })).toEqual([
      'https://toys.example/toys?key=<key>',
    ]);
  });

  it('gives a shell nothing to run, whatever the document says', () => {
    const parameters = [
      { ...parameter, name: 'id', in: 'path', required: true, example: HOSTILE },
      { ...parameter, name: HOSTILE, in: 'query', example: `${HOSTILE}\ud800` },
      { ...parameter, name: `X${HOSTILE}`, in: 'header', example: HOSTILE },
    ] as const;
    const requestBody = { required: true, content: { [`a/${HOSTILE}`]: { schema: {}, example: HOSTILE } } };
    const sent = argumentsOf({
      path: `/{id}/${HOSTILE}`,
      method: 'POST',
      operation: { parameters, requestBody },
      scheme: { type: 'apiKey', in: 'header', name: HOSTILE },
    });
    expect(sent.slice(3)).toEqual([
      '-H',
      `${HOSTILE}: secret`,
      '-H',
      `X${HOSTILE}: ${HOSTILE}`,
      '-H',
      `Content-Type: a/${HOSTILE}`,
      '-d',
      HOSTILE,
    ]);
    expect(sent[2]).toContain(`/${encodeURIComponent(HOSTILE)}/${HOSTILE}?`);
  });
});
