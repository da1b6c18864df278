import type { SecretId } from './ids.ts';
import type { Keyring } from './keyring.ts';
import {
  type DiscardCommand,
  type NewSecret,
  type RestoreCommand,
  type RevokeCommand,
  type RingChanged,
  type RingCommand,
  type RingDecision,
  refuse,
} from './keyring-decision.ts';
import { blank, commit, partsOf, ringTime } from './keyring-parts.ts';
import { defaultGraceMs, refuseSecret } from './keyring-rules.ts';
import { activate, keepActive, revokeAt, supersede } from './keyring-windows.ts';
import { promoteSecret, rotateKeyring, stageSecret } from './rotate-keyring.ts';
import type { RotationPolicy } from './rotation-policy.ts';
import { isLiving, type RingOwner, type Secret } from './secret.ts';

/**
 * Every change of a keyring: the ring, the policy that binds this caller, what is asked and the time give the next
 * version or a refusal. Nothing else makes a version. The secret in a command may carry more than a `Secret` has, such
 * as its sealed text; it comes out again in the ring.
 */
export function decideKeyring<S extends Secret>(
  ring: Keyring<S>,
  policy: RotationPolicy,
  command: RingCommand<S>,
  now: number,
): RingDecision<S> {
  const at = ringTime(ring, now);
  switch (command.kind) {
    case 'rotate':
      return rotateKeyring(ring, policy, command, at);
    case 'stage':
      return stageSecret(ring, policy, command, at);
    case 'promote':
      return promoteSecret(ring, policy, command, at);
    case 'restore':
      return restoreSecret(ring, policy, command, at);
    case 'revoke':
    case 'discard':
      return revokeSecret(ring, policy, command, at);
  }
}

/**
 * The same for a change that begins a little later than `now`, so that it can be in memory everywhere before it does. Until
 * then the ring signs as it did: secrets that this change ends stay in it as long as they live.
 */
export function decideAhead<S extends Secret>(
  ring: Keyring<S>,
  policy: RotationPolicy,
  command: RingCommand<S>,
  { now, effectiveAt }: { readonly now: number; readonly effectiveAt: number },
): RingDecision<S> {
  const decision = decideKeyring(ring, policy, command, effectiveAt);
  if (decision.kind === 'refused') return decision;
  const ending = decision.retired.filter((secret) => isLiving(secret, now));
  if (ending.length === 0) return decision;
  const retired = decision.retired.filter((secret) => !ending.includes(secret));
  const secrets = withEnding(decision.ring.secrets, ending, ring);
  return { ...decision, retired, ring: { ...decision.ring, secrets } };
}

/** Each secret that is about to end stays in front of the one that it stood in front of, so that receivers see no change. */
function withEnding<S extends Secret>(after: readonly S[], ending: readonly S[], before: Keyring<S>): readonly S[] {
  const secrets = [...after];
  let next: SecretId | null = null;
  for (const { id } of before.secrets.toReversed()) {
    const ends = ending.find((secret) => secret.id === id);
    if (ends !== undefined) {
      const at = secrets.findIndex((secret) => secret.id === next);
      secrets.splice(at < 0 ? secrets.length : at, 0, ends);
    }
    next = id;
  }
  return secrets;
}

/** The first version of a ring, with one secret that is active at once. */
export function createKeyring<S extends Secret>(
  owner: RingOwner,
  policy: RotationPolicy,
  secret: NewSecret<S>,
  now: number,
): RingDecision<S> {
  const empty: Keyring<S> = { owner, version: 0, secrets: [] };
  const refusal = refuseSecret(empty, policy, secret, now);
  return refusal ?? firstVersion(empty, policy, secret, now);
}

function firstVersion<S extends Secret>(
  empty: Keyring<S>,
  policy: RotationPolicy,
  secret: NewSecret<S>,
  now: number,
): RingChanged<S> {
  // Nothing older can keep it waiting, whatever the policy lets sign.
  const first = activate(blank(empty, secret, null, now), 'live', now);
  return commit(empty, policy, {
    secrets: [first],
    takesOver: { id: first.id, from: null, at: now },
    event: { kind: 'created', secretId: first.id, at: now },
    now,
  });
}

/** Gives the active place back to a secret that is still retiring; the one that held it retires with the default grace. */
function restoreSecret<S extends Secret>(
  ring: Keyring<S>,
  policy: RotationPolicy,
  command: RestoreCommand,
  now: number,
): RingDecision<S> {
  if (policy.rollback === 'none') return refuse(ring, now, 'policy_forbids', 'This policy does not restore secrets.');
  const { active, scheduled, retiring, staged, dead } = partsOf(ring, now);
  const target = command.secretId === null ? retiring.at(-1) : ring.secrets.find(({ id }) => id === command.secretId);
  if (target === undefined) {
    return command.secretId === null
      ? refuse(ring, now, 'secret_not_retiring', 'No earlier secret is still alive.')
      : refuse(ring, now, 'secret_not_found', 'The keyring holds no such secret.');
  }
  if (dead.includes(target)) return refuse(ring, now, 'secret_not_living', 'The secret is no longer alive.');
  if (!retiring.includes(target)) return refuse(ring, now, 'secret_not_retiring', 'The secret is not retiring.');
  if (scheduled !== null) {
    const detail = 'Another secret is scheduled to become active: discard it first.';
    return refuse(ring, now, 'rotation_in_progress', detail, { retryAt: scheduled.activatesAt });
  }
  const replaced = supersede(active, policy.signWith, now, now + defaultGraceMs(policy));
  const others = retiring.filter((secret) => secret !== target);
  return commit(ring, policy, {
    secrets: [...dead, ...staged, ...others, replaced, activate(target, policy.signWith, now)],
    takesOver: { id: target.id, from: active.id, at: now },
    event: { kind: 'restored', secretId: target.id, at: now },
    now,
  });
}

/** Ends a secret that is not the active one. Discarding is the name of this for a staged secret, which any policy allows. */
function revokeSecret<S extends Secret>(
  ring: Keyring<S>,
  policy: RotationPolicy,
  command: RevokeCommand | DiscardCommand,
  now: number,
): RingDecision<S> {
  const target = ring.secrets.find(({ id }) => id === command.secretId);
  if (target === undefined) return refuse(ring, now, 'secret_not_found', 'The keyring holds no such secret.');
  const { active, scheduled, alsoScheduled, retiring, staged, dead } = partsOf(ring, now);
  if (dead.includes(target)) return refuse(ring, now, 'secret_not_living', 'The secret is no longer alive.');
  const isStaged = target === scheduled || alsoScheduled.includes(target) || staged.includes(target);
  if (command.kind === 'discard' && !isStaged) {
    return refuse(ring, now, 'secret_not_staged', 'The secret is not staged.');
  }
  if (target === active) {
    const detail = 'The active secret cannot be revoked: rotate with graceSeconds 0 instead.';
    return refuse(ring, now, 'secret_is_active', detail);
  }
  if (!isStaged && policy.earlyRevoke === 'none') {
    return refuse(ring, now, 'policy_forbids', 'This policy ends no secret before its time.');
  }
  if (!isStaged && policy.earlyRevoke === 'previous' && target !== retiring.at(-1)) {
    return refuse(ring, now, 'policy_forbids', 'This policy ends only the secret before the active one early.');
  }
  const secrets = ring.secrets.map((secret) => {
    if (secret === target) return revokeAt(secret, now);
    return secret === active && target === scheduled ? keepActive(secret) : secret;
  });
  return commit(ring, policy, { secrets, takesOver: null, event: null, now });
}
