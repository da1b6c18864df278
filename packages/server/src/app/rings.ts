import { nativeWebhooks, type SignatureProfile } from '@hookring/signing';
import { decideAhead, decideKeyring } from '../domain/decide-keyring.ts';
import type { Endpoint } from '../domain/endpoint.ts';
import { type EndpointId, type OrganizationId, parseId, type SecretId } from '../domain/ids.ts';
import { type SigningSpan, timeline } from '../domain/keyring.ts';
import type { RingRefusal } from '../domain/keyring-decision.ts';
import { REASON_LENGTH_MAX } from '../domain/limits.ts';
import { asImposed, type PolicyInForce, policyInForce } from '../domain/policy-choice.ts';
import type { RotationPolicy } from '../domain/rotation-policy.ts';
import type { RingOwner, Secret, SecretAlgorithm } from '../domain/secret.ts';
import type { EndpointWithHealth, Page, PageRequest, StoredKeyring, StoredSecret } from '../store/port.ts';
import { auditCommand } from './audit.ts';
import { type Caller, type IdempotencyRequest, missingScope } from './caller.ts';
import type { AppContext } from './context.ts';
import { idempotent } from './idempotency.ts';
import { IN_FORCE_LEAD_MS, inForce } from './in-force.ts';
import {
  importSecret,
  type Minted,
  mintSecret,
  type SecretSpelling,
  type ShownSecret,
  secretAgain,
} from './minting.ts';
import { isVisible } from './organizations.ts';
import { done, invalid, type Outcome, refused, replayed } from './outcome.ts';
import { decideAndApply } from './submit.ts';

export type RotateInput = {
  readonly owner: RingOwner;
  /** Seconds that the secret now active goes on living, fractions allowed; null: as the policy says. */
  readonly graceSeconds: number | null;
  readonly force: boolean;
  readonly reason: string | null;
  /** A secret that the caller brings; null: make one. */
  readonly secret: string | null;
  /** Null: as the active secret's. */
  readonly algorithm: SecretAlgorithm | null;
  readonly spelling: SecretSpelling;
  /** The policy of the dialect that asks; null: the ring's own. An enforced ring policy wins over it. */
  readonly dialectPolicy: RotationPolicy | null;
};

export type Retired = { readonly id: SecretId; readonly expiresAt: number | null };

export type Rotated = {
  /** The endpoint whose ring it is; null for an organization's ring. */
  readonly endpoint: EndpointWithHealth | null;
  readonly secret: ShownSecret;
  readonly retired: Retired | null;
  readonly effectiveAt: number;
};

type Reference = {
  readonly owner: RingOwner;
  readonly secretId: SecretId;
  readonly retired: Retired | null;
  readonly effectiveAt: number;
  readonly recoverUntil: number;
};

/** What rotating a ring needs to know of its owner. */
type Owned = {
  readonly endpoint: EndpointWithHealth | null;
  readonly organizationId: OrganizationId;
  readonly policy: RotationPolicy;
  readonly profile: SignatureProfile;
};

/**
 * Gives a ring a new active secret. When it answers, the change is in force: no attempt is signed by the old ring any
 * more. Two rotations of one ring happen one after the other.
 */
