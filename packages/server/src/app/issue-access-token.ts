import type { ApiKey } from '../domain/api-key.ts';
import { DEFAULT_ORGANIZATION_EXTERNAL_ID, type Organization } from '../domain/organization.ts';
import { namesOfScopes, type Scope, type ScopeAliases, scopesOf } from '../domain/scope.ts';
import { ALL_SCOPES, findOrganization, holderOf, refuseDeadKey, type TokenHash } from './access.ts';
import { BOOTSTRAP_SUBJECT } from './access-tokens.ts';
import type { AppContext } from './context.ts';
import { done, type Outcome, Refusal, refused } from './outcome.ts';
import { vouched } from './vouched.ts';

export type TokenRequest = {
  /** The token opens this dialect alone. */
  readonly dialect: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** Native names or aliases; null: all that the key has. */
  readonly scopes: readonly string[] | null;
  readonly aliases: ScopeAliases;
  readonly seconds: number;
  readonly otherHash: TokenHash | null;
};

export type IssuedToken = { readonly token: string; readonly seconds: number; readonly scopes: readonly string[] };

/** Whom a client secret belongs to. */
type Client = {
  readonly subject: string;
  readonly organization: Organization;
  readonly scopes: ReadonlySet<Scope>;
  readonly expiresAt: number | null;
};

/** Gives a token of an API key that lives for a short time: OAuth 2.0 client credentials (RFC 6749, section 4.4). */
export async function issueAccessToken(app: AppContext, request: TokenRequest): Promise<Outcome<IssuedToken>> {
  const client = await vouched(app, async () => await clientOf(app, request));
  if (!('subject' in client)) return client;
  const scopes = grantedScopes(request, client.scopes);
  if (!('size' in scopes)) return scopes;
  const { dialect, aliases } = request;
  const seconds = secondsOf(app, request, client);
  const grant = { dialect, subject: client.subject, organizationId: client.organization.id, scopes: [...scopes] };
  const names = request.scopes === null ? namesOfScopes(scopes, aliases) : [...new Set(request.scopes)];
  return done({ token: await app.accessTokens.mint(grant, seconds), seconds, scopes: names });
}

async function clientOf(app: AppContext, request: TokenRequest): Promise<Client | Refusal> {
  const holder = await holderOf(app, request.clientSecret, request.otherHash);
  // The local token belongs to this process and not to a client.
  if (holder === null || holder === 'local') return WRONG_CLIENT;
  const client = holder === 'bootstrap' ? await bootstrapClient(app) : await keyClient(app, holder);
  if (client === null || !isNameOf(client, request.clientId)) return WRONG_CLIENT;
  const refusal = holder === 'bootstrap' ? null : refuseDeadKey(app, holder);
  return refusal === null ? client : new Refusal({ ...refusal.problem, extra: INVALID_CLIENT });
}

async function keyClient(app: AppContext, key: ApiKey): Promise<Client | null> {
  const organization = await app.directory.organization(key.organizationId);
  if (organization === null) return null;
  return { subject: key.id, organization, scopes: new Set(key.scopes), expiresAt: key.expiresAt };
}

async function bootstrapClient(app: AppContext): Promise<Client | null> {
  const organization = await findOrganization(app, DEFAULT_ORGANIZATION_EXTERNAL_ID);
  return organization === null
    ? null
    : { subject: BOOTSTRAP_SUBJECT, organization, scopes: ALL_SCOPES, expiresAt: null };
}

function isNameOf({ subject, organization }: Client, clientId: string): boolean {
  return clientId === subject || clientId === organization.id || clientId === organization.externalId;
}

const INVALID_CLIENT = { error: 'invalid_client' } as const;
const WRONG_CLIENT: Refusal = refused(
  'invalid_credentials',
  'the client secret is no API key that is known here, or not one of this client',
  { extra: INVALID_CLIENT },
);

function grantedScopes({ scopes, aliases }: TokenRequest, held: ReadonlySet<Scope>): ReadonlySet<Scope> | Refusal {
  if (scopes === null) return held;
  const granted = new Set<Scope>();
  for (const name of scopes) {
    const meant = scopesOf(name, aliases);
    if (meant === null || !meant.every((scope) => held.has(scope))) {
      const detail = 'names a scope that does not exist, or that the API key lacks';
      const errors = [{ pointer: '/scope', detail, code: 'invalid' }];
      return refused('token_request_refused', detail, { errors, extra: { error: 'invalid_scope' } });
    }
    for (const scope of meant) granted.add(scope);
  }
  return granted;
}

/** A token says no more time than its key has left. */
function secondsOf(app: AppContext, { seconds }: TokenRequest, { expiresAt }: Client): number {
  if (expiresAt === null) return seconds;
  return Math.max(1, Math.min(seconds, Math.floor((expiresAt - app.clock.now()) / 1_000)));
}
