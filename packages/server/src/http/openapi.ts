import type { TSchema } from 'typebox';
import { IDEMPOTENCY_HOURS, IDEMPOTENCY_KEY_LENGTH_MAX } from '../domain/limits.ts';
import type { Scope } from '../domain/scope.ts';
import { ORGANIZATION_HEADER } from './authentication.ts';
import {
  type Content,
  type MediaType,
  type OpenApiDocument,
  type OpenApiServer,
  type OperationObject,
  type Parameter,
  type ResponseObject,
  type SecurityRequirement,
  type SecurityScheme,
  scopesSentence,
} from './openapi-document.ts';
import { hoist, type NamedSchemas } from './openapi-schemas.ts';
import { refusalsOf } from './refusals.ts';
import type { Route } from './route.ts';

export type OpenApiInfo = {
  readonly title: string;
  readonly version: string;
  readonly description: string;
  readonly prefix: string;
  /** Where it is served, when that is known. */
  readonly servers?: readonly OpenApiServer[];
  readonly problemContentType: string;
  readonly problemSchema: TSchema;
  /** A refusal with that status; null: none is shown. */
  readonly problemExample: (status: number) => unknown;
  /** Any one of them lets a caller in. */
  readonly securitySchemes: Readonly<Record<string, SecurityScheme>>;
  /** null: no header makes a request repeatable. */
  readonly idempotencyHeader: string | null;
  readonly scopeName: (scope: Scope) => string;
  /** Whether operations say that an operator may act for another organization. */
  readonly organizationHeader: boolean;
};

/** What a document gathers while its operations are written. */
type Gathered = { readonly info: OpenApiInfo; readonly schemas: NamedSchemas; readonly refused: Set<number> };

