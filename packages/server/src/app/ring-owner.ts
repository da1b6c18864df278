import { nativeWebhooks, SecretFormatError, type SignatureProfile, signingKey } from '@hookring/signing';
import type { Endpoint } from '../domain/endpoint.ts';
import { type EndpointId, type OrganizationId, parseId } from '../domain/ids.ts';
import type { RingRefusal } from '../domain/keyring-decision.ts';
import { asImposed, type PolicyInForce, policyInForce } from '../domain/policy-choice.ts';
import type { RotationPolicy } from '../domain/rotation-policy.ts';
import { isLiving, type RingOwner, type SecretAlgorithm } from '../domain/secret.ts';
import type { ApplyOptions, Command, EndpointWithHealth, StoredSecret } from '../store/port.ts';
import type { Caller } from './caller.ts';
import type { AppContext } from './context.ts';
import { isVisible } from './organizations.ts';
import { done, invalid, type Outcome, type Refusal, refused } from './outcome.ts';
import { type ArchivedEndpoints, ownEndpoint } from './own-endpoint.ts';

/** What rotating a ring needs to know of its owner. */
export type Owned = {
  readonly endpoint: EndpointWithHealth | null;
  readonly organizationId: OrganizationId;
  readonly policy: RotationPolicy;
  readonly profile: SignatureProfile;
};

export function scopesFor(owner: RingOwner): readonly ('secrets:rotate' | 'organization:admin')[] {
  return parseId('org', owner) === null ? ['secrets:rotate'] : ['organization:admin'];
}

export async function ownerOf(
  app: AppContext,
  caller: Caller,
  owner: RingOwner,
  purpose: 'change' | 'read',
  archived: ArchivedEndpoints,
): Promise<Outcome<Owned>> {
  const organizationId = parseId('org', owner);
  if (organizationId !== null) {
    const organization = isVisible(caller, organizationId) ? await app.store.reader.organization(organizationId) : null;
    if (organization === null) return refused('not_found', 'no such organization');
    return done({ endpoint: null, organizationId, policy: organization.rotationPolicy, profile: nativeWebhooks });
  }
  const found = await ownEndpoint(app, caller, owner as EndpointId, archived); // The other kind of owner.
  if (!found.ok) return found;
  const { endpoint } = found.value;
  if (purpose === 'change') {
    const refusal = unchangeable(endpoint);
    if (refusal !== null) return refusal;
  }
  const { rotationPolicy: policy, signatureProfile: profile } = endpoint;
  return done({ endpoint: found.value, organizationId: endpoint.organizationId, policy, profile });
}

function unchangeable(endpoint: Endpoint): Refusal | null {
  if (endpoint.status.kind === 'archived')
    return refused('endpoint_archived', 'an archived endpoint cannot change any more');
  if (endpoint.keyring === 'own') return null;
  return refused('organization_ring', "this endpoint is signed by its organization's ring; rotate that one");
}

/** The owner of the ring that signs for an endpoint. */
export function ringOf({
  id,
  organizationId,
  keyring,
}: Pick<Endpoint, 'id' | 'organizationId' | 'keyring'>): RingOwner {
  return keyring === 'own' ? id : organizationId;
}

/** Null when the profile has signatures of this kind. */
export function refusalOfAlgorithm(profile: SignatureProfile, algorithm: SecretAlgorithm): Refusal | null {
  if (profile.elements[algorithm] !== null) return null;
  return invalid('/algorithm', `is not possible: the endpoint's signature profile has no ${algorithm} signatures`);
}

/**
 * Whether every living secret of the ring that signs for an endpoint can sign under its profile. One that could not
 * would stop its deliveries: they are signed by all of them or not sent. Answers what the commit depends on.
 */
export async function profileForRing(
  app: AppContext,
  endpoint: Pick<Endpoint, 'id' | 'organizationId' | 'keyring' | 'signatureProfile'>,
): Promise<Outcome<readonly Command[]>> {
  const owner = ringOf(endpoint);
  if (endpoint.keyring === 'organization' && endpoint.signatureProfile.secretDecoding === 'hex') {
    const detail = 'cannot read secrets as hex on the ring of an organization, which makes them in base64';
    return invalid('/signatureProfile', detail, 'secret_unusable');
  }
  const ring = await app.store.reader.keyring(owner);
  if (ring === null) return done([]);
  const now = app.clock.now();
  for (const secret of ring.secrets) {
    if (!isLiving(secret, now)) continue;
    const fault = signingFault(app, owner, secret, endpoint.signatureProfile);
    if (fault === null) continue;
    return invalid('/signatureProfile', `cannot be used while ${secret.id} lives: ${fault}`, 'secret_unusable');
  }
  return done([{ kind: 'keyring.expect', owner, version: ring.version }]);
}

/** What the commit of a new secret depends on: that the endpoints which it signs for are those that it was decided by. */
export type Signed = { readonly commands: readonly Command[]; readonly options: Pick<ApplyOptions, 'endpointsOf'> };

/** Whether a new secret of this kind can sign for each endpoint that the ring signs for. */
export async function secretForSigned(
  app: AppContext,
  { endpoint: found, organizationId }: Owned,
  algorithm: SecretAlgorithm,
): Promise<Outcome<Signed>> {
  if (found !== null) {
    const { id: endpointId, version } = found.endpoint;
    return done({ commands: [{ kind: 'endpoint.expect', endpointId, version }], options: {} });
  }
  const { endpoints, endpointsVersion: version } = await app.store.reader.subscribers(organizationId);
  const unfit = endpoints.filter(
    (one) => one.endpoint.keyring === 'organization' && one.endpoint.signatureProfile.elements[algorithm] === null,
  );
  if (unfit.length === 0) {
    return done({ commands: [], options: version === null ? {} : { endpointsOf: { organizationId, version } } });
  }
  const detail = `is not possible: ${unfit.length} of the endpoints on this ring have no ${algorithm} signatures`;
  return invalid('/algorithm', detail);
}

/** Says nothing of the material but whether it can be read. */
function signingFault(
  app: AppContext,
  owner: RingOwner,
  secret: StoredSecret,
  { elements, secretDecoding }: SignatureProfile,
): string | null {
  const { id, algorithm, sealed } = secret;
  if (elements[algorithm] === null) return `the profile has no ${algorithm} signatures`;
  if (sealed === null) return 'its material has been purged';
  try {
    signingKey(app.vault.unseal(sealed, owner, id), algorithm, secretDecoding);
    return null;
  } catch (error) {
    if (error instanceof SecretFormatError) return `the profile cannot read it as ${secretDecoding}`;
    throw error;
  }
}

export function noRing(): Refusal {
  return refused('not_found', 'there is no ring to change');
}

export function policyOf(app: AppContext, own: RotationPolicy, dialect: RotationPolicy | null): PolicyInForce {
  return policyInForce(dialect, own, app.settings.rotationLimits);
}

/** `named` are the pointers of the members that the caller gave. */
export function ringRefusal(refusal: RingRefusal, imposed: boolean, named: readonly string[] = []): Refusal {
  const { code, detail, pointer, retryAfterSeconds } = imposed ? asImposed(refusal, named) : refusal;
  return refused(code, detail, {
    ...(pointer === null ? {} : { errors: [{ pointer, detail, code }] }),
    ...(retryAfterSeconds === null ? {} : { retryAfterSeconds }),
  });
}