export async function rotate(
  app: AppContext,
  caller: Caller,
  input: RotateInput,
  request: IdempotencyRequest | null,
): Promise<Outcome<Rotated>> {
  const refusal = missingScope(caller, ...scopesFor(input.owner));
  if (refusal !== null) return refusal;
  if ((input.reason?.length ?? 0) > REASON_LENGTH_MAX) {
    return invalid('/reason', `must be at most ${REASON_LENGTH_MAX} characters`, 'too_long');
  }
  return await idempotent<Rotated, Reference>(app, caller, request, {
    perform: async (row) =>
      await app.queue.run(input.owner, async () => {
        // Minted once: a retry after a conflict hands out the same secret, and a refusal hands out none.
        let minted: Minted | null = null;
        const outcome = await decideAndApply<Rotated>(app, async () => {
          const owned = await ownerOf(app, caller, input.owner);
          if (!owned.ok) return owned;
          const ring = await app.store.reader.keyring(input.owner);
          if (ring === null) return noRing();
          const { policy, imposed } = policyOf(app, owned.value.policy, input.dialectPolicy);
          if (minted === null) {
            const made = mint(app, caller, input, owned.value, ring);
            if (!made.ok) return made;
            minted = made.value;
          }
          const { shown, secret } = minted;
          const now = app.clock.now();
          const at = now + IN_FORCE_LEAD_MS;
          const { graceSeconds, force, reason } = input;
          const command = { kind: 'rotate' as const, secret, graceSeconds, force, reason };
          const decision = decideAhead(ring, policy, command, { now, effectiveAt: at });
          if (decision.kind === 'refused') return ringRefusal(decision, imposed);
          const { rotation } = decision;
          if (rotation === null) throw new Error('a rotation that says nothing of itself');
          const effectiveAt = rotation.effectiveAt ?? at;
          const reference = {
            owner: input.owner,
            secretId: shown.id,
            retired: rotation.retired,
            effectiveAt,
            recoverUntil: now + policy.recoveryMinutes * 60_000,
          };
          return {
            ok: true,
            value: { endpoint: owned.value.endpoint, secret: shown, retired: rotation.retired, effectiveAt },
            commands: [
              ...(row === null ? [] : [{ kind: 'idempotency.insert' as const, row: row(reference) }]),
              { kind: 'keyring.put', ring: decision.ring, retired: decision.retired, expectedVersion: ring.version },
              auditCommand(caller, now, {
                action: 'secret.rotated',
                target: input.owner,
                reason,
                organizationId: owned.value.organizationId,
                detail: { secretId: shown.id, retiredId: rotation.retired?.id ?? null, force },
              }),
            ],
          };
        });
        if (typeof outcome !== 'symbol' && outcome.ok) {
          const { secret, retired, effectiveAt } = outcome.value;
          await inForce(app, effectiveAt);
          app.telemetry.secretRotated({
            owner: input.owner,
            secretId: secret.id,
            retiredId: retired?.id ?? null,
            actor: caller.actor,
            reason: input.reason,
          });
        }
        return outcome;
      }),
    replay: async (reference) => {
      const owned = await ownerOf(app, caller, reference.owner);
      if (!owned.ok) return owned;
      const secret = await secretAgain(app, reference.owner, reference.secretId, reference.recoverUntil);
      return replayed({
        endpoint: owned.value.endpoint,
        secret,
        retired: reference.retired,
        effectiveAt: reference.effectiveAt,
      });
    },
  });
}

export type DryRun = {
  readonly timeline: readonly SigningSpan[];
  readonly secretId: SecretId;
  readonly retired: Retired | null;
  readonly effectiveAt: number;
};

/** Says which secrets would sign from when to when after this rotation, and changes nothing. */
export async function planRotation(app: AppContext, caller: Caller, input: RotateInput): Promise<Outcome<DryRun>> {
  const refusal = missingScope(caller, ...scopesFor(input.owner));
  if (refusal !== null) return refusal;
  const owned = await ownerOf(app, caller, input.owner);
  if (!owned.ok) return owned;
  const ring = await app.store.reader.keyring(input.owner);
  if (ring === null) return noRing();
  const minted = mint(app, caller, input, owned.value, ring);
  if (!minted.ok) return minted;
  const now = app.clock.now();
  const { graceSeconds, force, reason } = input;
  const command = { kind: 'rotate' as const, secret: minted.value.secret, graceSeconds, force, reason };
  const { policy, imposed } = policyOf(app, owned.value.policy, input.dialectPolicy);
  const decision = decideKeyring(ring, policy, command, now);
  if (decision.kind === 'refused') return ringRefusal(decision, imposed);
  return done({
    timeline: timeline(decision.ring, now),
    secretId: minted.value.shown.id,
    retired: decision.rotation?.retired ?? null,
    effectiveAt: decision.rotation?.effectiveAt ?? now,
  });
}

/** The whole history of a ring, newest first; never material. */
export async function listSecrets(
  app: AppContext,
  caller: Caller,
  owner: RingOwner,
  page: PageRequest,
): Promise<Outcome<Page<Secret>>> {
  const refusal = missingScope(caller, parseId('org', owner) === null ? 'endpoints:read' : 'organization:admin');
  if (refusal !== null) return refusal;
  const owned = await ownerOf(app, caller, owner, 'read');
  if (!owned.ok) return owned;
  return done(await app.store.reader.secrets(owner, page));
}

