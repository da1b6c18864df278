import { Type } from 'typebox';
import { type OpenApiInfo, openApiDocument } from '../openapi.ts';
import type { OpenApiDocument } from '../openapi-document.ts';
import type { Route } from '../route.ts';

/** A document with something of everything, its words made by `word`: as they are, or worse. */
export function toyDocument(word: (plain: string) => string = (plain) => plain): OpenApiDocument {
  const Part = Type.Object({
    name: Type.String({ description: word('The name of the part'), maxLength: 9, pattern: word('^[a-z]+$') }),
    [word('size')]: Type.Optional(Type.Integer({ minimum: 1, default: 3 })),
  });
  const Toy = Type.Object(
    {
      id: Type.String({ description: word('With `toy_` in front') }),
      parts: Type.Array(Part, { maxItems: 4 }),
      colour: Type.Optional(Type.Enum([word('red'), 'blue'])),
    },
    { $id: 'Toy', description: word('Something to play with') },
  );
  const routes: Route<object>[] = [
    {
      access: 'key',
      method: 'POST',
      path: '/{shop}/toys',
      operationId: word('makeToy'),
      summary: word('Make a toy'),
      description: word('Takes a while.\n\nWith `quick`, less.'),
      tag: word('toys'),
      scopes: ['endpoints:write'],
      idempotent: true,
      request: {
        params: Type.Object({ shop: Type.String({ example: word('main') }) }),
        query: Type.Object({
          [word('quick')]: Type.Optional(Type.Boolean({ description: word('Hurry'), example: true })),
        }),
        headers: Type.Object({ 'x-wish': Type.Optional(Type.String({ example: word('please') })) }),
        body: Toy,
      },
      responses: { 201: Toy, 204: null },
      examples: {
        request: { id: 'toy_1', parts: [{ name: word('wheel') }] },
        responses: { 201: { id: 'toy_1', parts: [{ name: word('wheel') }], colour: 'blue' } },
      },
      handle: () => ({ ok: true, status: 204, body: undefined }),
    },
    {
      access: 'public',
      method: 'GET',
      path: '/toys',
      operationId: word('listToys'),
      summary: word('List toys'),
      tag: word('toys'),
      request: {},
      responses: { 200: Type.String({ contentMediaType: 'text/csv' }) },
      examples: { responses: { 200: word('toy_1,blue') } },
      handle: () => ({ ok: true, status: 200, text: '', contentType: 'text/csv' }),
    },
  ];
  const info: OpenApiInfo = {
    title: word('Toys'),
    version: word('7'),
    description: word('Makes toys.'),
    prefix: '',
    problemContentType: 'application/problem+json',
    problemSchema: Type.Object({ code: Type.String({ description: word('Which') }) }, { $id: 'Refusal' }),
    problemExample: (status) => ({ code: word(`no_${status}`) }),
    securitySchemes: {
      key: { type: 'http', scheme: 'bearer', bearerFormat: word('JWT'), description: word('A key') },
      login: {
        type: 'oauth2',
        description: word('For programs'),
        flows: { clientCredentials: { tokenUrl: word('/token'), scopes: { [word('make')]: word('Making') } } },
      },
      header: { type: 'apiKey', in: 'header', name: word('X-Key') },
      basic: { type: 'http', scheme: 'basic' },
    },
    organizationHeader: true,
    idempotencyHeader: 'idempotency-key',
    scopeName: () => word('make'),
  };
  return openApiDocument(info, routes);
}
