import { Type } from 'typebox';
import { openApiDocument } from '../http/openapi.ts';
import { scopeName } from './define-dialect.ts';
import type { Dialect } from './dialect.ts';
import { type DialectRoute, publicRoute } from './dialect-route.ts';
import { problemExample } from './problem-words.ts';

const OPENAPI_PATH = '/openapi.json';

/** The OpenAPI 3.1 document of a dialect that stands at `prefix`. */
export function dialectDocument(dialect: Dialect, prefix: string): Record<string, unknown> {
  const { title, version, description } = dialect;
  return openApiDocument(
    {
      title,
      version,
      description,
      prefix,
      problemContentType: dialect.problems.contentType,
      problemSchema: dialect.problems.schema,
      tokenExample: `${dialect.tokenPrefix}…`,
      idempotencyHeader: dialect.idempotencyHeaders[0] ?? 'idempotency-key',
      scopeName: (scope) => scopeName(dialect, scope),
      problemExample: (status) => problemExample(dialect, status),
    },
    dialect.routes,
  );
}

/** What a dialect serves about itself. */
export function documentRoutes(dialect: Dialect, prefix: string): readonly DialectRoute[] {
  let text: string | null = null;
  return [
    publicRoute({
      method: 'GET',
      path: OPENAPI_PATH,
      operationId: 'readOpenApi',
      summary: 'This document',
      tag: 'meta',
      request: {},
      responses: { 200: Type.Unknown() },
      handle: () => ({ ok: true, status: 200, body: null }),
      serialize: () => (text ??= JSON.stringify(dialectDocument(dialect, prefix))),
    }),
  ];
}
