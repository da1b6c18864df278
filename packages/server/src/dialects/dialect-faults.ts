import { ERRORS } from '../domain/error-registry.ts';
import { isScope } from '../domain/scope.ts';
import { parseContentType } from '../http/content-type.ts';
import { SERVER_PATHS } from '../http/health.ts';
import type { JsonSchema } from '../http/openapi-document.ts';
import { hoist } from '../http/openapi-schemas.ts';
import { tokenPathOf } from './client-credentials.ts';
import type { Dialect } from './dialect.ts';
import type { DialectRoute } from './dialect-route.ts';
import { endpointDefaultsFault } from './endpoint-defaults-fault.ts';
import { headerNameFault, headersFault } from './headers-fault.ts';
import { wordlessCode } from './problem-words.ts';
import { securitySchemesOf } from './security-schemes.ts';

const NAME = /^[a-z][a-z0-9]{1,30}$/;
/** Actors begin with who vouches for them: two kinds of callers must never have one. */
const ACTOR_NAMES: readonly string[] = ['jwt', 'bootstrap', 'local'];
const PREFIX = /^(?:\/[a-z0-9][a-z0-9._-]*)+$/;
const HOST = /^(?=.{1,253}$)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*$/;
const TOKEN_PREFIX = /^[a-z][a-z0-9_-]{1,20}[_-]$/;
const FIELD_NAME = /^[A-Za-z]+$/;
/** What stands in a pointer and in a sentence as it is. */
const OTHER_NAME = /^[A-Za-z_][A-Za-z0-9_-]*$/;
/** As OAuth has it (RFC 6749, 3.3): names stand in one list with blanks between them. */
const SCOPE_NAME = /^[\x21\x23-\x5b\x5d-\x7e]+$/;
const PATH = /^(?:\/(?:[A-Za-z0-9._-]+|\{[A-Za-z_]+\}))+$/;
/** What every dialect serves about itself, and what stands beside one at the root. */
const RESERVED_PATHS: readonly string[] = ['/openapi.json', '/docs', ...SERVER_PATHS];
const RESERVED_PREFIX = /^\/(?:healthz|readyz|metrics|hookring)(?:\/|$)/;

const MEMBERS: Readonly<Record<string, true>> = {
  name: true,
  title: true,
  description: true,
  version: true,
  mount: true,
  tokenPrefix: true,
  scopeAliases: true,
  authenticate: true,
  securitySchemes: true,
  documentsOperators: true,
  ids: true,
  problems: true,
  fieldNames: true,
  idempotencyHeaders: true,
  rateLimitHeaders: true,
  headers: true,
  endpointDefaults: true,
  rotationPolicyOf: true,
  organizationKeyring: true,
  archivedEndpoints: true,
  secretsInEndpoints: true,
  routes: true,
} satisfies Record<keyof Dialect, true>;

/** Members that are one of a few words. */
const CHOICES = {
  rotationPolicyOf: ['dialect', 'keyring'],
  archivedEndpoints: ['shown', 'hidden'],
  documentsOperators: [true, false],
  secretsInEndpoints: [true, false],
} as const satisfies { readonly [K in keyof Dialect]?: readonly Dialect[K][] };

/** Members that no default can stand for. */
const REQUIRED = [
  'name',
  'title',
  'description',
  'version',
  'tokenPrefix',
  'ids',
  'problems',
  'endpointDefaults',
  'routes',
] as const satisfies readonly (keyof Dialect)[];
const METHODS: readonly string[] = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'];

/** They carry credentials, and an idempotency key is kept as it is sent. */
const SECRET_HEADERS: readonly string[] = ['authorization', 'cookie', 'proxy-authorization'];

