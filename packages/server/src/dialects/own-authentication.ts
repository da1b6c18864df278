import type { Answer } from '../app/access.ts';
import type { AppContext } from '../app/context.ts';
import { refused } from '../app/outcome.ts';
import { callerOf } from '../app/token-access.ts';
import type { ErrorCode } from '../domain/error-registry.ts';
import { type ScopeAliases, scopesOfAll } from '../domain/scope.ts';
import type { RequestFacts } from '../http/authentication.ts';
import { pathOf } from '../http/surface.ts';
import type { Authenticate, Authenticated, AuthenticationRequest, NotAuthenticated } from './authentication.ts';
import { inTime, isThenable } from './thenable.ts';

type Dialect = { readonly name: string; readonly prefix: string; readonly scopeAliases: ScopeAliases };

const CODES: readonly ErrorCode[] = [
  'missing_credentials',
  'invalid_credentials',
  'expired_credentials',
  'missing_scope',
] satisfies readonly NotAuthenticated['code'][];

/** A way that a dialect brought, with its answers checked: they decide whose data a request sees. */
export function ownWay(
  dialect: Dialect,
  app: AppContext,
  way: Authenticate,
): (facts: RequestFacts) => Answer | Promise<Answer> {
  return (facts) => {
    const answer: unknown = way(requestOf(dialect, facts));
    return isThenable(answer) ? laterAnswer(dialect, app, facts, answer) : readAnswer(dialect, app, facts, answer);
  };
}

function requestOf(
  { prefix }: Dialect,
  { headers, method, target, token, requestId }: RequestFacts,
): AuthenticationRequest {
  // Decoded as the router decodes it, so that one path has no second spelling which a way could miss.
  const path = decodeURI(pathOf(target));
  return { headers, method, path: path.slice(prefix.length), bearerToken: token, requestId };
}

async function laterAnswer(
  dialect: Dialect,
  app: AppContext,
  facts: RequestFacts,
  pending: PromiseLike<unknown>,
): Promise<Answer> {
  const what = `a way to authenticate of ${dialect.name}`;
  return await readAnswer(dialect, app, facts, await inTime(app.timers, what, pending));
}

function readAnswer(dialect: Dialect, app: AppContext, facts: RequestFacts, answer: unknown): Answer | Promise<Answer> {
  if (answer === null) return null;
  if (isAuthenticated(answer)) {
    const { organization, scopes, subject = null } = answer;
    const claimed = { organization, source: dialect.name, subject };
    return callerOf(app, facts, claimed, scopesOfAll(scopes, dialect.scopeAliases));
  }
  if (isNotAuthenticated(answer)) return refused(answer.code, answer.detail);
  throw new TypeError(`a way to authenticate of ${dialect.name} answered what is neither a yes, a no nor null`);
}

function isAuthenticated(answer: unknown): answer is Authenticated {
  if (typeof answer !== 'object' || answer === null || !('ok' in answer) || answer.ok !== true) return false;
  const { organization, scopes, subject } = answer as { [K in keyof Authenticated]?: unknown }; // Looked at one by one.
  const isNamed = subject === undefined || typeof subject === 'string';
  return (
    typeof organization === 'string' &&
    Array.isArray(scopes) &&
    scopes.every((scope) => typeof scope === 'string') &&
    isNamed
  );
}

function isNotAuthenticated(answer: unknown): answer is NotAuthenticated {
  if (typeof answer !== 'object' || answer === null || !('ok' in answer) || answer.ok !== false) return false;
  const { code, detail } = answer as { [K in keyof NotAuthenticated]?: unknown }; // As above.
  return typeof detail === 'string' && (CODES as readonly unknown[]).includes(code);
}
