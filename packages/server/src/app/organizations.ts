import { isDeepStrictEqual } from 'node:util';
import type { OrganizationId } from '../domain/ids.ts';
import { EXTERNAL_ID_LENGTH_MAX, NAME_LENGTH_MAX } from '../domain/limits.ts';
import type { Organization } from '../domain/organization.ts';
import { boundPolicy } from '../domain/policy-choice.ts';
import { NATIVE_ROTATION_POLICY } from '../domain/rotation-policy.ts';
import type { Page, PageRequest } from '../store/port.ts';
import { auditCommand } from './audit.ts';
import { type Caller, type IdempotencyRequest, missingScope } from './caller.ts';
import type { AppContext } from './context.ts';
import { idempotent } from './idempotency.ts';
import { inForceEverywhere } from './in-force.ts';
import { firstSecret, type ShownSecret, secretAgain } from './minting.ts';
import { done, invalid, type Outcome, type Refusal, refused, replayed } from './outcome.ts';
import { changePolicy, policyDetail } from './policy-change.ts';
import { decideAndApply } from './submit.ts';

export type CreateOrganizationInput = { readonly name: string; readonly externalId: string | null };

export type CreatedOrganization = {
  readonly organization: Organization;
  /** The first secret of its ring, shown once; null when the organization existed already. */
  readonly secret: ShownSecret | null;
  readonly created: boolean;
};

type Reference = {
  readonly organizationId: OrganizationId;
  readonly secretId: ShownSecret['id'] | null;
  readonly recoverUntil: number;
};

/** Creates an organization with a ring of its own, or answers the one that has this externalId. */
export async function createOrganization(
  app: AppContext,
  caller: Caller,
  input: CreateOrganizationInput,
  request: IdempotencyRequest | null,
): Promise<Outcome<CreatedOrganization>> {
  const refusal = missingScope(caller, 'operator') ?? checkNames(input);
  if (refusal !== null) return refusal;
  return await idempotent<CreatedOrganization, Reference>(app, caller, request, {
    perform: async (row) =>
      await decideAndApply<CreatedOrganization>(app, async () => {
        const found =
          input.externalId === null ? null : await app.store.reader.organizationByExternalId(input.externalId);
        if (found !== null) {
          return { ok: true, value: { organization: found, secret: null, created: false }, commands: [] };
        }
        const now = app.clock.now();
        const organization: Organization = {
          id: app.ids.next('org'),
          externalId: input.externalId,
          name: input.name,
          rotationPolicy: NATIVE_ROTATION_POLICY,
          version: 1,
          createdAt: now,
          updatedAt: now,
        };
        const first = firstSecret(app, {
          owner: organization.id,
          actor: caller.actor,
          policy: organization.rotationPolicy,
          now,
          spelling: 'whsec',
          algorithm: 'hmac-sha256',
          decoding: 'base64',
        });
        const { recoveryMinutes } = boundPolicy(organization.rotationPolicy, app.settings.rotationLimits);
        const recoverUntil = now + recoveryMinutes * 60_000;
        const reference = { organizationId: organization.id, secretId: first.shown.id, recoverUntil };
        return {
          ok: true,
          value: { organization, secret: first.shown, created: true },
          commands: [
            ...(row === null ? [] : [{ kind: 'idempotency.insert' as const, row: row(reference) }]),
            { kind: 'organization.insert', organization },
            { kind: 'keyring.insert', ring: first.ring },
            auditCommand(app, caller, now, {
              action: 'organization.created',
              target: organization.id,
              organizationId: organization.id,
            }),
          ],
        };
      }),
    replay: async ({ organizationId, secretId, recoverUntil }) => {
      const organization = await app.store.reader.organization(organizationId);
      if (organization === null) return refused('not_found', 'no such organization');
      const secret = secretId === null ? null : await secretAgain(app, organizationId, secretId, recoverUntil);
      return replayed({ organization, secret, created: true });
    },
  });
}

