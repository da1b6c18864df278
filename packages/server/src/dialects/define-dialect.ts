import type { TSchema } from 'typebox';
import type { AppContext } from '../app/context.ts';
import type { EndpointDefaults } from '../app/endpoints.ts';
import type { DeliveryId, EndpointId } from '../domain/ids.ts';
import type { Scope } from '../domain/scope.ts';
import { draftRateLimitHeaders, type RateLimitState } from '../http/rate-limit.ts';
import type { KeyRoute, PublicRoute, Route, RouteRequest } from '../http/route.ts';
import type { ProblemEncoder } from '../http/surface.ts';
import type { IdCodec } from './id-codec.ts';

/** The use cases' context: what a handler calls them with. */
export type Services = AppContext;
export type DialectRoute = Route<Services>;

/** One product's HTTP surface over the engine, as data. */
export type Dialect = {
  /** Lower-case letters and digits; also the default prefix of its paths. */
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly version: string;
  /** Where it stands unless it is at the root: `/` and its name. */
  readonly prefix: string;
  /** What its tokens begin with. A key works in every dialect; the prefix only helps people. */
  readonly tokenPrefix: string;
  /** Its own names of scopes, and what each stands for. Native names are known everywhere. */
  readonly scopeAliases: Readonly<Record<string, readonly Scope[]>>;
  readonly ids: { readonly endpoint: IdCodec<EndpointId>; readonly delivery: IdCodec<DeliveryId> };
  readonly problems: {
    readonly contentType: string;
    readonly schema: TSchema;
    readonly encode: ProblemEncoder;
  };
  /** Lower-case header names; the first one that is there counts. */
  readonly idempotencyHeaders: readonly string[];
  readonly rateLimitHeaders: (state: RateLimitState) => Readonly<Record<string, string>>;
  /** Copied onto an endpoint that it creates, which then needs the dialect no more. */
  readonly endpointDefaults: EndpointDefaults;
  readonly routes: readonly DialectRoute[];
};

/** What may be left out of a dialect. */
type Defaulted = 'prefix' | 'idempotencyHeaders' | 'rateLimitHeaders' | 'scopeAliases';
export type DialectDefinition = Omit<Dialect, Defaulted> & Partial<Pick<Dialect, Defaulted>>;

const NAME = /^[a-z][a-z0-9]{1,30}$/;
const PREFIX = /^(?:\/[a-z0-9._-]+)+$/;
const TOKEN_PREFIX = /^[a-z][a-z0-9_]{1,20}_$/;
const PATH = /^(?:\/(?:[A-Za-z0-9._-]+|\{[A-Za-z_]+\}))+$/;
const RESERVED_PREFIXES = ['/healthz', '/readyz', '/metrics'];

/** Completes a dialect and refuses one that could not work; a broken definition is a broken program. */
export function defineDialect(definition: DialectDefinition): Dialect {
  const dialect: Dialect = {
    prefix: `/${definition.name}`,
    scopeAliases: {},
    idempotencyHeaders: ['idempotency-key'],
    rateLimitHeaders: draftRateLimitHeaders,
    ...definition,
  };
  const fault = faultOf(dialect);
  if (fault !== null) throw new TypeError(`dialect "${dialect.name}": ${fault}`);
  return dialect;
}

function faultOf(dialect: Dialect): string | null {
  if (!NAME.test(dialect.name)) return 'its name must be lower-case letters and digits';
  if (!PREFIX.test(dialect.prefix)) return `"${dialect.prefix}" is no prefix`;
  if (RESERVED_PREFIXES.includes(dialect.prefix)) return `${dialect.prefix} is reserved`;
  if (!TOKEN_PREFIX.test(dialect.tokenPrefix)) return 'its token prefix must end with "_"';
  const operations = new Set<string>();
  const places = new Set<string>();
  for (const route of dialect.routes) {
    if (!PATH.test(route.path)) return `"${route.path}" is no path`;
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
  const named = [...route.path.matchAll(/\{(\w+)\}/g)].map((match) => match[1] ?? '');
  const described = new Set(Object.keys(route.request.params?.properties ?? {}));
  if (named.length !== described.size || !named.every((name) => described.has(name)))
    return 'its path and its params name different things';
  if (Object.keys(route.responses).length === 0) return 'it has no response';
  if (route.access === 'key' && route.idempotent && route.method !== 'POST')
    return 'only POST takes an Idempotency-Key';
  return null;
}

/** A route whose handler is given what its own schemas say. */
export function keyRoute<const Q extends RouteRequest>(route: Omit<KeyRoute<Services, Q>, 'access'>): DialectRoute {
  return { ...route, access: 'key' };
}

/** A route for which no key is needed. */
export function publicRoute<const Q extends RouteRequest>(
  route: Omit<PublicRoute<Services, Q>, 'access'>,
): DialectRoute {
  return { ...route, access: 'public' };
}

/** A scope as the holder of this dialect's keys knows it: the narrowest alias that gives it, else the native name. */
export function scopeName(dialect: Pick<Dialect, 'scopeAliases'>, scope: Scope): string {
  const aliases = Object.entries(dialect.scopeAliases).filter(([, scopes]) => scopes.includes(scope));
  const [narrowest] = aliases.sort(([, a], [, b]) => a.length - b.length);
  return narrowest?.[0] ?? scope;
}
