import type { Route } from './route.ts';

/** Unreadable paths and headers, unknown query parameters, too many header bytes, broken programs. */
const ANY = [400, 422, 431, 500];
/** Who asks (404: for an organization that does not exist), how often, and a store that takes nothing. */
const WITH_KEY = [401, 403, 404, 429, 503];
/** A body is read wherever one may be sent, also where nothing is expected. */
const WITH_BODY = [413, 415];
/** Others changed the same thing, or an Idempotency-Key's first request still runs. */
const CHANGE = [409];

/** Every status that a route may refuse with: its own ones, and what follows from the kind of route it is. */
export function refusalsOf<S>(route: Route<S>): readonly number[] {
  const statuses = new Set([
    ...ANY,
    ...(route.access === 'key' ? WITH_KEY : []),
    ...(route.method === 'GET' ? [] : WITH_BODY),
    ...(route.access === 'key' && route.method !== 'GET' ? CHANGE : []),
    ...(route.refusals ?? []),
  ]);
  return [...statuses].sort((a, b) => a - b);
}
