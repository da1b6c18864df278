import { type TSchema, Type } from 'typebox';
import { describe, expect, it } from 'vitest';
import { type OpenApiInfo, openApiDocument } from './openapi.ts';
import type { OpenApiDocument, OperationObject } from './openapi-document.ts';
import type { Route } from './route.ts';
import { exampleFaults, exampleGaps, operationFaults, referenceFaults } from './testing/document-faults.ts';

const Toy = Type.Object(
  {
    id: Type.String({ pattern: '^toy_' }),
    /** A field with the name of a keyword, and a value that looks like a schema with a name. */
    default: Type.Optional(Type.String({ $id: 'Word', minLength: 1 })),
    shape: Type.Optional(Type.Unknown({ default: { $id: 'NotASchema' } })),
  },
  { $id: 'Toy' },
);

const info: OpenApiInfo = {
  title: 'Toys',
  version: '7',
  description: 'Makes toys.',
  prefix: '/toys',
  problemContentType: 'application/problem+json',
  problemSchema: Type.Object({ code: Type.String() }, { $id: 'Refusal' }),
  problemExample: (status) => (status === 500 ? null : { code: `no_${status}` }),
  securitySchemes: { key: { type: 'http', scheme: 'bearer', description: 'An API key.' } },
  organizationHeader: true,
  idempotencyHeader: 'x-idempotency-key',
  scopeName: (scope) => (scope.startsWith('endpoints:') ? 'toys' : scope),
};

const route: Route<object> = {
  access: 'key',
  method: 'POST',
  path: '/{id}/paint',
  operationId: 'paint',
  summary: 'Paint a toy',
  tag: 'painting',
  scopes: ['endpoints:read', 'endpoints:write', 'events:read'],
  idempotent: true,
  request: {
    params: Type.Object({ id: Type.String({ example: 'toy_1', description: 'The toy' }) }),
    query: Type.Object({ coats: Type.Optional(Type.Integer({ minimum: 1, examples: [2, 3] })) }),
    headers: Type.Object({ 'x-brush': Type.Optional(Type.String({ example: 'fine' })) }),
    body: Type.Object({ colour: Type.String() }),
    contentTypes: ['application/json', 'application/merge-patch+json'],
  },
  responses: { 200: Toy, 202: Type.Array(Toy), 204: null },
  examples: { request: { colour: 'red' }, responses: { 200: { id: 'toy_1' } } },
  handle: () => ({ ok: true, status: 204, body: undefined }),
};

const page: Route<object> = {
  access: 'public',
  method: 'GET',
  path: '/catalogue',
  operationId: 'catalogue',
  summary: 'The catalogue',
  tag: 'reading',
  request: {},
  responses: { 200: Type.String({ contentMediaType: 'text/csv' }) },
  examples: { responses: { 200: 'toy_1,red' } },
  handle: () => ({ ok: true, status: 200, text: '', contentType: 'text/csv' }),
};

const document = openApiDocument(info, [route, page]);

function operationOf({ paths }: OpenApiDocument, path: string, method: string): OperationObject {
  const operation = paths[path]?.[method];
  if (operation === undefined) throw new Error(`no ${method} ${path}`);
  return operation;
}

const paint = operationOf(document, '/toys/{id}/paint', 'post');

describe('examples in a document', () => {
  it('stand beside the schema of each body and answer', () => {
    const red = { example: { colour: 'red' } };
    expect(paint.requestBody?.content).toMatchObject({ 'application/json': red, 'application/merge-patch+json': red });
    expect(paint.responses['200']).toMatchObject({ content: { 'application/json': { example: { id: 'toy_1' } } } });
    expect(paint.responses['202']).not.toHaveProperty('content.application/json.example');
  });

  it('stand beside parameters whose schemas have some', () => {
    expect(paint.parameters).toMatchObject([
      { name: 'id', in: 'path', description: 'The toy', example: 'toy_1', schema: { type: 'string' } },
      { name: 'coats', in: 'query', schema: { examples: [2, 3] } },
      { name: 'X-Brush', in: 'header', example: 'fine' },
      { name: 'Hookring-Organization' },
      { name: 'X-Idempotency-Key' },
    ]);
    expect(paint.parameters?.[0]?.schema).toEqual({ type: 'string' });
  });

  it('show each refusal that has one', () => {
    const { responses } = document.components;
    expect(responses['404']?.content).toMatchObject({ 'application/problem+json': { example: { code: 'no_404' } } });
    expect(responses['500']?.content?.['application/problem+json']).not.toHaveProperty('example');
  });

  it('are no schemas, and fields may be called like keywords', () => {
    expect(Object.keys(document.components.schemas)).toEqual(['Refusal', 'Toy', 'Word']);
    expect(document.components.schemas['Toy']).toMatchObject({
      properties: { default: { $ref: '#/components/schemas/Word' }, shape: { default: { $id: 'NotASchema' } } },
    });
  });
});

