import type { SignatureProfile } from '@hookring/signing';
import { decideAhead, decideKeyring } from '../domain/decide-keyring.ts';
import type { SecretId } from '../domain/ids.ts';
import { type SigningSpan, timeline } from '../domain/keyring.ts';
import { COMPROMISE } from '../domain/keyring-decision.ts';
import { REASON_LENGTH_MAX } from '../domain/limits.ts';
import { graceAskedOf, signsOtherwise } from '../domain/policy-choice.ts';
import type { RotationPolicy } from '../domain/rotation-policy.ts';
import type { RingOwner, SecretAlgorithm } from '../domain/secret.ts';
import type { EndpointWithHealth, StoredKeyring, StoredSecret } from '../store/port.ts';
import { auditCommand } from './audit.ts';
import { type Caller, type IdempotencyRequest, missingScope } from './caller.ts';
import type { AppContext } from './context.ts';
import { idempotent, type RowMaker } from './idempotency.ts';
import { afterPending, commitBefore, inForce } from './in-force.ts';
import {
  importSecret,
  type Minted,
  mintSecret,
  type SecretSpelling,
  type ShownSecret,
  secretAgain,
} from './minting.ts';
import { done, invalid, type Outcome, type Refusal, refused, replayed } from './outcome.ts';
import type { ArchivedEndpoints } from './own-endpoint.ts';
import {
  noRing,
  type Owned,
  ownerOf,
  policyOf,
  refusalOfAlgorithm,
  ringRefusal,
  scopesFor,
  secretForSigned,
} from './ring-owner.ts';
import { type Decision, decideAndApply } from './submit.ts';

