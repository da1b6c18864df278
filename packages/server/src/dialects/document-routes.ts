import { Type } from 'typebox';
import { openApiDocument } from '../http/openapi.ts';
import type { OpenApiDocument } from '../http/openapi-document.ts';
import { REFERENCE_CONTENT_TYPE, REFERENCE_HEADERS, referencePage } from '../http/reference-page.ts';
import { scopeName } from './define-dialect.ts';
import { type DialectRoute, publicRoute } from './dialect-route.ts';
import type { MountedDialect } from './mounts.ts';
import { problemExample } from './problem-words.ts';
import { securitySchemesOf } from './security-schemes.ts';

const OPENAPI_PATH = '/openapi.json';
const REFERENCE_PATH = '/docs';

/** The OpenAPI 3.1 document of a dialect, as seen from where it stands. */
export function dialectDocument({ dialect, prefix, host }: MountedDialect): OpenApiDocument {
  const { title, version, description } = dialect;
  // At a host of its own nobody sees the prefix.
  const shownPrefix = host === null ? prefix : '';
  return openApiDocument(
    {
      title,
      version,
      description,
      prefix: shownPrefix,
      ...(host === null ? {} : { servers: [{ url: `https://${host}` }] }),
      problemContentType: dialect.problems.contentType,
      problemSchema: dialect.problems.schema,
      problemExample: (status) => problemExample(dialect, status),
      securitySchemes: securitySchemesOf(dialect, shownPrefix),
      organizationHeader: dialect.documentsOperators,
      idempotencyHeader: dialect.idempotencyHeaders[0] ?? null,
      scopeName: (scope) => scopeName(dialect, scope),
    },
    dialect.routes,
  );
}

/** Stands in the page for the address that its reader has; no such host exists (RFC 2606). */
const ORIGIN = 'https://hookring.invalid';
const HOST = /^[A-Za-z0-9.-]{1,253}(?::\d{1,5})?$|^\[[0-9A-Fa-f:]{2,45}\](?::\d{1,5})?$/;

function originOf(protocol: string, host: string | undefined): string {
  return host === undefined || !HOST.test(host) ? ORIGIN : `${protocol}://${host}`;
}

/** What a dialect serves about itself. */
export function documentRoutes(place: MountedDialect): readonly DialectRoute[] {
  let text: string | null = null;
  let page: string | null = null;
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
      serialize: () => (text ??= JSON.stringify(dialectDocument(place))),
    }),
    publicRoute({
      method: 'GET',
      path: REFERENCE_PATH,
      operationId: 'readReference',
      summary: 'This API, for people',
      tag: 'meta',
      request: {},
      responses: { 200: Type.String({ contentMediaType: 'text/html' }) },
      handle({ headers, protocol }) {
        page ??= referencePage(dialectDocument(place), { serverUrl: ORIGIN, documentUrl: 'openapi.json' });
        return {
          ok: true,
          status: 200,
          contentType: REFERENCE_CONTENT_TYPE,
          headers: REFERENCE_HEADERS,
          text: page.replaceAll(ORIGIN, originOf(protocol, headers.host)),
        };
      },
    }),
  ];
}
