import { SERVER_PATHS } from '../http/health.ts';
import type { Dialect } from './dialect.ts';
import type { DialectRoute } from './dialect-route.ts';

const NAME = /^[a-z][a-z0-9]{1,30}$/;
const PREFIX = /^(?:\/[a-z0-9][a-z0-9._-]*)+$/;
const HOST = /^(?=.{1,253}$)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*$/;
const TOKEN_PREFIX = /^[a-z][a-z0-9_]{1,20}_$/;
const HEADER_NAME = /^[a-z][a-z0-9-]*$/;
const FIELD_NAME = /^[A-Za-z]+$/;
const PATH = /^(?:\/(?:[A-Za-z0-9._-]+|\{[A-Za-z_]+\}))+$/;
/** What every dialect serves about itself, and what stands beside one at the root. */
const RESERVED_PATHS: readonly string[] = ['/openapi.json', '/docs', ...SERVER_PATHS];
const RESERVED_PREFIX = /^\/(?:healthz|readyz|metrics|hookring)(?:\/|$)/;

/** What makes a dialect unusable, or null. */
export function dialectFault(dialect: Dialect): string | null {
  if (!NAME.test(dialect.name)) return 'its name must be lower-case letters and digits';
  if (!TOKEN_PREFIX.test(dialect.tokenPrefix)) return 'its token prefix must end with "_"';
  if (dialect.authenticate.length === 0) return 'it has no way to authenticate';
  const names = [...Object.keys(dialect.headers), ...dialect.idempotencyHeaders];
  const capital = names.find((name) => !HEADER_NAME.test(name));
  if (capital !== undefined) return `the header "${capital}" must be lower-case letters, digits and hyphens`;
  const odd = Object.keys(dialect.fieldNames).find((name) => !FIELD_NAME.test(name));
  if (odd !== undefined) return `"${odd}" is the name of no field`;
  return mountFault(dialect) ?? routesFault(dialect.routes);
}

function mountFault({ mount, name }: Dialect): string | null {
  if (mount === 'root') return null;
  if ('host' in mount) return HOST.test(mount.host) ? null : `"${mount.host}" is no host name in lower case`;
  if (!PREFIX.test(mount.prefix)) return `"${mount.prefix}" is no prefix`;
  const isReserved = RESERVED_PREFIX.test(mount.prefix) || mount.prefix === '/v1';
  return isReserved && name !== 'native' ? `${mount.prefix} is reserved` : null;
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
  const named = [...route.path.matchAll(/\{(\w+)\}/g)].map((match) => match[1] ?? '');
  const described = new Set(Object.keys(route.request.params?.properties ?? {}));
  if (named.length !== described.size || !named.every((name) => described.has(name)))
    return 'its path and its params name different things';
  if (Object.keys(route.responses).length === 0) return 'it has no response';
  if (route.access === 'key' && route.idempotent && route.method !== 'POST')
    return 'only POST takes an Idempotency-Key';
  return null;
}
