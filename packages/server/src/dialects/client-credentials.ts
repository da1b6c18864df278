import { type Static, Type } from 'typebox';
import { type IssuedToken, issueAccessToken } from '../app/issue-access-token.ts';
import type { Outcome } from '../app/outcome.ts';
import type { RouteReply } from '../http/route.ts';
import { INSIDE } from './conduct.ts';
import { type DialectRoute, publicRoute } from './dialect-route.ts';
import { FORM_MEDIA_TYPES, readTokenRequest } from './token-request.ts';

export type ClientCredentialsOptions = {
  readonly path: string;
  /** How long a token lives. */
  readonly tokenSeconds?: number;
  readonly summary?: string;
  readonly description?: string;
  readonly operationId?: string;
  readonly tag?: string;
};

const TOKEN_SECONDS_DEFAULT = 3_600;
const TOKEN_SECONDS_MIN = 60;
const TOKEN_SECONDS_MAX = 86_400;
const REQUEST_BYTES_MAX = 16 * 1_024;

const RequestBody = Type.Object(
  {
    grant_type: Type.Literal('client_credentials'),
    client_id: Type.Optional(
      Type.String({ description: 'The id of the API key, or the id or externalId of its organization' }),
    ),
    client_secret: Type.Optional(Type.String({ description: 'The API key' })),
    scope: Type.Optional(Type.String({ description: 'Scopes of the key, with a space between two; all unless given' })),
  },
  { $id: 'TokenRequest' },
);

const ResponseBody = Type.Object(
  {
    access_token: Type.String(),
    token_type: Type.Literal('Bearer'),
    expires_in: Type.Integer({ description: 'Seconds' }),
    scope: Type.String(),
  },
  { $id: 'AccessToken', additionalProperties: false },
);

const EXAMPLES = {
  request: { grant_type: 'client_credentials', client_id: 'acme', client_secret: '…', scope: 'events:write' },
  responses: { 200: { access_token: 'eyJhbGciOiJI…', token_type: 'Bearer', expires_in: 3_600, scope: 'events:write' } },
} as const;

const DESCRIPTION =
  'OAuth 2.0 client credentials (RFC 6749, section 4.4), as a form or as JSON. The client says who it is with HTTP ' +
  'Basic, or with `client_id` and `client_secret` in the body, and not with both.';

const tokenRoutes = new WeakSet<DialectRoute>();

/** The token endpoint of a dialect whose ways to authenticate include `accessTokens`. */
export function clientCredentialsRoute(options: ClientCredentialsOptions): DialectRoute {
  const { tokenSeconds = TOKEN_SECONDS_DEFAULT } = options;
  if (!Number.isInteger(tokenSeconds) || tokenSeconds < TOKEN_SECONDS_MIN || tokenSeconds > TOKEN_SECONDS_MAX) {
    throw new TypeError(`tokenSeconds must be a whole number from ${TOKEN_SECONDS_MIN} to ${TOKEN_SECONDS_MAX}`);
  }
  const route = publicRoute({
    method: 'POST',
    path: options.path,
    operationId: options.operationId ?? 'createAccessToken',
    summary: options.summary ?? 'Get an access token',
    description: options.description ?? DESCRIPTION,
    tag: options.tag ?? 'authentication',
    request: {
      body: 'raw',
      documentedBody: RequestBody,
      contentTypes: FORM_MEDIA_TYPES,
      bodyBytesMax: REQUEST_BYTES_MAX,
    },
    responses: { 200: ResponseBody },
    refusals: [401, 503],
    examples: EXAMPLES,
    async handle({ services, headers, requestId }, { body }) {
      const { app, conduct } = services[INSIDE];
      const { dialect, scopeAliases: aliases, keyHash: otherHash } = conduct;
      const read = readTokenRequest(headers.authorization, body);
      const issued = read.ok
        ? await issueAccessToken(app, { ...read.request, dialect, aliases, seconds: tokenSeconds, otherHash })
        : read;
      if (!issued.ok) app.telemetry.accessRefused({ code: issued.problem.code, requestId });
      return replyOf(issued, dialect);
    },
  });
  tokenRoutes.add(route);
  return route;
}

/** Where a dialect gives out access tokens, below its prefix; null: nowhere. */
export function tokenPathOf(routes: readonly DialectRoute[]): string | null {
  return routes.find((route) => tokenRoutes.has(route))?.path ?? null;
}

/** Old proxies know no Cache-Control (RFC 6749, 5.1). */
const NO_CACHE = { pragma: 'no-cache' } as const;

function replyOf(issued: Outcome<IssuedToken>, dialect: string): RouteReply {
  if (!issued.ok) {
    const isUnknown = issued.problem.extra?.['error'] === 'invalid_client';
    // What a client that is refused may try; it must be named when it was what the client used.
    const challenge = isUnknown ? { 'www-authenticate': `Basic realm="${dialect}", charset="UTF-8"` } : {};
    return { ok: false, problem: issued.problem, headers: { ...NO_CACHE, ...challenge } };
  }
  const { token, seconds, scopes } = issued.value;
  const body: Static<typeof ResponseBody> = {
    access_token: token,
    token_type: 'Bearer',
    expires_in: seconds,
    scope: scopes.join(' '),
  };
  return { ok: true, status: 200, body, headers: NO_CACHE };
}
