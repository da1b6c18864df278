import type { FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import type { IdempotencyRequest } from '../app/caller.ts';
import { type Refusal, refused } from '../app/outcome.ts';
import { readJsonBody } from './body.ts';
import { checkContentEncoding, checkContentType, JSON_MEDIA_TYPE } from './content-type.ts';
import { idempotencyRequest } from './idempotency.ts';
import { compileQuery } from './query.ts';
import type { RouteInput, RouteRequest } from './route.ts';
import { unkeptTexts } from './unkept-text.ts';
import { compileCheck, refuseFields } from './validation.ts';

type Reading = { readonly ok: true; readonly input: RouteInput } | Refusal;

/** Turns a request into a handler's input, or says what is wrong with it. */
export type RequestReader = (request: FastifyRequest) => Reading;

const NO_BYTES = new Uint8Array(0);
const NO_QUERY = compileQuery(Type.Object({}, { additionalProperties: false }));
const JSON_ONLY = [JSON_MEDIA_TYPE] as const;

/** Compiles the schemas of a route once. */
export function compileRequest(shape: RouteRequest): RequestReader {
  const checkParams = shape.params === undefined ? null : compileCheck(shape.params);
  const readQuery = shape.query === undefined ? NO_QUERY : compileQuery(shape.query);
  const checkHeaders = shape.headers === undefined ? null : compileCheck(shape.headers, (path) => `#${path.slice(1)}`);
  const readBody = compileBody(shape);

  return (request) => {
    const { params, headers } = request;
    // A path that no id could have names nothing.
    if (checkParams !== null && checkParams(params) !== null)
      return refused('not_found', 'there is nothing at this path');
    const query = readQuery(request.query);
    if (!query.ok) return query;
    const wrongHeader = checkHeaders === null ? null : checkHeaders(headers);
    if (wrongHeader !== null) return wrongHeader;
    const body = readBody(request);
    if (!body.ok) return body;
    return { ok: true, input: { params, query: query.query, headers, body: body.value } as RouteInput }; // Checked by the schemas.
  };
}

type BodyReader = (request: FastifyRequest) => { readonly ok: true; readonly value: unknown } | Refusal;

const NO_BODY = { ok: true, value: undefined } as const;

function compileBody(shape: RouteRequest): BodyReader {
  const { body: schema, optionalBody = false, contentTypes = JSON_ONLY } = shape;
  if (schema === undefined) return readNoBody;
  if (schema === 'raw') {
    return (request) => {
      const { headers } = request;
      const bytes = bytesOf(request);
      return (
        checkContentEncoding(headers['content-encoding']) ?? {
          ok: true,
          value: { bytes, contentType: headers['content-type'] ?? null },
        }
      );
    };
  }
  const check = compileCheck(schema);
  return (request) => {
    const { headers } = request;
    const bytes = bytesOf(request);
    const isEmpty = bytes.length === 0 && optionalBody;
    const wrongType = isEmpty
      ? null
      : (checkContentType(headers['content-type'], contentTypes) ?? checkContentEncoding(headers['content-encoding']));
    if (wrongType !== null) return wrongType;
    const read = readJsonBody(bytes, optionalBody);
    if (!read.ok) return read;
    const wrong = check(read.value);
    if (wrong !== null) return wrong;
    const unkept = unkeptTexts(bytes, read.value);
    return unkept.length > 0 ? refuseFields(unkept) : read;
  };
}

const checkNothing = compileCheck(Type.Object({}, { additionalProperties: false }));

/** Where nothing is expected, an empty object is let through and something is not: the caller meant it. */
function readNoBody(request: FastifyRequest): ReturnType<BodyReader> {
  const bytes = bytesOf(request);
  if (bytes.length === 0) return NO_BODY;
  const { headers } = request;
  const wrongType =
    checkContentType(headers['content-type'], JSON_ONLY) ?? checkContentEncoding(headers['content-encoding']);
  if (wrongType !== null) return wrongType;
  const read = readJsonBody(bytes, false);
  return read.ok ? (checkNothing(read.value) ?? NO_BODY) : read;
}

function bytesOf(request: FastifyRequest): Uint8Array {
  const { body } = request;
  return body instanceof Uint8Array ? body : NO_BYTES;
}

/** Where no body is expected, an empty object says as little as nothing. */
export function idempotencyOf(request: FastifyRequest, key: string, shape: RouteRequest): IdempotencyRequest {
  const contentType = request.headers['content-type'];
  const body = shape.body === undefined ? NO_BYTES : bytesOf(request);
  return idempotencyRequest({ method: request.method, target: request.url, key, body, contentType });
}
