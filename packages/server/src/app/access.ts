import { hash, timingSafeEqual } from 'node:crypto';
import { type ApiKey, apiKeyState } from '../domain/api-key.ts';
import { type OrganizationId, parseId } from '../domain/ids.ts';
import { DEFAULT_ORGANIZATION_EXTERNAL_ID, type Organization } from '../domain/organization.ts';
import { SCOPES, type Scope } from '../domain/scope.ts';
import type { Known } from '../engine/directory.ts';
import type { Caller } from './caller.ts';
import type { AppContext } from './context.ts';
import { done, type Outcome, type Refusal, refused } from './outcome.ts';

export type Credentials = {
  /** The bearer token, or null when the request had none. */
  readonly token: string | null;
  /** For which organization an operator acts: an id or an externalId. */
  readonly organization: string | null;
  readonly requestId: string;
  /** Where the request came from; see `Caller`. */
  readonly address: string | null;
};

/** What one way of authentication says; null: these are not credentials of its kind. */
export type Answer = Outcome<Caller> | null;

/** How a company hashed tokens before it imported them, when not by plain SHA-256. */
export type TokenHash = (token: string) => string;

/** Whose token it is: an API key's, or one of the two that belong to this server. */
export type TokenHolder = ApiKey | 'bootstrap' | 'local';

export const ALL_SCOPES: ReadonlySet<Scope> = new Set(SCOPES);
const TOKEN_LENGTH_MAX = 512;
const KEPT_HASH = /^[0-9a-f]{64}$/;
const scopeSets = new WeakMap<ApiKey, ReadonlySet<Scope>>();

/** Lower-case hex of SHA-256; what is kept of a token. */
export function tokenHash(token: string): string {
  return hash('sha256', token, 'hex');
}

/**
 * Says who asks with an API key. Answers without a promise when memory knows, which it does for all but the first
 * request of a key. `otherHash` is for tokens that plain SHA-256 does not find.
 */
export function authenticateApiKey(
  app: AppContext,
  credentials: Credentials,
  otherHash: TokenHash | null,
): Answer | Promise<Answer> {
  if (credentials.token === null) return null;
  const holder = holderOf(app, credentials.token, otherHash);
  return holder instanceof Promise ? laterHolder(app, credentials, holder) : withHolder(app, credentials, holder);
}

/** The caller still looks at the state of a key. */
export function holderOf(app: AppContext, token: string, otherHash: TokenHash | null): Known<TokenHolder> {
  if (token.length > TOKEN_LENGTH_MAX) return null;
  const digest = tokenHash(token);
  if (sameHash(digest, app.settings.bootstrapKeyHash)) return 'bootstrap';
  if (sameHash(digest, app.settings.localTokenHash)) return 'local';
  if (otherHash === null) return app.directory.apiKey(digest);
  const known = app.directory.rememberedApiKey(digest);
  if (known !== null) return known;
  const other = otherHash(token);
  if (typeof other !== 'string' || !KEPT_HASH.test(other)) {
    throw new TypeError('the hash of apiKeys must answer 64 lower-case characters of hex');
  }
  return app.directory.rememberedApiKey(other) ?? storedKey(app, digest, other);
}

async function storedKey(app: AppContext, digest: string, other: string): Promise<ApiKey | null> {
  return (await app.directory.apiKey(digest)) ?? (await app.directory.apiKey(other));
}

async function laterHolder(
  app: AppContext,
  credentials: Credentials,
  holder: Promise<TokenHolder | null>,
): Promise<Answer> {
  return await withHolder(app, credentials, await holder);
}

function withHolder(app: AppContext, credentials: Credentials, holder: TokenHolder | null): Answer | Promise<Answer> {
  if (holder === null) return null;
  if (typeof holder === 'string') return asOperator(app, credentials, holder);
  const refusal = refuseDeadKey(app, holder);
  if (refusal !== null) return refusal;
  return callerFor(app, credentials, holder.organizationId, holder.id, scopesOfKey(holder));
}

/** Null when a key opens what it says. */
export function refuseDeadKey(app: AppContext, key: ApiKey): Refusal | null {
  switch (apiKeyState(key, app.clock.now())) {
    case 'active':
      return null;
    case 'expired':
      return refused('expired_credentials', 'this API key has expired; create a new one');
    case 'revoked':
      return refused('invalid_credentials', 'this API key is not known here');
  }
}

function scopesOfKey(key: ApiKey): ReadonlySet<Scope> {
  let scopes = scopeSets.get(key);
  if (scopes === undefined) {
    scopes = new Set(key.scopes);
    scopeSets.set(key, scopes);
  }
  return scopes;
}

/** A caller that acts for its own organization, or for the one that the request names. */
export function callerFor(
  app: AppContext,
  credentials: Credentials,
  own: OrganizationId,
  actor: string,
  scopes: ReadonlySet<Scope>,
): Outcome<Caller> | Promise<Outcome<Caller>> {
  const { organization, requestId, address } = credentials;
  const caller = { organizationId: own, actor, scopes, requestId, address };
  return organization === null || organization === own ? done(caller) : callerForNamed(app, organization, caller);
}

function callerForNamed(
  app: AppContext,
  reference: string,
  caller: Caller,
): Outcome<Caller> | Promise<Outcome<Caller>> {
  if (caller.scopes.has('operator')) return actFor(app, reference, caller);
  // Without that scope only its own organization may be named; of others it learns nothing.
  const found = findOrganization(app, reference);
  const answer = (named: Organization | null): Outcome<Caller> =>
    named?.id === caller.organizationId
      ? done(caller)
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
    address: credentials.address,
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
export function findOrganization(app: AppContext, reference: string): Known<Organization> {
  const id: OrganizationId | null = parseId('org', reference);
  return id === null ? app.directory.organizationByExternalId(reference) : app.directory.organization(id);
}

function sameHash(digest: string, expected: string | null): boolean {
  return expected !== null && timingSafeEqual(Buffer.from(digest, 'latin1'), Buffer.from(expected, 'latin1'));
}
