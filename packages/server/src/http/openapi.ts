import type { TSchema } from 'typebox';
import { IDEMPOTENCY_HOURS, IDEMPOTENCY_KEY_LENGTH_MAX } from '../domain/limits.ts';
import type { Scope } from '../domain/scope.ts';
import { ORGANIZATION_HEADER } from './authentication.ts';
import { refusalsOf } from './refusals.ts';
import type { Route } from './route.ts';

export type OpenApiInfo = {
  readonly title: string;
  readonly version: string;
  readonly description: string;
  readonly prefix: string;
  readonly problemContentType: string;
  readonly problemSchema: TSchema;
  readonly tokenExample: string;
  readonly idempotencyHeader: string;
  readonly scopeName: (scope: Scope) => string;
};

type Json = { [key: string]: unknown };

/** What each status of a refusal means, in every dialect. */
const REFUSALS: Readonly<Record<number, string>> = {
  400: 'The path, a header or the body cannot be read',
  401: 'No API key, or not a valid one',
  403: 'The API key lacks a scope',
  404: 'There is nothing with that id, or no organization as the request names it',
  409: 'It conflicts with the state of things, or the first request with the same Idempotency-Key still runs',
  412: 'It changed since it was read',
  413: 'The body is larger than the limit that the answer names',
  415: 'The content type is not taken here',
  422: 'Readable, and not valid; or the Idempotency-Key was used before with another body',
  429: 'Too many requests',
  431: 'More header bytes than the server reads',
  500: 'The server is broken',
  503: 'Not now; nothing was stored',
};

/** OpenAPI 3.1 from the same data that validates requests, so the two cannot drift apart. */
export function openApiDocument<S>(info: OpenApiInfo, routes: readonly Route<S>[]): Json {
  const schemas = new Map<string, unknown>();
  const refused = new Set<number>();
  const problem = hoist(info.problemSchema, schemas);
  const paths: Record<string, Json> = {};
  for (const route of routes) {
    const path = `${info.prefix}${route.path}`;
    const item = (paths[path] ??= {});
    item[route.method.toLowerCase()] = operation(info, route, schemas, refused);
  }
  return {
    openapi: '3.1.0',
    info: { title: info.title, version: info.version, description: info.description },
    paths,
    components: {
      schemas: Object.fromEntries([...schemas].sort(([a], [b]) => (a < b ? -1 : 1))),
      responses: Object.fromEntries(
        [...refused].map((status) => [
          status,
          { description: REFUSALS[status] ?? 'Refused', content: { [info.problemContentType]: { schema: problem } } },
        ]),
      ),
      securitySchemes: {
        key: { type: 'http', scheme: 'bearer', description: `An API key, for example \`${info.tokenExample}\`.` },
      },
    },
  };
}

function operation<S>(info: OpenApiInfo, route: Route<S>, schemas: Map<string, unknown>, refused: Set<number>): Json {
  const { request } = route;
  const scopes = route.access === 'key' ? route.scopes.map(info.scopeName) : [];
  const described = [
    route.description,
    route.access === 'key' && route.idempotent ? REPEATED : undefined,
    route.method === 'POST' && request.body === undefined ? BODY_IGNORED : undefined,
    scopes.length === 0 ? undefined : `Scopes: ${scopes.map((scope) => `\`${scope}\``).join(', ')}.`,
  ];
  const description = described.filter((text) => text !== undefined).join('\n\n');
  const parameters = [
    ...parametersOf('path', request.params, schemas),
    ...parametersOf('query', request.query, schemas),
    ...parametersOf('header', request.headers, schemas),
    ...(route.access === 'key' ? [ORGANIZATION_PARAMETER] : []),
    ...(route.access === 'key' && route.idempotent ? [idempotencyParameter(info)] : []),
  ];
  return {
    operationId: route.operationId,
    summary: route.summary,
    ...(description === '' ? {} : { description }),
    tags: [route.tag],
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(request.body === undefined ? {} : { requestBody: bodyOf(route, schemas) }),
    responses: responsesOf(route, schemas, refused),
    security: route.access === 'key' ? [{ key: [] }] : [],
  };
}

function responsesOf<S>(route: Route<S>, schemas: Map<string, unknown>, refused: Set<number>): Json {
  const responses: Json = {};
  const headers = route.access === 'key' && route.idempotent ? { headers: REPLAYED_HEADER } : {};
  for (const [status, schema] of Object.entries(route.responses)) {
    const content = schema === null ? {} : { content: { 'application/json': { schema: hoist(schema, schemas) } } };
    responses[status] = { description: route.summary, ...headers, ...content };
  }
  for (const status of refusalsOf(route)) {
    refused.add(status);
    responses[status] = { $ref: `#/components/responses/${status}` };
  }
  return responses;
}

