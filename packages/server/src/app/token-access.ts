import { hash } from 'node:crypto';
import { type OrganizationId, parseId } from '../domain/ids.ts';
import type { Organization } from '../domain/organization.ts';
import { type Scope, type ScopeAliases, scopesOfAll } from '../domain/scope.ts';
import { type Answer, type Credentials, callerFor, findOrganization, refuseDeadKey } from './access.ts';
import { type AccessGrant, BOOTSTRAP_SUBJECT, claimsToBeAccessToken } from './access-tokens.ts';
import type { Caller } from './caller.ts';
import type { AppContext } from './context.ts';
import { type Outcome, Refusal, refused } from './outcome.ts';
import type { Session, SessionJwts } from './session-jwts.ts';

/** Any printable name of this length stands as it is in the audit log. */
const SUBJECT = /^[\x21-\x7e]{1,128}$/;
const HASHED = 'sha256-';

/** Says who asks with a JWT of the configured issuer; `aliases` are the names of scopes beside the native ones. */
export async function authenticateSessionJwt(
  app: AppContext,
  jwts: SessionJwts,
  credentials: Credentials,
  aliases: ScopeAliases,
): Promise<Answer> {
  const { token } = credentials;
  if (token === null || claimsToBeAccessToken(token)) return null;
  const verdict = await jwts.verify(token);
  if (verdict.kind === 'foreign') return null;
  if (verdict.kind === 'refused') return new Refusal(verdict.problem);
  return await withSession(app, credentials, verdict.session, aliases);
}

async function withSession(
  app: AppContext,
  credentials: Credentials,
  { organization, scopes, subject }: Session,
  aliases: ScopeAliases,
): Promise<Answer> {
  return await callerOf(app, credentials, { organization, source: 'jwt', subject }, scopesOfAll(scopes, aliases));
}

/** Who asks, as something that this service trusts says it. */
export type Claimed = {
  /** An id or an externalId. */
  readonly organization: string;
  /** Who vouches: the names of two sources never mean the same actor. */
  readonly source: string;
  readonly subject: string | null;
};

/** The caller that was vouched for. That an organization does not exist is not told. */
export function callerOf(
  app: AppContext,
  credentials: Credentials,
  claimed: Claimed,
  scopes: ReadonlySet<Scope>,
): Outcome<Caller> | Promise<Outcome<Caller>> {
  const found = findOrganization(app, claimed.organization);
  const answer = (organization: Organization | null): Outcome<Caller> | Promise<Outcome<Caller>> =>
    organization === null
      ? refused('invalid_credentials', 'these credentials are not for an organization that is known here')
      : callerFor(app, credentials, organization.id, actorOf(claimed, organization.id), scopes);
  return found instanceof Promise ? found.then(answer) : answer(found);
}

/** Two subjects are never one actor: actors own rate limits and the answers that an Idempotency-Key repeats. */
function actorOf({ source, subject }: Claimed, organizationId: OrganizationId): string {
  if (subject === null) return `${source}:${organizationId}`;
  const isPlain = SUBJECT.test(subject) && !subject.startsWith(HASHED) && parseId('org', subject) === null;
  return `${source}:${isPlain ? subject : `${HASHED}${hash('sha256', subject, 'hex')}`}`;
}

/** Says who asks with a token of the dialect's own token endpoint. */
export async function authenticateAccessToken(
  app: AppContext,
  credentials: Credentials,
  dialect: string,
): Promise<Answer> {
  const { token } = credentials;
  if (token === null) return null;
  const verdict = await app.accessTokens.verify(token, dialect);
  switch (verdict.kind) {
    case 'foreign':
      return null;
    case 'expired':
      return refused('expired_credentials', 'this access token has expired; get a new one');
    case 'invalid':
      return refused('invalid_credentials', 'this access token is not one of this API');
    case 'granted':
      return await withGrant(app, credentials, verdict.grant);
  }
}

/** A token opens nothing that its key does not open at this moment. */
async function withGrant(app: AppContext, credentials: Credentials, grant: AccessGrant): Promise<Answer> {
  const { organizationId, subject } = grant;
  if (subject === BOOTSTRAP_SUBJECT) {
    return await callerFor(app, credentials, organizationId, BOOTSTRAP_SUBJECT, new Set(grant.scopes));
  }
  const id = parseId('key', subject);
  const key = id === null ? null : await app.directory.apiKeyById(organizationId, id);
  if (key === null) return refused('invalid_credentials', 'this access token is not one of this API');
  const refusal = refuseDeadKey(app, key);
  if (refusal !== null) return refusal;
  const scopes = new Set(grant.scopes.filter((scope) => key.scopes.includes(scope)));
  return await callerFor(app, credentials, organizationId, key.id, scopes);
}
