import type { IncomingHttpHeaders } from 'node:http';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Credentials } from '../app/access.ts';
import type { Caller } from '../app/caller.ts';
import { type Outcome, type Refusal, refused } from '../app/outcome.ts';
import type { Scope } from '../domain/scope.ts';

/** What says who asks, before the body is read. Its members are those of the request: nothing is worked out yet. */
export type RequestFacts = Credentials & {
  readonly headers: IncomingHttpHeaders;
  readonly method: string;
  /** The request target as the router sees it, with the prefix and the query. */
  readonly target: string;
};

/** Says who asks; without a promise when memory knows. */
export type Authenticate = (facts: RequestFacts) => Outcome<Caller> | Promise<Outcome<Caller>>;

export const BEARER = /^Bearer +([\x21-\x7e]+) *$/i;
/** Lower case, as Node gives it. */
export const ORGANIZATION_HEADER = 'hookring-organization';
const DECORATION = 'hookringCaller';

export function factsOf({ headers, method, url, id, ip }: FastifyRequest): RequestFacts {
  const { authorization } = headers;
  const token = authorization === undefined ? null : (BEARER.exec(authorization)?.[1] ?? null);
  const organization = headers[ORGANIZATION_HEADER];
  return {
    token,
    organization: typeof organization === 'string' && organization !== '' ? organization : null,
    requestId: id,
    // It has none once the client is gone, whatever the types say.
    address: ip ?? null,
    headers,
    method,
    target: url,
  };
}

/** Reserves the place where a request keeps its caller, so that all requests keep one hidden class. */
export function decorateWithCaller(app: FastifyInstance): void {
  app.decorateRequest(DECORATION, null);
}

type Decorated = { [DECORATION]: Caller | null };

export function setCaller(request: FastifyRequest, caller: Caller): void {
  // The property was declared by decorateWithCaller; module augmentation would show it to every user of Fastify.
  (request as unknown as Decorated)[DECORATION] = caller;
}

export function callerOf(request: FastifyRequest): Caller {
  const caller = (request as unknown as Decorated)[DECORATION]; // As above.
  if (caller === null) throw new Error('a route that needs a key ran without a caller');
  return caller;
}

/** Null as long as nobody has said who asks. */
export function knownCallerOf(request: FastifyRequest): Caller | null {
  return (request as unknown as Decorated)[DECORATION]; // As above.
}

/** Null when the caller may; `nameOf` says a scope in the words of the dialect. */
export function refuseMissingScope(
  caller: Caller,
  scopes: readonly Scope[],
  nameOf: (scope: Scope) => string,
): Refusal | null {
  for (const scope of scopes) {
    if (!caller.scopes.has(scope))
      return refused('missing_scope', `these credentials lack the scope "${nameOf(scope)}"`);
  }
  return null;
}