/** What makes a dialect unusable, or null. */
export function dialectFault(dialect: Dialect): string | null {
  const missing = REQUIRED.find((name) => dialect[name] === undefined);
  if (missing !== undefined) return `it has no ${missing}`;
  if (!NAME.test(dialect.name)) return 'its name must be lower-case letters and digits';
  if (ACTOR_NAMES.includes(dialect.name)) return 'its name is the one of a kind of caller';
  if (!TOKEN_PREFIX.test(dialect.tokenPrefix)) return 'its token prefix must be in lower case and end with "_" or "-"';
  return (
    membersFault(dialect) ??
    accessFault(dialect) ??
    headersOfFault(dialect) ??
    fieldNamesFault(dialect) ??
    aliasesFault(dialect) ??
    problemsFault(dialect) ??
    mountFault(dialect) ??
    endpointDefaultsFault(dialect) ??
    routesFault(dialect.routes) ??
    schemasFault(dialect)
  );
}

/** Not every user's code is typed, and what is misspelt would be left at its default without a word. */
function membersFault(dialect: Dialect): string | null {
  const odd = Object.keys(dialect).find((name) => !Object.hasOwn(MEMBERS, name));
  if (odd !== undefined) return `it has no member "${odd}"`;
  for (const [name, choices] of Object.entries(CHOICES)) {
    const said: unknown = dialect[name as keyof typeof CHOICES]; // The names of the table.
    if (!(choices as readonly unknown[]).includes(said)) return `its ${name} must be one of ${choices.join(', ')}`;
  }
  return null;
}

function accessFault(dialect: Dialect): string | null {
  const { authenticate, routes } = dialect;
  if (!Array.isArray(authenticate) || authenticate.length === 0) return 'it has no way to authenticate';
  const isWay = (way: unknown): boolean =>
    typeof way === 'function' || (typeof way === 'object' && way !== null && 'kind' in way);
  if (!authenticate.every(isWay)) return 'a way to authenticate is apiKeys(), sessionJwts, accessTokens or a function';
  const apiKeyWays = authenticate.filter((way) => typeof way === 'object' && way.kind === 'apiKeys');
  // A token endpoint looks for a client as apiKeys does, and could follow only one of two.
  if (apiKeyWays.length > 1) return 'it has apiKeys twice: let one hash know every key';
  const takesTokens = authenticate.some((way) => typeof way === 'object' && way.kind === 'accessTokens');
  if (tokenPathOf(routes) !== null && !takesTokens)
    return 'it gives out access tokens and takes none: add accessTokens to authenticate';
  if (Object.keys(securitySchemesOf(dialect, '')).length > 0) return null;
  return 'its documents would say that anybody may call: describe its ways to authenticate in securitySchemes';
}

/** Only what it allows, and what it says when it allows no more, can be asked beforehand. */
const RATE_LIMIT_STATES = [true, false].map((allowed) => ({
  setting: { requests: 1, windowSeconds: 1 },
  allowed,
  remaining: 0,
  resetSeconds: 1,
  retryAfterSeconds: allowed ? 0 : 1,
}));

function headersOfFault({ headers, idempotencyHeaders, rateLimitHeaders }: Dialect): string | null {
  const odd = idempotencyHeaders.map(headerNameFault).find((fault) => fault !== null);
  const secret = idempotencyHeaders.find((name) => SECRET_HEADERS.includes(name));
  if (secret !== undefined) return `the header "${secret}" is no idempotency key`;
  const limited = RATE_LIMIT_STATES.map((state): unknown => rateLimitHeaders(state)); // Not every user's code is typed.
  if (!limited.every((answer) => typeof answer === 'object' && answer !== null))
    return 'its rateLimitHeaders must answer an object';
  const [first = null] = limited.flatMap((answer) => headersFault({ ...answer }) ?? []);
  return headersFault(headers) ?? odd ?? first;
}

function fieldNamesFault({ fieldNames }: Dialect): string | null {
  for (const [name, other] of Object.entries(fieldNames)) {
    if (!FIELD_NAME.test(name)) return `"${name}" is the name of no field`;
    if (!OTHER_NAME.test(other)) return `"${other}" is the name of no field of the product`;
    // Nobody could tell what a refusal is about: the product's schemas speak its own names already.
    if (Object.hasOwn(fieldNames, other)) return `"${other}" is a name of the engine and of the product for two fields`;
  }
  return null;
}

