import { nativeWebhooks, type SignatureProfile } from '@hookring/signing';
import type { Endpoint } from '../domain/endpoint.ts';
import { type EndpointId, type OrganizationId, parseId } from '../domain/ids.ts';
import type { RingRefusal } from '../domain/keyring-decision.ts';
import { asImposed, type PolicyInForce, policyInForce } from '../domain/policy-choice.ts';
import type { RotationPolicy } from '../domain/rotation-policy.ts';
import type { RingOwner } from '../domain/secret.ts';
import type { EndpointWithHealth } from '../store/port.ts';
import type { Caller } from './caller.ts';
import type { AppContext } from './context.ts';
import { isVisible } from './organizations.ts';
import { done, type Outcome, refused } from './outcome.ts';

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
  purpose: 'change' | 'read' = 'change',
): Promise<Outcome<Owned>> {
  const organizationId = parseId('org', owner);
  if (organizationId !== null) {
    const organization = isVisible(caller, organizationId) ? await app.store.reader.organization(organizationId) : null;
    if (organization === null) return refused('not_found', 'no such organization');
    return done({ endpoint: null, organizationId, policy: organization.rotationPolicy, profile: nativeWebhooks });
  }
  const found = await app.store.reader.endpoint(caller.organizationId, owner as EndpointId); // The other kind of owner.
  if (found === null) return refused('not_found', 'no such endpoint');
  const { endpoint } = found;
  if (purpose === 'change') {
    const refusal = unchangeable(endpoint);
    if (refusal !== null) return refusal;
  }
  const { rotationPolicy: policy, signatureProfile: profile } = endpoint;
  return done({ endpoint: found, organizationId: endpoint.organizationId, policy, profile });
}

function unchangeable(endpoint: Endpoint): Extract<Outcome<never>, { ok: false }> | null {
  if (endpoint.status.kind === 'archived')
    return refused('endpoint_archived', 'an archived endpoint cannot change any more');
  if (endpoint.keyring === 'own') return null;
  return refused('organization_ring', "this endpoint is signed by its organization's ring; rotate that one");
}

export function noRing(): Extract<Outcome<never>, { ok: false }> {
  return refused('not_found', 'there is no ring to change');
}

export function policyOf(app: AppContext, own: RotationPolicy, dialect: RotationPolicy | null): PolicyInForce {
  return policyInForce(dialect, own, app.settings.rotationLimits);
}

export function ringRefusal(refusal: RingRefusal, imposed: boolean): Extract<Outcome<never>, { ok: false }> {
  const { code, detail, pointer, retryAfterSeconds } = imposed ? asImposed(refusal) : refusal;
  return refused(code, detail, {
    ...(pointer === null ? {} : { errors: [{ pointer, detail, code }] }),
    ...(retryAfterSeconds === null ? {} : { retryAfterSeconds }),
  });
}
