import type { Keyring } from './keyring.ts';
import {
  COMPROMISE,
  type PromoteCommand,
  type RingDecision,
  type RingEvent,
  type RingRefusal,
  type RotateCommand,
  refuse,
  type StageCommand,
} from './keyring-decision.ts';
import { blank, commit, partsOf, type RingParts } from './keyring-parts.ts';
import { liveMax, refuseForce, refuseHaste, refuseSecret, ruleActivation, ruleGrace } from './keyring-rules.ts';
import { activate, endBy, moveDeadline, revokeAt, supersede } from './keyring-windows.ts';
import type { RotationPolicy } from './rotation-policy.ts';
import { isLiving, type Secret } from './secret.ts';

/** Brings a new secret into the ring; when it takes over, the active one retires. */
export function rotateKeyring<S extends Secret>(
  ring: Keyring<S>,
  policy: RotationPolicy,
  command: RotateCommand<S>,
  now: number,
): RingDecision<S> {
  const compromised = command.reason === COMPROMISE;
  const refusal =
    (compromised ? null : refuseHaste(ring, policy, now)) ??
    refuseForce(ring, policy, command, now) ??
    refuseSecret(ring, policy, command.secret, now);
  if (refusal !== null) return refusal;
  const activation = ruleActivation(ring, policy, command, now);
  if (activation.kind === 'refused') return activation;
  if (activation.at === null && (command.graceSeconds ?? null) !== null) {
    const detail = 'This policy has secrets promoted by hand: give the grace when you promote.';
    return refuse(ring, now, 'validation_failed', detail, { pointer: '/graceSeconds' });
  }
  const added = blank(ring, command.secret, command.reason ?? null, now);
  if (activation.at === null) return admitStaged(ring, policy, command, added, now);
  return takeOver(ring, policy, { command, secret: added, at: activation.at }, now);
}

/** Brings a new secret into the ring that signs nothing until it is promoted. */
export function stageSecret<S extends Secret>(
  ring: Keyring<S>,
  policy: RotationPolicy,
  command: StageCommand<S>,
  now: number,
): RingDecision<S> {
  const refusal =
    refuseHaste(ring, policy, now) ??
    refuseForce(ring, policy, command, now) ??
    refuseSecret(ring, policy, command.secret, now);
  if (refusal !== null) return refusal;
  return admitStaged(ring, policy, command, blank(ring, command.secret, command.reason ?? null, now), now);
}

/** Makes a staged secret the active one, also one whose date has not come yet. */
export function promoteSecret<S extends Secret>(
  ring: Keyring<S>,
  policy: RotationPolicy,
  command: PromoteCommand,
  now: number,
): RingDecision<S> {
  const target = ring.secrets.find(({ id }) => id === command.secretId);
  if (target === undefined) return refuse(ring, now, 'secret_not_found', 'The keyring holds no such secret.');
  const parts = partsOf(ring, now);
  if (parts.dead.includes(target)) return refuse(ring, now, 'secret_not_living', 'The secret is no longer alive.');
  if (target !== parts.scheduled && !parts.alsoScheduled.includes(target) && !parts.staged.includes(target)) {
    return refuse(ring, now, 'secret_not_staged', 'The secret is not staged.');
  }
  const refusal = refuseForce(ring, policy, command, now);
  if (refusal !== null) return refusal;
  const activation = ruleActivation(ring, policy, command, now);
  if (activation.kind === 'refused') return activation;
  const secret = { ...target, activatesAt: null, signsFrom: null };
  return takeOver(ring, policy, { command, secret, at: activation.at ?? now }, now);
}

type TakeOver<S extends Secret> = {
  readonly command: RotateCommand<S> | PromoteCommand;
  /** New, or staged so far. */
  readonly secret: S;
  readonly at: number;
};

function takeOver<S extends Secret>(
  ring: Keyring<S>,
  policy: RotationPolicy,
  { command, secret, at }: TakeOver<S>,
  now: number,
): RingDecision<S> {
  const grace = ruleGrace(ring, policy, command, now);
  if (grace.kind === 'refused') return grace;
  const parts = partsOf(ring, now, secret.id);
  const force = command.force === true || command.reason === COMPROMISE;
  const overlap = refuseOverlap(ring, policy, parts, { at, force }, now);
  if (overlap !== null) return overlap;

  const expiresAt = grace.ms === null ? null : at + grace.ms;
  const replaced = supersede(parts.active, policy.signWith, at, expiresAt);
  // A grace of 0 cuts everything older, or "cut it all now" would be impossible.
  const cut = force || grace.ms === 0 || policy.onOverlap === 'replace';
  const retiring = parts.retiring.map((older) => {
    if (cut) return endBy(older, at);
    return policy.previousDeadline === 'rewrite' ? moveDeadline(older, expiresAt) : older;
  });
  // Two activations cannot both be pending, so the earlier plan is called off.
  const pending = parts.scheduled === null ? [] : [parts.scheduled, ...parts.alsoScheduled];
  const calledOff = pending.map((other) => revokeAt(other, now));
  const staged = force ? parts.staged.map((other) => revokeAt(other, now)) : parts.staged;
  const fitted = makeRoom(policy, { fixed: [activate(secret, policy.signWith, at), replaced], retiring, staged }, now);
  if (fitted.kind === 'full' || (fitted.ended > 0 && !mayEnd(policy, force))) {
    return refuseFull(ring, policy, now);
  }
  const kind = at > now ? 'scheduled' : 'rotated';
  return commit(ring, policy, {
    secrets: [...parts.dead, ...calledOff, ...fitted.secrets],
    takesOver: { id: secret.id, from: parts.active.id, at },
    event: { kind, secretId: secret.id, at },
    now,
  });
}

