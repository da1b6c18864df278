import type { ErrorCode } from './error-registry.ts';
import type { SecretId } from './ids.ts';
import type { Keyring } from './keyring.ts';
import { type Secret, secretState } from './secret.ts';

/** What the ring decides about a secret; all the rest of it the caller brings. */
type Decided =
  | 'number'
  | 'createdAt'
  | 'activatesAt'
  | 'supersededAt'
  | 'expiresAt'
  | 'revokedAt'
  | 'signsFrom'
  | 'signsUntil'
  | 'reason';

/** A secret on its way into a ring: id, algorithm, origin, hint, fingerprint, actor, and what `S` adds to a `Secret`. */
export type NewSecret<S extends Secret = Secret> = Omit<S, Decided>;

/** The reason that cuts every older secret at once and overrides a refusal. */
export const COMPROMISE = 'compromise';

type ActivationOptions = {
  /** Seconds that the secret now active goes on living, fractions allowed; absent or null: as the policy says. */
  readonly graceSeconds?: number | null | undefined;
  /** When to activate, epoch milliseconds; absent or null: as the policy says. */
  readonly activateAt?: number | null | undefined;
  readonly force?: boolean | undefined;
  readonly reason?: string | null | undefined;
};

export type RotateCommand<S extends Secret = Secret> = ActivationOptions & {
  readonly kind: 'rotate';
  readonly secret: NewSecret<S>;
};
export type StageCommand<S extends Secret = Secret> = {
  readonly kind: 'stage';
  readonly secret: NewSecret<S>;
  readonly force?: boolean | undefined;
  readonly reason?: string | null | undefined;
};
export type PromoteCommand = ActivationOptions & { readonly kind: 'promote'; readonly secretId: SecretId };
export type DiscardCommand = { readonly kind: 'discard'; readonly secretId: SecretId };
/** Null: the secret that was superseded last. */
export type RestoreCommand = { readonly kind: 'restore'; readonly secretId: SecretId | null };
export type RevokeCommand = { readonly kind: 'revoke'; readonly secretId: SecretId };

export type RingCommand<S extends Secret = Secret> =
  | RotateCommand<S>
  | StageCommand<S>
  | PromoteCommand
  | DiscardCommand
  | RestoreCommand
  | RevokeCommand;

/** What a change did, for operational events and the audit log. Only what this change caused, never the clock's doing. */
export type RingEvent = {
  readonly kind: 'created' | 'staged' | 'scheduled' | 'rotated' | 'restored' | 'ended' | 'revoked';
  readonly secretId: SecretId;
  /** When it takes effect; null: when someone promotes it. */
  readonly at: number | null;
};

export type Rotation<S extends Secret = Secret> = {
  /** The secret that is, or will be, the active one. */
  readonly added: S;
  /** The secret it replaces, or null when it is only staged or the ring's first; a null end never comes. */
  readonly retired: { readonly id: SecretId; readonly expiresAt: number | null } | null;
  /** When it takes over; null: when it is promoted. */
  readonly effectiveAt: number | null;
};

export type RingChanged<S extends Secret = Secret> = {
  readonly kind: 'changed';
  /** The next version, holding exactly the secrets that live at the time of the change. */
  readonly ring: Keyring<S>;
  /** Secrets that leave the ring because they were dead already or died of this change. */
  readonly retired: readonly S[];
  /** Set by create, rotate, stage, promote and restore. */
  readonly rotation: Rotation<S> | null;
  readonly events: readonly RingEvent[];
};

export type RingRefusalCode = Extract<
  ErrorCode,
  | 'conflict'
  | 'secret_not_found'
  | 'secret_is_active'
  | 'secret_not_living'
  | 'secret_not_staged'
  | 'secret_not_retiring'
  | 'rotation_in_progress'
  | 'ring_full'
  | 'policy_forbids'
  | 'policy_enforced'
  | 'validation_failed'
  | 'secret_rejected'
  | 'grace_out_of_range'
  | 'grace_required'
  | 'reason_required'
  | 'rotation_cooldown'
>;

export type RingRefusal = {
  readonly kind: 'refused';
  readonly code: RingRefusalCode;
  readonly detail: string;
  /** JSON pointer to the field of a native rotate request that is at fault, or null. */
  readonly pointer: string | null;
  /** After how many seconds the same request would not be refused for this cause; null: unknown or never. */
  readonly retryAfterSeconds: number | null;
  /** How the ring stands. */
  readonly current: {
    readonly activeId: SecretId | null;
    readonly retiring: readonly { readonly id: SecretId; readonly expiresAt: number | null }[];
    readonly stagedIds: readonly SecretId[];
  };
};

export type RingDecision<S extends Secret = Secret> = RingChanged<S> | RingRefusal;

export function refuse(
  ring: Keyring,
  now: number,
  code: RingRefusalCode,
  detail: string,
  more: { readonly pointer?: string; readonly retryAt?: number | null } = {},
): RingRefusal {
  const retryAt = more.retryAt ?? null;
  const inState = (state: string) => ring.secrets.filter((secret) => secretState(secret, now) === state);
  return {
    kind: 'refused',
    code,
    detail,
    pointer: more.pointer ?? null,
    retryAfterSeconds: retryAt === null ? null : Math.max(1, Math.ceil((retryAt - now) / 1_000)),
    current: {
      activeId: inState('active')[0]?.id ?? null,
      retiring: inState('retiring').map(({ id, expiresAt }) => ({ id, expiresAt })),
      stagedIds: inState('staged').map(({ id }) => id),
    },
  };
}
