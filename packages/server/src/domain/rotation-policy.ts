/**
 * What a rotation of one ring may do: plain data, copied onto the endpoint or organization that owns the ring.
 * The knobs together express the rules of every product surveyed; see docs/rotation.md.
 */
export type RotationPolicy = {
  readonly grace: {
    /** null: the operator's. */
    readonly defaultSeconds: number | null;
    readonly minSeconds: number;
    /** null: the operator's alone. */
    readonly maxSeconds: number | null;
    /** What an omitted grace means; `indefinite` keeps the old secret until it is revoked. */
    readonly whenOmitted: 'default' | 'zero' | 'indefinite' | 'required';
  };
  /** Secrets that may be alive at once, the active one included: 1 to 11. */
  readonly maxLive: number;
  /** What happens when a ring that is full is rotated again under `stack`. */
  readonly whenFull: 'refuse' | 'end_oldest';
  /** Rotating again while an older secret is retiring. */
  readonly onOverlap: 'refuse' | 'replace' | 'stack';
  /** May `force` override a refusal, and must it give a reason. */
  readonly force: 'none' | 'allowed' | 'reason_required';
  /** Deadlines of secrets that are already retiring: kept, or rewritten to that of this rotation. */
  readonly previousDeadline: 'keep' | 'rewrite';
  readonly signWith: 'live' | 'active' | 'oldest';
  readonly activation: 'immediate' | 'manual' | 'scheduled';
  readonly order: 'activeFirst' | 'activeLast';
  readonly visibility: 'once' | 'revealable' | 'hidden';
  readonly origin: 'generated' | 'imported' | 'either';
  readonly earlyRevoke: 'none' | 'previous' | 'byId';
  readonly cooldownSeconds: number;
  /** Minutes during which the same key with the same Idempotency-Key is given the secret again; 0: never. */
  readonly recoveryMinutes: number;
  /** Binds calls through a dialect too, which otherwise obey that dialect's own policy. */
  readonly enforced: boolean;
  readonly rollback: 'none' | 'untilPreviousExpires';
};

export const NATIVE_ROTATION_POLICY: RotationPolicy = {
  grace: { defaultSeconds: null, minSeconds: 0, maxSeconds: 7 * 86_400, whenOmitted: 'default' },
  maxLive: 2,
  whenFull: 'refuse',
  onOverlap: 'refuse',
  force: 'allowed',
  previousDeadline: 'keep',
  signWith: 'live',
  activation: 'immediate',
  order: 'activeFirst',
  visibility: 'once',
  origin: 'either',
  earlyRevoke: 'byId',
  cooldownSeconds: 0,
  recoveryMinutes: 10,
  enforced: false,
  rollback: 'untilPreviousExpires',
};

/**
 * What the endpoints of a product have in common whose callers can ask for a rotation and nothing else of a ring. The
 * new secret is a field that each answer must have, for as long as an Idempotency-Key is remembered.
 */
export const PRODUCT_ROTATION_POLICY: RotationPolicy = {
  ...NATIVE_ROTATION_POLICY,
  force: 'none',
  rollback: 'none',
  earlyRevoke: 'none',
  origin: 'generated',
  recoveryMinutes: 1_440,
};