function admitStaged<S extends Secret>(
  ring: Keyring<S>,
  policy: RotationPolicy,
  request: { readonly force?: boolean | undefined },
  added: S,
  now: number,
): RingDecision<S> {
  const { active, scheduled, alsoScheduled, retiring, staged, dead } = partsOf(ring, now);
  const fixed = scheduled === null ? [added, active] : [added, active, scheduled, ...alsoScheduled];
  const fitted = makeRoom(policy, { fixed, retiring, staged }, now);
  if (fitted.kind === 'full' || (fitted.ended > 0 && !mayEnd(policy, request.force === true))) {
    const overlap = refuseOverlap(ring, policy, { scheduled, retiring }, { at: now, force: false }, now);
    return overlap ?? refuseFull(ring, policy, now);
  }
  const event: RingEvent = { kind: 'staged', secretId: added.id, at: null };
  return commit(ring, policy, {
    secrets: [...dead, ...fitted.secrets],
    takesOver: { id: added.id, from: null, at: null },
    event,
    now,
  });
}

function refuseOverlap(
  ring: Keyring,
  policy: RotationPolicy,
  parts: Pick<RingParts<Secret>, 'scheduled' | 'retiring'>,
  { at, force }: { readonly at: number; readonly force: boolean },
  now: number,
): RingRefusal | null {
  if (policy.onOverlap !== 'refuse' || force) return null;
  if (parts.scheduled !== null) {
    const detail = 'Another secret is scheduled to become active: promote or discard it first, or send force.';
    return refuse(ring, now, 'rotation_in_progress', detail, { retryAt: parts.scheduled.activatesAt });
  }
  const open = parts.retiring.filter(({ expiresAt }) => expiresAt === null || expiresAt > at);
  if (open.length === 0) return null;
  const detail = 'An older secret is still retiring: wait for its end, revoke it, or send force to end it now.';
  return refuse(ring, now, 'rotation_in_progress', detail, { retryAt: lastDeadline(open) });
}

function refuseFull(ring: Keyring, policy: RotationPolicy, now: number): RingRefusal {
  const { retiring } = partsOf(ring, now);
  const detail = `The keyring may hold ${liveMax(policy)} living secrets at once and would hold more.`;
  return refuse(ring, now, 'ring_full', detail, { retryAt: firstDeadline(retiring) });
}

function lastDeadline(secrets: readonly Secret[]): number | null {
  let last: number | null = 0;
  for (const { expiresAt } of secrets) last = last === null || expiresAt === null ? null : Math.max(last, expiresAt);
  return last;
}

function firstDeadline(secrets: readonly Secret[]): number | null {
  const deadlines = secrets.map(({ expiresAt }) => expiresAt).filter((deadline) => deadline !== null);
  return deadlines.length === 0 ? null : Math.min(...deadlines);
}

function mayEnd(policy: RotationPolicy, force: boolean): boolean {
  return force || policy.onOverlap === 'replace' || (policy.onOverlap === 'stack' && policy.whenFull === 'end_oldest');
}

type Room<S> = { readonly fixed: readonly S[]; readonly retiring: readonly S[]; readonly staged: readonly S[] };
type Fitted<S> =
  | { readonly kind: 'fits'; readonly secrets: readonly S[]; readonly ended: number }
  | { readonly kind: 'full' };

/** Ends the oldest retiring secrets, and then the oldest staged ones, until no more live than the policy allows. */
function makeRoom<S extends Secret>(policy: RotationPolicy, room: Room<S>, now: number): Fitted<S> {
  const living = [...room.fixed, ...room.retiring, ...room.staged].filter((secret) => isLiving(secret, now));
  let excess = living.length - liveMax(policy);
  let ended = 0;
  const endWhileFull = (end: (secret: S, at: number) => S) => (secret: S) => {
    if (excess <= 0 || !isLiving(secret, now)) return secret;
    excess -= 1;
    ended += 1;
    return end(secret, now);
  };
  const retiring = room.retiring.map(endWhileFull(endBy));
  const staged = room.staged.map(endWhileFull(revokeAt));
  if (excess > 0) return { kind: 'full' };
  return { kind: 'fits', secrets: [...room.fixed, ...retiring, ...staged], ended };
}