export type RotateInput = {
  readonly owner: RingOwner;
  /** Seconds that the secret now active goes on living, fractions allowed; null: as the policy says. */
  readonly graceSeconds: number | null;
  readonly force: boolean;
  readonly reason: string | null;
  /** A secret that the caller brings; null: make one. */
  readonly secret: string | null;
  /** Null: as the newest secret's, where the signature profile still has such signatures. */
  readonly algorithm: SecretAlgorithm | null;
  readonly spelling: SecretSpelling;
  /** The policy of the dialect that asks; null: the ring's own. An enforced ring policy wins over it. */
  readonly dialectPolicy: RotationPolicy | null;
  readonly archived: ArchivedEndpoints;
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
    perform: async (row) => {
      const decide = async (lates: number) => await decideRotation(app, caller, input, { row, lates });
      // Alone, one after the other until it is in force: what the answer shows of the ring is what this rotation made of it.
      // Others would not wait for that, so neither do those of this node: the next one is decided for after this one.
      const isAlone = app.store.spreadMs === 0;
      const outcome = await app.queue.run(input.owner, async () => {
        const applied = await decideAndApply(app, decide);
        if (isAlone && typeof applied !== 'symbol' && applied.ok) await inForce(app, applied.value.effectiveAt);
        return applied;
      });
      if (typeof outcome === 'symbol' || !outcome.ok) return outcome;
      const { secret, retired, effectiveAt } = outcome.value;
      if (!isAlone) await inForce(app, effectiveAt);
      app.telemetry.secretRotated({
        owner: input.owner,
        secretId: secret.id,
        retiredId: retired?.id ?? null,
        actor: caller.actor,
        reason: input.reason,
        requestId: caller.requestId,
      });
      return outcome;
    },
    replay: async (reference) => {
      // Another node may have committed it a moment ago.
      await inForce(app, reference.effectiveAt);
      const owned = await ownerOf(app, caller, reference.owner, 'change', input.archived);
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

/** One round: what is minted here is handed out only when its commands were applied. */
async function decideRotation(
  app: AppContext,
  caller: Caller,
  input: RotateInput,
  { row, lates }: { readonly row: RowMaker<Reference> | null; readonly lates: number },
): Promise<Decision<Rotated>> {
  const { owner, force, reason } = input;
  const owned = await ownerOf(app, caller, owner, 'change', input.archived);
  if (!owned.ok) return owned;
  const ring = await app.store.reader.keyring(owner);
  if (ring === null) return noRing();
  const minted = mint(app, caller, input, owned.value, ring);
  if (!minted.ok) return minted;
  const { shown, secret } = minted.value;
  const { policy, imposed } = policyOf(app, owned.value.policy, input.dialectPolicy);
  const broken = refusalOfPromise(input, policy, imposed);
  if (broken !== null) return broken;
  const signed = await secretForSigned(app, owned.value, secret.algorithm);
  if (!signed.ok) return signed;
  const now = app.clock.now();
  const at = afterPending(app, ring, now, lates);
  const command = { kind: 'rotate' as const, secret, graceSeconds: graceOf(app, input, imposed), force, reason };
  const decision = decideAhead(ring, policy, command, { now, effectiveAt: at });
  if (decision.kind === 'refused') return ringRefusal(decision, imposed, namedBy(input));
  const { rotation } = decision;
  if (rotation === null) throw new Error('a rotation that says nothing of itself');
  const { retired } = rotation;
  const effectiveAt = rotation.effectiveAt ?? at;
  const recoverUntil = now + policy.recoveryMinutes * 60_000;
  const reference = { owner, secretId: shown.id, retired, effectiveAt, recoverUntil };
  return {
    ok: true,
    value: { endpoint: owned.value.endpoint, secret: shown, retired, effectiveAt },
    options: { ...commitBefore(app, at), ...signed.value.options },
    commands: [
      ...signed.value.commands,
      ...(row === null ? [] : [{ kind: 'idempotency.insert' as const, row: row(reference) }]),
      { kind: 'keyring.put', ring: decision.ring, retired: decision.retired, expectedVersion: ring.version },
      auditCommand(app, caller, now, {
        action: 'secret.rotated',
        target: owner,
        reason,
        organizationId: owned.value.organizationId,
        detail: {
          secretId: shown.id,
          retiredId: retired?.id ?? null,
          retiredExpiresAt: retired?.expiresAt ?? null,
          imported: secret.origin === 'imported',
          force,
        },
      }),
    ],
  };
}

/** Null when the secrets that sign afterwards are those that the dialect promises. */
function refusalOfPromise({ dialectPolicy }: RotateInput, policy: RotationPolicy, imposed: boolean): Refusal | null {
  if (!imposed || dialectPolicy === null || !signsOtherwise(dialectPolicy, policy)) return null;
  return refused(
    'policy_enforced',
    'An enforced rotation policy forbids this: other secrets would sign than promised.',
  );
}

/** A reason that ends everything older asks for no grace. */
function graceOf(
  app: AppContext,
  { graceSeconds, reason, dialectPolicy }: RotateInput,
  imposed: boolean,
): number | null {
  if (!imposed || graceSeconds !== null || reason === COMPROMISE || dialectPolicy === null) return graceSeconds;
  return graceAskedOf(dialectPolicy, app.settings.rotationLimits);
}

function namedBy({ graceSeconds, force, reason, secret }: RotateInput): readonly string[] {
  return [
    ...(graceSeconds === null ? [] : ['/graceSeconds']),
    ...(force ? ['/force'] : []),
    ...(reason === null ? [] : ['/reason']),
    ...(secret === null ? [] : ['/secret']),
  ];
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
  const owned = await ownerOf(app, caller, input.owner, 'change', input.archived);
  if (!owned.ok) return owned;
  const ring = await app.store.reader.keyring(input.owner);
  if (ring === null) return noRing();
  const minted = mint(app, caller, input, owned.value, ring);
  if (!minted.ok) return minted;
  const now = app.clock.now();
  const { force, reason } = input;
  const { policy, imposed } = policyOf(app, owned.value.policy, input.dialectPolicy);
  const broken = refusalOfPromise(input, policy, imposed);
  if (broken !== null) return broken;
  const signed = await secretForSigned(app, owned.value, minted.value.secret.algorithm);
  if (!signed.ok) return signed;
  const graceSeconds = graceOf(app, input, imposed);
  const command = { kind: 'rotate' as const, secret: minted.value.secret, graceSeconds, force, reason };
  const decision = decideKeyring(ring, policy, command, now);
  if (decision.kind === 'refused') return ringRefusal(decision, imposed, namedBy(input));
  return done({
    timeline: timeline(decision.ring, now),
    secretId: minted.value.shown.id,
    retired: decision.rotation?.retired ?? null,
    effectiveAt: decision.rotation?.effectiveAt ?? now,
  });
}

function mint(app: AppContext, caller: Caller, input: RotateInput, owned: Owned, ring: StoredKeyring): Outcome<Minted> {
  const base = { owner: input.owner, actor: caller.actor, decoding: owned.profile.secretDecoding };
  if (input.secret !== null) return importSecret(app, { ...base, profile: owned.profile }, input.secret);
  const algorithm = input.algorithm ?? usualAlgorithm(owned.profile, ring);
  const refusal = refusalOfAlgorithm(owned.profile, algorithm);
  return refusal ?? done(mintSecret(app, { ...base, algorithm, spelling: input.spelling }));
}

/** Most products have no word for algorithms: they must be able to leave one that the profile has no more. */
function usualAlgorithm({ elements }: SignatureProfile, ring: StoredKeyring): SecretAlgorithm {
  const algorithm = newest(ring)?.algorithm ?? 'hmac-sha256';
  if (elements[algorithm] !== null) return algorithm;
  return algorithm === 'ed25519' ? 'hmac-sha256' : 'ed25519';
}

function newest(ring: StoredKeyring): StoredSecret | undefined {
  return ring.secrets.reduce<StoredSecret | undefined>(
    (last, secret) => (last === undefined || secret.number > last.number ? secret : last),
    undefined,
  );
}