describe('a document', () => {
  it('refers to a named schema where it stands within itself', () => {
    const tree: { $id: string; type: string; properties: Record<string, object> } = {
      $id: 'Tree',
      type: 'object',
      properties: {},
    };
    tree.properties['branches'] = { type: 'array', items: tree };
    const own = openApiDocument(info, [{ ...page, examples: {}, responses: { 200: tree } }]);
    const $ref = '#/components/schemas/Tree';
    expect(own.components.schemas['Tree']).toEqual({
      type: 'object',
      properties: { branches: { type: 'array', items: { $ref } } },
    });
    expect(referenceFaults(own)).toEqual([]);
  });

  it('says an answer that is no JSON by its own type', () => {
    const { responses } = operationOf(document, '/toys/catalogue', 'get');
    expect(responses['200']).toMatchObject({ content: { 'text/csv': { example: 'toy_1,red' } } });
  });

  it('names the scopes once each, in the words of the surface, with every scheme that lets a caller in', () => {
    expect(paint.security).toEqual([{ key: ['toys', 'events:read'] }]);
    expect(paint.description).toContain('Scopes: `toys`, `events:read`.');
    expect(operationOf(document, '/toys/catalogue', 'get').security).toEqual([]);
    const token = { tokenUrl: '/token', scopes: { toys: 'Everything of toys', 'events:read': 'Reading events' } };
    const schemes: OpenApiInfo['securitySchemes'] = {
      key: { type: 'apiKey', in: 'header', name: 'X-Api-Key' },
      login: { type: 'oauth2', flows: { clientCredentials: token } },
    };
    const own = openApiDocument({ ...info, securitySchemes: schemes }, [route]);
    expect(own.components.securitySchemes).toEqual(schemes);
    const scopes = ['toys', 'events:read'];
    expect(operationOf(own, '/toys/{id}/paint', 'post').security).toEqual([{ key: scopes }, { login: scopes }]);
    const poor: OpenApiInfo['securitySchemes'] = {
      login: { type: 'oauth2', flows: { clientCredentials: { ...token, scopes: { toys: '' } } } },
    };
    expect(operationFaults(openApiDocument({ ...info, securitySchemes: poor }, [route]))).toEqual([
      'POST /toys/{id}/paint: login has no scope events:read',
    ]);
    for (const one of [document, own]) expect([...referenceFaults(one), ...operationFaults(one)]).toEqual([]);
  });

  it('says a body that a route decodes itself by the types it takes, or by any', () => {
    const request = { body: 'raw', documentedBody: Type.Object({ colour: Type.String() }) } as const;
    const contentOf = (more: object): unknown => {
      const one = openApiDocument(info, [
        { ...page, method: 'POST', examples: { request: { colour: 'red' } }, ...more },
      ]);
      return operationOf(one, '/toys/catalogue', 'post').requestBody?.content;
    };
    const red = { schema: expect.objectContaining({ type: 'object' }), example: { colour: 'red' } };
    const bytes = { schema: { type: 'string', format: 'binary' } };
    expect(contentOf({ request })).toEqual({ 'application/json': red, '*/*': bytes });
    expect(contentOf({ request: { body: 'raw' } })).toEqual({ '*/*': bytes });
    const form = 'application/x-www-form-urlencoded';
    expect(contentOf({ request: { ...request, contentTypes: [form, 'application/json'] } })).toEqual({
      [form]: red,
      'application/json': red,
    });
  });

  it('says where it is served only when that is known', () => {
    expect(document).not.toHaveProperty('servers');
    const servers = [{ url: 'https://hooks.example' }];
    expect(openApiDocument({ ...info, servers }, [route]).servers).toEqual(servers);
  });

  it('tells of a repeated request with the header of the surface', () => {
    expect(paint.description).toContain('the same X-Idempotency-Key');
  });

  it('tells of no repeated request where no header makes one', () => {
    const once = operationOf(
      openApiDocument({ ...info, idempotencyHeader: null }, [route]),
      '/toys/{id}/paint',
      'post',
    );
    expect(JSON.stringify(once)).not.toMatch(/idempoten/i);
    expect(JSON.stringify(paint)).toMatch(/idempoten/i);
  });

  it('refuses two different schemas of one name, and takes copies of one', () => {
    const thing = (name: string) =>
      Type.Object({ [name]: Type.Array(Type.Object({}, { $id: 'Part' })) }, { $id: 'Thing' });
    const of = (...schemas: readonly TSchema[]) =>
      openApiDocument(
        info,
        schemas.map((schema, index) => ({ ...page, path: `/${index}`, responses: { 200: schema } })),
      );
    expect(() => of(thing('a'), thing('b'))).toThrow('two different schemas have the $id "Thing"');
    expect(() => of(thing('a'), Type.Object({}, { $id: 'Part', title: 'x' }))).toThrow('the $id "Part"');
    expect(Object.keys(of(thing('a'), thing('a')).components.schemas)).toEqual(['Part', 'Refusal', 'Thing']);
  });
});