/** Ends a staged or retiring secret now. The active one ends only by a rotation. */
export async function revokeSecret(
  app: AppContext,
  caller: Caller,
  input: { readonly owner: RingOwner; readonly secretId: SecretId; readonly dialectPolicy: RotationPolicy | null },
  request: IdempotencyRequest | null,
): Promise<Outcome<Secret>> {
  const { owner, secretId } = input;
  const refusal = missingScope(caller, ...scopesFor(owner));
  if (refusal !== null) return refusal;
  const tell = async (answer: typeof done<Secret>): Promise<Outcome<Secret>> => {
    const secret = await app.store.reader.secret(owner, secretId);
    return secret === null ? refused('secret_not_found', 'the ring has no such secret') : answer(secret);
  };
  return await idempotent<Secret, { secretId: SecretId }>(app, caller, request, {
    perform: async (row) =>
      await app.queue.run(owner, async () => {
        let at = 0;
        const outcome = await decideAndApply<null>(app, async () => {
          const owned = await ownerOf(app, caller, owner);
          if (!owned.ok) return owned;
          const ring = await app.store.reader.keyring(owner);
          if (ring === null) return noRing();
          const now = app.clock.now();
          at = now + IN_FORCE_LEAD_MS;
          const { policy, imposed } = policyOf(app, owned.value.policy, input.dialectPolicy);
          const decision = decideAhead(ring, policy, { kind: 'revoke', secretId }, { now, effectiveAt: at });
          if (decision.kind === 'refused') return await revokeRefusal(app, decision, imposed, { owner, secretId });
          return {
            ok: true,
            value: null,
            commands: [
              ...(row === null ? [] : [{ kind: 'idempotency.insert' as const, row: row({ secretId }) }]),
              { kind: 'keyring.put', ring: decision.ring, retired: decision.retired, expectedVersion: ring.version },
              auditCommand(caller, now, {
                action: 'secret.revoked',
                target: owner,
                organizationId: owned.value.organizationId,
                detail: { secretId },
              }),
            ],
          };
        });
        if (typeof outcome === 'symbol' || !outcome.ok) return outcome;
        await inForce(app, at);
        app.telemetry.secretRevoked({ owner, secretId, actor: caller.actor });
        return await tell(done);
      }),
    replay: async () => await tell(replayed),
  });
}

/** A secret that left the ring long ago is not living any more, which says more than "not found". */
async function revokeRefusal(
  app: AppContext,
  decision: RingRefusal,
  imposed: boolean,
  { owner, secretId }: { owner: RingOwner; secretId: SecretId },
) {
  if (decision.code === 'secret_not_found' && (await app.store.reader.secret(owner, secretId)) !== null) {
    return refused('secret_not_living', 'the secret is dead already');
  }
  return ringRefusal(decision, imposed);
}

function scopesFor(owner: RingOwner): readonly ('secrets:rotate' | 'organization:admin')[] {
  return parseId('org', owner) === null ? ['secrets:rotate'] : ['organization:admin'];
}

async function ownerOf(
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

function noRing(): Extract<Outcome<never>, { ok: false }> {
  return refused('not_found', 'there is no ring to change');
}

function policyOf(app: AppContext, own: RotationPolicy, dialect: RotationPolicy | null): PolicyInForce {
  return policyInForce(dialect, own, app.settings.rotationLimits);
}

function mint(app: AppContext, caller: Caller, input: RotateInput, owned: Owned, ring: StoredKeyring): Outcome<Minted> {
  const base = { owner: input.owner, actor: caller.actor, decoding: owned.profile.secretDecoding };
  if (input.secret !== null) return importSecret(app, { ...base, profile: owned.profile }, input.secret);
  const algorithm = input.algorithm ?? newest(ring)?.algorithm ?? 'hmac-sha256';
  if (owned.profile.elements[algorithm] === null) {
    return invalid('/algorithm', `the endpoint's signature profile has no ${algorithm} signatures`);
  }
  return done(mintSecret(app, { ...base, algorithm, spelling: input.spelling }));
}

function newest(ring: StoredKeyring): StoredSecret | undefined {
  return ring.secrets.reduce<StoredSecret | undefined>(
    (last, secret) => (last === undefined || secret.number > last.number ? secret : last),
    undefined,
  );
}

function ringRefusal(refusal: RingRefusal, imposed: boolean): Extract<Outcome<never>, { ok: false }> {
  const { code, detail, pointer, retryAfterSeconds } = imposed ? asImposed(refusal) : refusal;
  return refused(code, detail, {
    ...(pointer === null ? {} : { errors: [{ pointer, detail, code }] }),
    ...(retryAfterSeconds === null ? {} : { retryAfterSeconds }),
  });
}
