import type { KeyRoute, PublicRoute, Route, RouteRequest } from '../http/route.ts';
import type { DialectServices } from './conduct.ts';

export type DialectRoute = Route<DialectServices>;

/** A route with code of its own, whose handler is given what its own schemas say. It calls operations by `perform`. */
export function keyRoute<const Q extends RouteRequest>(
  route: Omit<KeyRoute<DialectServices, Q>, 'access'>,
): DialectRoute {
  return { ...route, access: 'key' };
}

/** A route for which no credentials are needed. */
export function publicRoute<const Q extends RouteRequest>(
  route: Omit<PublicRoute<DialectServices, Q>, 'access'>,
): DialectRoute {
  return { ...route, access: 'public' };
}