describe('the check of a document', () => {
  it('finds nothing wrong with a right one, and the answers without an example', () => {
    expect(exampleFaults(document)).toEqual([]);
    expect(exampleGaps(document)).toEqual(['POST /toys/{id}/paint 202', 'refusal 500']);
  });

  it.each<[string, Partial<Route<object>>, string]>([
    ['a body', { examples: { request: { colour: 7 } } }, 'POST /toys/{id}/paint application/json: "/colour"'],
    [
      'an answer behind a reference',
      { examples: { responses: { 200: { id: 'x' } } } },
      'POST /toys/{id}/paint 200: "/id"',
    ],
    [
      'a list of references',
      { examples: { responses: { 202: [{ id: 'toy_1' }, {}] } } },
      'POST /toys/{id}/paint 202: "/1"',
    ],
    [
      'a parameter',
      { request: { params: Type.Object({ id: Type.String({ example: 7 }) }) } },
      'POST /toys/{id}/paint parameter id: ""',
    ],
    [
      'a schema with examples of its own',
      { responses: { 200: Type.Object({ a: Type.Optional(Type.Integer({ examples: [1, 'x'] })) }) } },
      'POST /toys/{id}/paint 200 (in its schema): ""',
    ],
    [
      'a default within a list',
      { responses: { 200: Type.Array(Type.Union([Type.Null(), Type.Integer({ default: 'x' })])) } },
      'POST /toys/{id}/paint 200 (in its schema): ""',
    ],
  ])('finds an example that does not fit in %s', (_name, more, fault) => {
    // Parts of one kind of route.
    const broken = openApiDocument(info, [{ ...route, examples: {}, ...more } as Route<object>]);
    expect(exampleFaults(broken).map((line) => line.slice(0, fault.length))).toContain(fault);
  });

  it('finds a refusal that does not fit', () => {
    const broken = openApiDocument({ ...info, problemExample: () => ({ code: null }) }, [page]);
    expect(exampleFaults(broken)).toContainEqual(expect.stringContaining('refusal 422: "/code"'));
  });

  it('finds references, parameters, operations and schemes that are not there', () => {
    const { components } = document;
    expect(referenceFaults({ ...document, components: { ...components, schemas: {} } })).toContain(
      '#/components/schemas/Toy',
    );
    const { parameters, ...rest } = paint;
    const first = parameters?.[0];
    if (first === undefined) throw new Error('no parameter');
    const broken = {
      ...document,
      paths: {
        '/{id}': { get: rest, put: { ...rest, parameters: [first, first], security: [{ none: [] }] } },
      },
    };
    expect(operationFaults(broken)).toEqual([
      'GET /{id}: path parameters ',
      'PUT /{id}: operationId paint stands twice',
      'PUT /{id}: path parameters id,id',
      'PUT /{id}: a parameter stands twice',
      'PUT /{id}: no security scheme none',
    ]);
  });
});