function aliasesFault({ scopeAliases }: Dialect): string | null {
  for (const [name, scopes] of Object.entries(scopeAliases)) {
    if (!SCOPE_NAME.test(name)) return `"${name}" is no name of a scope`;
    const odd = (scopes as readonly string[]).find((scope) => !isScope(scope)); // Not every user's code is typed.
    if (odd !== undefined) return `the scope "${name}" stands for "${odd}", which is no scope`;
  }
  return null;
}

function problemsFault(dialect: Dialect): string | null {
  const { contentType, statuses = {} } = dialect.problems;
  const isType = parseContentType(contentType) !== null && headersFault({ 'x-type': contentType }) === null;
  if (!isType) return `"${contentType}" is no content type`;
  for (const [code, status] of Object.entries(statuses)) {
    if (!Object.hasOwn(ERRORS, code)) return `it gives a status to "${code}", which is no error code`;
    const isRefusal = Number.isInteger(status) && status >= 400 && status < 600;
    if (!isRefusal) return `the status of ${code} must be from 400 to 599`;
  }
  const wordless = wordlessCode(dialect);
  return wordless === null ? null : `it has no words for ${wordless}`;
}

function mountFault({ mount, name }: Dialect): string | null {
  const isPlace = typeof mount === 'object' && mount !== null && ('host' in mount || 'prefix' in mount);
  if (mount !== 'root' && !isPlace) return "its mount must be 'root', { prefix } or { host }";
  if (mount !== 'root' && 'host' in mount && !HOST.test(mount.host))
    return `"${mount.host}" is no host name in lower case`;
  // Below its name stands what has a host of its own, and what the operator moved away from the root.
  const prefix = mount !== 'root' && 'prefix' in mount ? mount.prefix : `/${name}`;
  if (!PREFIX.test(prefix)) return `"${prefix}" is no prefix`;
  const isReserved = RESERVED_PREFIX.test(prefix) || prefix === '/v1';
  return isReserved && name !== 'native' ? `${prefix} is reserved` : null;
}

function routesFault(routes: readonly DialectRoute[]): string | null {
  const operations = new Set<string>();
  const places = new Set<string>();
  for (const route of routes) {
    if (!PATH.test(route.path)) return `"${route.path}" is no path`;
    if (RESERVED_PATHS.includes(route.path)) return `${route.path} is reserved`;
    const place = `${route.method} ${route.path.replaceAll(/\{\w+\}/g, '{}')}`;
    if (places.has(place)) return `${place} stands twice`;
    if (operations.has(route.operationId)) return `operation ${route.operationId} stands twice`;
    places.add(place);
    operations.add(route.operationId);
    const fault = routeFault(route);
    if (fault !== null) return `${place}: ${fault}`;
  }
  return null;
}

function routeFault(route: DialectRoute): string | null {
  if (!METHODS.includes(route.method)) return `its method must be one of ${METHODS.join(', ')}`;
  const scopes: readonly string[] = route.access === 'key' ? route.scopes : [];
  const odd = scopes.find((scope) => !isScope(scope));
  if (odd !== undefined) return `it takes the scope "${odd}", which is none`;
  const named = [...route.path.matchAll(/\{(\w+)\}/g)].map((match) => match[1] ?? '');
  const described = new Set(Object.keys(route.request.params?.properties ?? {}));
  if (named.length !== described.size || !named.every((name) => described.has(name)))
    return 'its path and its params name different things';
  if (Object.keys(route.responses).length === 0) return 'it has no response';
  if (route.access === 'key' && route.idempotent && route.method !== 'POST')
    return 'only POST takes an Idempotency-Key';
  return null;
}

/** The document is written when it is first asked for; what would stop it then is said at once. */
function schemasFault({ problems, routes }: Dialect): string | null {
  const named = new Map<string, JsonSchema>();
  const all = [problems.schema, ...routes.flatMap(schemasOf)];
  try {
    for (const schema of all) hoist(schema, named);
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function schemasOf({ request, responses }: DialectRoute) {
  const { params, query, headers, body, documentedBody } = request;
  const asked = [params, query, headers, body === 'raw' ? undefined : body, documentedBody];
  return [...asked, ...Object.values(responses)].filter((schema) => schema !== undefined && schema !== null);
}