/** What each status of a refusal means, in every dialect. */
const REFUSALS: Readonly<Record<number, string>> = {
  400: 'The path, a header or the body cannot be read',
  401: 'No credentials, or not valid ones',
  402: 'The plan allows no more of it',
  403: 'The credentials lack a scope',
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
export function openApiDocument<S>(info: OpenApiInfo, routes: readonly Route<S>[]): OpenApiDocument {
  const gathered: Gathered = { info, schemas: new Map(), refused: new Set() };
  const problem = hoist(info.problemSchema, gathered.schemas);
  const paths: Record<string, Record<string, OperationObject>> = {};
  for (const route of routes) {
    const item = (paths[`${info.prefix}${route.path}`] ??= {});
    item[route.method.toLowerCase()] = operation(gathered, route);
  }
  const refusals = [...gathered.refused].map((status): [number, ResponseObject] => {
    const content = { [info.problemContentType]: media(problem, info.problemExample(status) ?? undefined) };
    return [status, { description: REFUSALS[status] ?? 'Refused', content }];
  });
  return {
    openapi: '3.1.0',
    info: { title: info.title, version: info.version, description: info.description },
    ...(info.servers === undefined ? {} : { servers: info.servers }),
    paths,
    components: {
      schemas: Object.fromEntries([...gathered.schemas].sort(([a], [b]) => (a < b ? -1 : 1))),
      responses: Object.fromEntries(refusals),
      securitySchemes: info.securitySchemes,
    },
  };
}

function operation<S>(gathered: Gathered, route: Route<S>): OperationObject {
  const { info, schemas } = gathered;
  const { request } = route;
  const repeatedBy = repeatHeader(info, route);
  const scopes = route.access === 'key' ? [...new Set(route.scopes.map(info.scopeName))] : [];
  const described = [
    route.description,
    repeatedBy === null ? undefined : repeated(repeatedBy),
    route.method === 'POST' && request.body === undefined ? NO_BODY : undefined,
    scopes.length === 0 ? undefined : scopesSentence(scopes),
  ];
  const description = described.filter((text) => text !== undefined).join('\n\n');
  const parameters = [
    ...parametersOf('path', request.params, schemas),
    ...parametersOf('query', request.query, schemas),
    ...parametersOf('header', request.headers, schemas),
    ...(route.access === 'key' && info.organizationHeader ? [ORGANIZATION_PARAMETER] : []),
    ...(repeatedBy === null ? [] : [idempotencyParameter(repeatedBy)]),
  ];
  return {
    operationId: route.operationId,
    summary: route.summary,
    ...(description === '' ? {} : { description }),
    tags: [route.tag],
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(request.body === undefined ? {} : { requestBody: bodyOf(route, schemas) }),
    responses: responsesOf(gathered, route),
    security: route.access === 'key' ? requirements(info, scopes) : [],
  };
}

/** Scopes stand beside each scheme: as OAuth scopes, or as the roles that OpenAPI 3.1 allows for the others. */
function requirements(info: OpenApiInfo, scopes: readonly string[]): SecurityRequirement[] {
  return Object.keys(info.securitySchemes).map((name) => ({ [name]: scopes }));
}

function responsesOf<S>({ info, schemas, refused }: Gathered, route: Route<S>): OperationObject['responses'] {
  const responses: Record<string, OperationObject['responses'][string]> = {};
  const headers = repeatHeader(info, route) === null ? {} : { headers: REPLAYED_HEADERS };
  for (const [status, schema] of Object.entries(route.responses)) {
    const example = route.examples?.responses?.[Number(status)];
    const content =
      schema === null ? {} : { content: { [mediaTypeOf(schema)]: media(hoist(schema, schemas), example) } };
    responses[status] = { description: route.summary, ...headers, ...content };
  }
  for (const status of refusalsOf(route)) {
    refused.add(status);
    responses[status] = { $ref: `#/components/responses/${status}` };
  }
  return responses;
}

function mediaTypeOf(schema: TSchema): string {
  return 'contentMediaType' in schema ? String(schema.contentMediaType) : 'application/json';
}

function media(schema: MediaType['schema'], example: unknown): MediaType {
  return { schema, ...(example === undefined ? {} : { example }) };
}

const BYTES = { schema: { type: 'string', format: 'binary' } } as const;

function bodyOf<S>(route: Route<S>, schemas: NamedSchemas): { required: boolean; content: Content } {
  const { body, optionalBody = false, contentTypes, documentedBody } = route.request;
  const example = route.examples?.request;
  const sameFor = (types: readonly string[], schema: TSchema): Content => {
    const one = media(hoist(schema, schemas), example);
    return Object.fromEntries(types.map((type) => [type, one]));
  };
  if (body === undefined || body === 'raw') {
    const documented = documentedBody === undefined ? {} : sameFor(contentTypes ?? JSON_TYPES, documentedBody);
    // Without types of its own, a route that decodes the bytes itself takes any.
    return { required: true, content: { ...documented, ...(contentTypes === undefined ? { '*/*': BYTES } : {}) } };
  }
  return { required: !optionalBody, content: sameFor(contentTypes ?? JSON_TYPES, body) };
}

const JSON_TYPES = ['application/json'];

function parametersOf(where: Parameter['in'], schema: TSchema | undefined, schemas: NamedSchemas): Parameter[] {
  if (schema === undefined || !('properties' in schema)) return [];
  const required = 'required' in schema && Array.isArray(schema.required) ? schema.required : [];
  const properties = Object.entries(schema.properties as Record<string, TSchema>); // Only objects have them.
  return properties.map(([name, property]) => {
    const { description, example, ...rest } = hoist(property, schemas);
    return {
      name: where === 'header' ? headerName(name) : name,
      in: where,
      required: where === 'path' || required.includes(name),
      ...(typeof description === 'string' ? { description } : {}),
      schema: rest,
      ...(example === undefined ? {} : { example }),
    };
  });
}

/** The names of headers are lower case inside the server, and as people write them in documents. */
function headerName(name: string): string {
  return name.replaceAll(/(?:^|-)[a-z]/g, (start) => start.toUpperCase());
}

const NO_BODY = 'Takes no body, or an empty JSON object.';

const ORGANIZATION_PARAMETER: Parameter = {
  name: headerName(ORGANIZATION_HEADER),
  in: 'header',
  required: false,
  description: `For which organization an operator acts: its id or externalId. The key's own unless given.`,
  schema: { type: 'string', minLength: 1 },
};

/** The header whose value makes a request of this route repeatable, as documents write it; null: none does. */
function repeatHeader<S>({ idempotencyHeader }: OpenApiInfo, route: Route<S>): string | null {
  const isRepeatable = route.access === 'key' && route.idempotent;
  return isRepeatable && idempotencyHeader !== null ? headerName(idempotencyHeader) : null;
}

function repeated(header: string): string {
  return `A repeated request with the same ${header} and body changes nothing again: it gets the result of the first one, told from the current state of what that made, with \`Idempotent-Replayed: true\`.`;
}

const REPLAYED_HEADERS = {
  'Idempotent-Replayed': {
    description: '`true` when an earlier request had done it already; else absent',
    schema: { type: 'string', enum: ['true'] },
  },
};

function idempotencyParameter(name: string): Parameter {
  return {
    name,
    in: 'header',
    required: false,
    description: `Makes the request repeatable for ${IDEMPOTENCY_HOURS} hours. The same key with another body is refused with 422, and with 409 while its first request still runs. A request that was refused may be sent again with its key.`,
    schema: { type: 'string', minLength: 1, maxLength: IDEMPOTENCY_KEY_LENGTH_MAX },
  };
}
