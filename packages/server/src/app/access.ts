import { hash, timingSafeEqual } from 'node:crypto';
import { type ApiKey, apiKeyState } from '../domain/api-key.ts';
import { type OrganizationId, parseId } from '../domain/ids.ts';
import { DEFAULT_ORGANIZATION_EXTERNAL_ID, type Organization } from '../domain/organization.ts';
import { SCOPES, type Scope } from '../domain/scope.ts';
import type { Caller } from './caller.ts';
import type { AppContext } from './context.ts';
import { done, type Outcome, refused } from './outcome.ts';

export type Credentials = {
  /** The bearer token, or null when the request had none. */
  readonly token: string | null;
  /** For which organization an operator acts: an id or an externalId. */
  readonly organization: string | null;
  readonly requestId: string;
};

const ALL_SCOPES: ReadonlySet<Scope> = new Set(SCOPES);
const TOKEN_LENGTH_MAX = 512;
const scopeSets = new WeakMap<ApiKey, ReadonlySet<Scope>>();

/** Lower-case hex of SHA-256; what is kept of a token. */
export function tokenHash(token: string): string {
  return hash('sha256', token, 'hex');
}

/** Says who asks. Answers without a promise when memory knows, which it does for all but the first request of a key. */
export function authenticate(app: AppContext, credentials: Credentials): Outcome<Caller> | Promise<Outcome<Caller>> {
  const { token } = credentials;
  if (token === null) return refused('missing_credentials', 'send an API key as "Authorization: Bearer <key>"');
  if (token.length > TOKEN_LENGTH_MAX) return refused('invalid_credentials', 'this API key is not known here');
  const digest = tokenHash(token);
  if (sameHash(digest, app.settings.bootstrapKeyHash)) return asOperator(app, credentials, 'bootstrap');
  if (sameHash(digest, app.settings.localTokenHash)) return asOperator(app, credentials, 'local');
  const found = app.directory.apiKey(digest);
  return found instanceof Promise
    ? found.then((key) => withKey(app, credentials, key))
    : withKey(app, credentials, found);
}

function withKey(
  app: AppContext,
  credentials: Credentials,
  key: ApiKey | null,
): Outcome<Caller> | Promise<Outcome<Caller>> {
  if (key === null) return refused('invalid_credentials', 'this API key is not known here');
  const state = apiKeyState(key, app.clock.now());
  if (state === 'expired') return refused('expired_credentials', 'this API key has expired; create a new one');
  if (state === 'revoked') return refused('invalid_credentials', 'this API key is not known here');
  let scopes = scopeSets.get(key);
  if (scopes === undefined) {
    scopes = new Set(key.scopes);
    scopeSets.set(key, scopes);
  }
  const { organization, requestId } = credentials;
  if (organization === null || organization === key.organizationId) {
    return done({ organizationId: key.organizationId, actor: key.id, scopes, requestId });
  }
  const caller = { actor: key.id, scopes, requestId };
  if (scopes.has('operator')) return actFor(app, organization, caller);
  // Without that scope only its own organization may be named; of others it learns nothing.
  const found = findOrganization(app, organization);
  const answer = (named: Organization | null): Outcome<Caller> =>
    named?.id === key.organizationId
      ? done({ ...caller, organizationId: key.organizationId })
      : refused('missing_scope', 'acting for another organization takes the scope "operator"');
  return found instanceof Promise ? found.then(answer) : answer(found);
}

/** Every scope, for the organization `default` unless another is named. */
function asOperator(
  app: AppContext,
  credentials: Credentials,
  actor: string,
): Outcome<Caller> | Promise<Outcome<Caller>> {
  return actFor(app, credentials.organization ?? DEFAULT_ORGANIZATION_EXTERNAL_ID, {
    actor,
    scopes: ALL_SCOPES,
    requestId: credentials.requestId,
  });
}

function actFor(
  app: AppContext,
  reference: string,
  caller: Omit<Caller, 'organizationId'>,
): Outcome<Caller> | Promise<Outcome<Caller>> {
  const found = findOrganization(app, reference);
  const answer = (organization: Organization | null): Outcome<Caller> =>
    organization === null
      ? refused('not_found', 'no organization has the id or externalId in Hookring-Organization')
      : done({ ...caller, organizationId: organization.id });
  return found instanceof Promise ? found.then(answer) : answer(found);
}

/** By id, else by externalId. */
export function findOrganization(
  app: AppContext,
  reference: string,
): Organization | null | Promise<Organization | null> {
  const id: OrganizationId | null = parseId('org', reference);
  return id === null ? app.directory.organizationByExternalId(reference) : app.directory.organization(id);
}

function sameHash(digest: string, expected: string | null): boolean {
  return expected !== null && timingSafeEqual(Buffer.from(digest, 'latin1'), Buffer.from(expected, 'latin1'));
}