export async function listOrganizations(
  app: AppContext,
  caller: Caller,
  page: PageRequest,
): Promise<Outcome<Page<Organization>>> {
  if (caller.scopes.has('operator')) return done(await app.store.reader.organizations(page));
  // Without the operator scope a key sees its own organization only.
  const own = await app.store.reader.organization(caller.organizationId);
  return done({ items: own === null ? [] : [own], nextCursor: null });
}

export async function readOrganization(
  app: AppContext,
  caller: Caller,
  id: OrganizationId,
): Promise<Outcome<Organization>> {
  const found = isVisible(caller, id) ? await app.store.reader.organization(id) : null;
  return found === null ? refused('not_found', 'no such organization') : done(found);
}

export type PatchOrganizationInput = {
  readonly name?: string;
  readonly externalId?: string | null;
  /** The knobs to change, for the ring of the organization; see `RotationPolicy`. */
  readonly rotationPolicy?: unknown;
};

export async function patchOrganization(
  app: AppContext,
  caller: Caller,
  id: OrganizationId,
  patch: PatchOrganizationInput,
  /** The version that the caller saw; null: whatever it is. */
  expectedVersion: number | null,
): Promise<Outcome<Organization>> {
  const refusal = missingScope(caller, 'organization:admin') ?? checkNames(patch);
  if (refusal !== null) return refusal;
  let isRenamed = false;
  const outcome = await decideAndApply<Organization>(app, async () => {
    const found = isVisible(caller, id) ? await app.store.reader.organization(id) : null;
    if (found === null) return refused('not_found', 'no such organization');
    if (expectedVersion !== null && expectedVersion !== found.version) {
      return refused('precondition_failed', 'the organization changed since it was read; read it again');
    }
    const { externalId } = patch;
    if (typeof externalId === 'string' && externalId !== found.externalId) {
      const other = await app.store.reader.organizationByExternalId(externalId);
      if (other !== null) return refused('conflict', 'another organization has this externalId');
    }
    const now = app.clock.now();
    const policy = changePolicy(caller, found.rotationPolicy, patch.rotationPolicy);
    if (!policy.ok) return policy;
    if (isDeepStrictEqual({ ...found, ...patch, rotationPolicy: policy.value }, found)) {
      return { ok: true, value: found, commands: [] };
    }
    isRenamed = externalId !== undefined && externalId !== found.externalId;
    const version = found.version + 1;
    const organization = { ...found, ...patch, rotationPolicy: policy.value, version, updatedAt: now };
    return {
      ok: true,
      value: organization,
      commands: [
        { kind: 'organization.put', organization, expectedVersion: found.version },
        auditCommand(app, caller, now, {
          action: 'organization.updated',
          target: id,
          organizationId: id,
          detail: { fields: Object.keys(patch).join(' '), ...policyDetail(found.rotationPolicy, policy.value) },
        }),
      ],
    };
  });
  if (typeof outcome === 'symbol') throw new Error('a patch has no idempotency row');
  // Another organization may have that name next: by then no node may take the one for the other.
  if (outcome.ok && isRenamed) await inForceEverywhere(app);
  return outcome;
}

/** Another organization's id answers like one that does not exist. */
export function isVisible(caller: Caller, id: OrganizationId): boolean {
  return id === caller.organizationId || caller.scopes.has('operator');
}

function checkNames(input: PatchOrganizationInput): Refusal | null {
  if (input.name !== undefined && (input.name.trim() === '' || input.name.length > NAME_LENGTH_MAX)) {
    return invalid('/name', `must be 1 to ${NAME_LENGTH_MAX} characters`);
  }
  const { externalId } = input;
  if (typeof externalId === 'string' && (externalId.trim() === '' || externalId.length > EXTERNAL_ID_LENGTH_MAX)) {
    return invalid('/externalId', `must be 1 to ${EXTERNAL_ID_LENGTH_MAX} characters`);
  }
  if (typeof externalId === 'string' && externalId.startsWith('org_')) {
    return invalid('/externalId', 'must not look like an id of this service ("org_…")');
  }
  return null;
}
