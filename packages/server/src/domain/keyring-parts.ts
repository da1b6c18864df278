import type { SecretId } from './ids.ts';
import { activeSecret, type Keyring } from './keyring.ts';
import type { NewSecret, RingChanged, RingEvent } from './keyring-decision.ts';
import { inSigningOrder, settleWaiting } from './keyring-windows.ts';
import type { RotationPolicy } from './rotation-policy.ts';
import { isLiving, type Secret, secretState } from './secret.ts';

/** A ring taken apart by the states of its secrets at one time; the lists run from the oldest to the newest. */
export type RingParts<S extends Secret> = {
  readonly active: S;
  /** Staged with a date. */
  readonly scheduled: S | null;
  /** Staged with a date as well: seen so by a clock that was set back behind several activations. */
  readonly alsoScheduled: readonly S[];
  readonly retiring: readonly S[];
  /** Staged without a date. */
  readonly staged: readonly S[];
  readonly dead: readonly S[];
};

/** Takes a ring apart, leaving out one secret that is about to change its place. */
export function partsOf<S extends Secret>(ring: Keyring<S>, now: number, without?: SecretId): RingParts<S> {
  const active = activeSecret(ring, now);
  if (active === null) throw new Error('a keyring has no active secret');
  const scheduled: S[] = [];
  const retiring: S[] = [];
  const staged: S[] = [];
  const dead: S[] = [];
  for (const secret of [...ring.secrets].sort((a, b) => a.number - b.number)) {
    if (secret.id === without) continue;
    const state = secretState(secret, now);
    if (state === 'expired' || state === 'revoked') dead.push(secret);
    else if (state === 'retiring') retiring.push(secret);
    else if (state === 'staged') (secret.activatesAt === null ? staged : scheduled).push(secret);
  }
  retiring.sort((a, b) => (a.supersededAt ?? 0) - (b.supersededAt ?? 0));
  const [first = null, ...others] = scheduled;
  return { active, scheduled: first, alsoScheduled: others, retiring, staged, dead };
}

/**
 * The time at which a command is judged: `now`, or the next activation when the clock stands before all of them, as it
 * may after a step back.
 */
export function ringTime(ring: Keyring, now: number): number {
  if (activeSecret(ring, now) !== null) return now;
  let first = Number.POSITIVE_INFINITY;
  for (const { activatesAt } of ring.secrets) {
    if (activatesAt !== null && activatesAt > now) first = Math.min(first, activatesAt);
  }
  return first === Number.POSITIVE_INFINITY ? now : first;
}

/** A secret that has entered the ring and done nothing yet. */
export function blank<S extends Secret>(ring: Keyring<S>, secret: NewSecret<S>, reason: string | null, now: number): S {
  if (ring.secrets.some(({ id }) => id === secret.id)) throw new Error('a secret enters a keyring twice');
  const decided = {
    number: ring.version + 1,
    createdAt: now,
    activatesAt: null,
    supersededAt: null,
    expiresAt: null,
    revokedAt: null,
    signsFrom: null,
    signsUntil: null,
    reason,
  };
  return { ...secret, ...decided } as unknown as S; // `NewSecret<S>` is `S` without exactly these fields.
}

/** Makes the next version of a ring out of all its secrets, and tells what became of them. */
export function commit<S extends Secret>(
  ring: Keyring<S>,
  policy: Pick<RotationPolicy, 'order'>,
  change: {
    readonly secrets: readonly S[];
    readonly takesOver: {
      readonly id: SecretId;
      readonly from: SecretId | null;
      readonly at: number | null;
    } | null;
    readonly event: RingEvent | null;
    readonly now: number;
  },
): RingChanged<S> {
  const { secrets, takesOver, event, now } = change;
  const settled = settleWaiting(secrets, now);
  const next: Keyring<S> = {
    owner: ring.owner,
    version: ring.version + 1,
    secrets: inSigningOrder(
      settled.filter((secret) => isLiving(secret, now)),
      policy.order,
    ),
  };
  const retired = settled.filter((secret) => !isLiving(secret, now));
  assertSound(ring, next, retired, now);
  const events = event === null ? [] : [event];
  for (const before of ring.secrets) {
    if (!isLiving(before, now)) continue;
    const after = retired.find(({ id }) => id === before.id);
    if (after === undefined) continue;
    events.push({ kind: after.revokedAt === null ? 'ended' : 'revoked', secretId: after.id, at: now });
  }
  if (takesOver === null) return { kind: 'changed', ring: next, retired, rotation: null, events };

  const added = settled.find(({ id }) => id === takesOver.id);
  if (added === undefined) throw new Error('a rotation lost its secret');
  const from = settled.find(({ id }) => id === takesOver.from);
  const rotation = {
    added,
    retired: from === undefined ? null : { id: from.id, expiresAt: from.expiresAt },
    effectiveAt: takesOver.at,
  };
  return { kind: 'changed', ring: next, retired, rotation, events };
}

/** What must hold of every version that is written. */
function assertSound<S extends Secret>(
  before: Keyring<S>,
  after: Keyring<S>,
  retired: readonly S[],
  now: number,
): void {
  const active = after.secrets.filter((secret) => secretState(secret, now) === 'active');
  if (active.length !== 1) throw new Error(`a keyring would have ${active.length} active secrets`);
  const ids = new Set([...after.secrets, ...retired].map(({ id }) => id));
  if (ids.size !== after.secrets.length + retired.length) throw new Error('a keyring would hold a secret twice');
  if (before.secrets.some(({ id }) => !ids.has(id))) throw new Error('a keyring would lose a secret');
}