function bodyOf<S>(route: Route<S>, schemas: Map<string, unknown>): Json {
  const { body, optionalBody = false, contentTypes = ['application/json'] } = route.request;
  if (body === undefined || body === 'raw') {
    const documented = route.request.documentedBody;
    const json = documented === undefined ? {} : { 'application/json': { schema: hoist(documented, schemas) } };
    return { required: true, content: { ...json, '*/*': { schema: { type: 'string', format: 'binary' } } } };
  }
  const schema = hoist(body, schemas);
  return { required: !optionalBody, content: Object.fromEntries(contentTypes.map((type) => [type, { schema }])) };
}

function parametersOf(
  where: 'path' | 'query' | 'header',
  schema: TSchema | undefined,
  schemas: Map<string, unknown>,
): Json[] {
  if (schema === undefined || !('properties' in schema)) return [];
  const required = 'required' in schema && Array.isArray(schema.required) ? schema.required : [];
  const properties = Object.entries(schema.properties as Record<string, TSchema>); // Only objects have them.
  return properties.map(([name, property]) => {
    const { description, ...rest } = hoist(property, schemas) as Json; // A schema without an $id stays an object.
    return {
      name: where === 'header' ? headerName(name) : name,
      in: where,
      required: where === 'path' || required.includes(name),
      ...(description === undefined ? {} : { description }),
      schema: rest,
    };
  });
}

/** The names of headers are lower case inside the server, and as people write them in documents. */
function headerName(name: string): string {
  return name.replaceAll(/(?:^|-)[a-z]/g, (start) => start.toUpperCase());
}

const REPEATED =
  'A repeated request with the same Idempotency-Key and body changes nothing again: it gets the result of the first one, told from the current state of what that made, with `Idempotent-Replayed: true`.';
const BODY_IGNORED = 'Takes no body; one that is sent is ignored.';
const REPLAYED_HEADER = {
  'Idempotent-Replayed': {
    description: '`true` when an earlier request had done it already; else absent',
    schema: { type: 'string', enum: ['true'] },
  },
};
const ORGANIZATION_PARAMETER: Json = {
  name: headerName(ORGANIZATION_HEADER),
  in: 'header',
  required: false,
  description: `For which organization an operator acts: its id or externalId. The key's own unless given.`,
  schema: { type: 'string', minLength: 1 },
};

function idempotencyParameter(info: OpenApiInfo): Json {
  return {
    name: headerName(info.idempotencyHeader),
    in: 'header',
    required: false,
    description: `Makes the request repeatable for ${IDEMPOTENCY_HOURS} hours. The same key with another body is refused with 422, and with 409 while its first request still runs. A request that was refused may be sent again with its key.`,
    schema: { type: 'string', minLength: 1, maxLength: IDEMPOTENCY_KEY_LENGTH_MAX },
  };
}

/** Schemas with an `$id` become components, once, and a reference where they stood. */
function hoist(schema: unknown, schemas: Map<string, unknown>): unknown {
  if (Array.isArray(schema)) return schema.map((item) => hoist(item, schemas));
  if (typeof schema !== 'object' || schema === null) return schema;
  const { $id: id, ...rest } = schema as { readonly $id?: string }; // A JSON Schema.
  if (id !== undefined && schemas.has(id)) return { $ref: `#/components/schemas/${id}` };
  if (id !== undefined) schemas.set(id, {});
  const plain = Object.fromEntries(Object.entries(rest).map(([key, value]) => [key, hoist(value, schemas)]));
  if (id === undefined) return plain;
  schemas.set(id, plain);
  return { $ref: `#/components/schemas/${id}` };
}
