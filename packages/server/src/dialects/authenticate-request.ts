import { type Answer, authenticateApiKey } from '../app/access.ts';
import type { Caller } from '../app/caller.ts';
import type { AppContext } from '../app/context.ts';
import { type Outcome, refused } from '../app/outcome.ts';
import { authenticateAccessToken, authenticateSessionJwt } from '../app/token-access.ts';
import { vouched } from '../app/vouched.ts';
import type { Authenticate, RequestFacts } from '../http/authentication.ts';
import type { AuthenticationWay, ScopeAliases } from './authentication.ts';
import { ownWay } from './own-authentication.ts';

/** What authentication must know of a dialect. */
export type AuthenticatingDialect = {
  readonly name: string;
  /** Where it stands; empty at the root. */
  readonly prefix: string;
  readonly authenticate: readonly AuthenticationWay[];
  readonly scopeAliases: ScopeAliases;
};

type Way = (facts: RequestFacts) => Answer | Promise<Answer>;

/** Asks the ways of a dialect in their order. What memory knows is answered without a promise; refusals are counted. */
export function compileAuthentication(dialect: AuthenticatingDialect, app: AppContext): Authenticate {
  const ways = dialect.authenticate.map((way) => compileWay(dialect, app, way)).filter((way) => way !== null);
  const missing = refused('missing_credentials', whatToSend(dialect, app));
  return (facts) => {
    const { goodUntil } = app.store.currency;
    const outcome =
      goodUntil === Number.POSITIVE_INFINITY
        ? ask(ways, 0, facts, missing)
        : vouched(app, () => ask(ways, 0, facts, missing));
    return outcome instanceof Promise ? toldLater(app, facts, outcome) : told(app, facts, outcome);
  };
}

/** Null: a way that the operator's configuration leaves closed. */
function compileWay(dialect: AuthenticatingDialect, app: AppContext, way: AuthenticationWay): Way | null {
  if (typeof way === 'function') return ownWay(dialect, app, way);
  switch (way.kind) {
    case 'apiKeys': {
      const { hash } = way;
      return (facts) => authenticateApiKey(app, facts, hash);
    }
    case 'sessionJwts': {
      const { sessionJwts } = app;
      if (sessionJwts === null) return null;
      return (facts) =>
        looksLikeJwt(facts) ? authenticateSessionJwt(app, sessionJwts, facts, dialect.scopeAliases) : null;
    }
    case 'accessTokens':
      return (facts) => (looksLikeJwt(facts) ? authenticateAccessToken(app, facts, dialect.name) : null);
  }
}

/** Enough to spare an API key the promise; the way itself looks closer. */
function looksLikeJwt({ token }: RequestFacts): boolean {
  return token?.includes('.') === true;
}

/** Says what lets a caller in here; of ways of its own only the dialect knows what that is. */
function whatToSend({ authenticate }: AuthenticatingDialect, app: AppContext): string {
  const kinds = authenticate.map((way) => (typeof way === 'function' ? 'own' : way.kind));
  if (kinds.includes('apiKeys')) return 'send an API key as "Authorization: Bearer <key>"';
  if (kinds.includes('accessTokens')) return 'send an access token as "Authorization: Bearer <token>"';
  if (kinds.includes('own')) return 'the request has no credentials of this API';
  return app.sessionJwts === null
    ? 'this API takes session tokens alone, and no issuer of them is configured on this server'
    : 'send a session token as "Authorization: Bearer <token>"';
}

function ask(
  ways: readonly Way[],
  from: number,
  facts: RequestFacts,
  missing: Outcome<Caller>,
): Outcome<Caller> | Promise<Outcome<Caller>> {
  for (let index = from; index < ways.length; index += 1) {
    const answer = ways[index]?.(facts) ?? null;
    if (answer instanceof Promise) return askOn(answer, ways, index + 1, facts, missing);
    if (answer !== null) return answer;
  }
  return facts.token === null ? missing : refused('invalid_credentials', 'this bearer token is not known here');
}

async function askOn(
  pending: Promise<Answer>,
  ways: readonly Way[],
  next: number,
  facts: RequestFacts,
  missing: Outcome<Caller>,
): Promise<Outcome<Caller>> {
  return (await pending) ?? (await ask(ways, next, facts, missing));
}

function told(app: AppContext, { requestId }: RequestFacts, outcome: Outcome<Caller>): Outcome<Caller> {
  if (!outcome.ok) app.telemetry.accessRefused({ code: outcome.problem.code, requestId });
  return outcome;
}

async function toldLater(
  app: AppContext,
  facts: RequestFacts,
  pending: Promise<Outcome<Caller>>,
): Promise<Outcome<Caller>> {
  return told(app, facts, await pending);
}
