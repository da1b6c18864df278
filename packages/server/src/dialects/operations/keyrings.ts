import type { ShownSecret } from '../../app/minting.ts';
import { type DryRun, planRotation as plan, type Retired, type RotateInput, rotate } from '../../app/rotate.ts';
import { listSecrets as list, revokeSecret as revoke } from '../../app/secrets.ts';
import type { EndpointId, OrganizationId, SecretId } from '../../domain/ids.ts';
import type { RingOwner, Secret, SecretAlgorithm } from '../../domain/secret.ts';
import type { Page, PageRequest } from '../../store/port.ts';
import type { Conduct } from '../conduct.ts';
import { type Operation, type OperationTools, operation } from '../operation.ts';
import { type EndpointView, mapOutcome, viewEndpoint, viewSecret } from './endpoint-view.ts';

/** What a rotation may be told; each is left to the policy unless given. */
export type RotationRequest = {
  /** Seconds that the secret now active goes on living, fractions allowed. */
  readonly graceSeconds?: number | null;
  /** Also while an older secret is retiring. */
  readonly force?: boolean;
  /** `compromise` ends all older secrets now. */
  readonly reason?: string | null;
  /** A secret that the caller brings. */
  readonly secret?: string | null;
  readonly algorithm?: SecretAlgorithm | null;
};

export type RotatedRing = {
  /** Shown once: `value` is null when a repeated request comes too late for it. */
  readonly secret: ShownSecret;
  readonly retired: Retired | null;
  /** From then on the new secret signs, epoch milliseconds. */
  readonly effectiveAt: number;
};
export type RotatedEndpoint = RotatedRing & { readonly endpoint: EndpointView };
export type RotatedOrganization = RotatedRing & { readonly organizationId: OrganizationId };

type OfEndpoint = { readonly endpointId: EndpointId };
type OfOrganization = {
  /** That of the caller unless given; another one takes the scope `operator`. */
  readonly organizationId?: OrganizationId;
};

/** Gives the ring of an endpoint a new active secret. When it answers, the change is in force. */
export const rotateEndpointSecret: Operation<OfEndpoint & RotationRequest, RotatedEndpoint> = operation({
  name: 'rotateEndpointSecret',
  scopes: ['secrets:rotate'],
  idempotent: true,
  async run({ app, caller, idempotency, conduct }, { endpointId, ...request }) {
    const outcome = await rotate(app, caller, endpointRotation(conduct, endpointId, request), idempotency);
    return await mapOutcome(outcome, async ({ endpoint, ...ring }) => {
      if (endpoint === null) throw new Error('the rotation of an endpoint that says nothing of it');
      return { ...ring, endpoint: await viewEndpoint({ app, conduct }, endpoint) };
    });
  },
});

/** The same for the ring of an organization, which signs for its endpoints without one of their own. */
export const rotateOrganizationSecret: Operation<OfOrganization & RotationRequest, RotatedOrganization> = operation({
  name: 'rotateOrganizationSecret',
  scopes: ['organization:admin'],
  idempotent: true,
  async run(tools, { organizationId = tools.caller.organizationId, ...request }) {
    const { app, caller, idempotency, conduct } = tools;
    const outcome = await rotate(app, caller, organizationRotation(conduct, organizationId, request), idempotency);
    return await mapOutcome(outcome, ({ secret, retired, effectiveAt }) => ({
      organizationId,
      secret,
      retired,
      effectiveAt,
    }));
  },
});

/** What a rotation would do, without doing it. */
export const planEndpointRotation: Operation<OfEndpoint & RotationRequest, DryRun> = operation({
  name: 'planEndpointRotation',
  scopes: ['secrets:rotate'],
  run: async ({ app, caller, conduct }, { endpointId, ...request }) =>
    await plan(app, caller, endpointRotation(conduct, endpointId, request)),
});

export const planOrganizationRotation: Operation<OfOrganization & RotationRequest, DryRun> = operation({
  name: 'planOrganizationRotation',
  scopes: ['organization:admin'],
  run: async ({ app, caller, conduct }, { organizationId = caller.organizationId, ...request }) =>
    await plan(app, caller, organizationRotation(conduct, organizationId, request)),
});

/** The whole history of a ring, newest first; never material. */
export const listEndpointSecrets: Operation<OfEndpoint & { readonly page: PageRequest }, Page<Secret>> = operation({
  name: 'listEndpointSecrets',
  scopes: ['endpoints:read'],
  run: async (tools, { endpointId, page }) => await listOf(tools, endpointId, page),
});

export const listOrganizationSecrets: Operation<
  OfOrganization & { readonly page: PageRequest },
  Page<Secret>
> = operation({
  name: 'listOrganizationSecrets',
  scopes: ['organization:admin'],
  run: async (tools, { organizationId = tools.caller.organizationId, page }) =>
    await listOf(tools, organizationId, page),
});

/** Ends a staged or retiring secret now. The active one ends only by a rotation. */
export const revokeEndpointSecret: Operation<OfEndpoint & { readonly secretId: SecretId }, Secret> = operation({
  name: 'revokeEndpointSecret',
  scopes: ['secrets:rotate'],
  idempotent: true,
  run: async (tools, { endpointId, secretId }) =>
    await revokeOf(tools, endpointId, secretId, tools.conduct.endpointRotations),
});

export const revokeOrganizationSecret: Operation<OfOrganization & { readonly secretId: SecretId }, Secret> = operation({
  name: 'revokeOrganizationSecret',
  scopes: ['organization:admin'],
  idempotent: true,
  run: async (tools, { organizationId = tools.caller.organizationId, secretId }) =>
    await revokeOf(tools, organizationId, secretId, tools.conduct.organizationRotations),
});

async function listOf({ app, caller, conduct }: OperationTools, owner: RingOwner, page: PageRequest) {
  const outcome = await list(app, caller, owner, page, conduct.archivedEndpoints);
  return await mapOutcome(outcome, ({ items, nextCursor }) => ({ items: items.map(viewSecret), nextCursor }));
}

async function revokeOf(
  { app, caller, idempotency, conduct }: OperationTools,
  owner: RingOwner,
  secretId: SecretId,
  dialectPolicy: Conduct['endpointRotations'],
) {
  const input = { owner, secretId, dialectPolicy, archived: conduct.archivedEndpoints };
  return await mapOutcome(await revoke(app, caller, input, idempotency), viewSecret);
}

function endpointRotation(conduct: Conduct, owner: EndpointId, request: RotationRequest): RotateInput {
  const { endpointRotations: dialectPolicy, endpointDefaults, archivedEndpoints: archived } = conduct;
  return { ...rotation(request), owner, dialectPolicy, spelling: endpointDefaults.secretSpelling, archived };
}

function organizationRotation(conduct: Conduct, owner: OrganizationId, request: RotationRequest): RotateInput {
  const { organizationRotations: dialectPolicy, organizationSecretSpelling: spelling } = conduct;
  return { ...rotation(request), owner, dialectPolicy, spelling, archived: conduct.archivedEndpoints };
}

function rotation(request: RotationRequest): Omit<RotateInput, 'owner' | 'dialectPolicy' | 'spelling' | 'archived'> {
  const { graceSeconds = null, force = false, reason = null, secret = null, algorithm = null } = request;
  return { graceSeconds, force, reason, secret, algorithm };
}
