import { createKeyring, decideKeyring } from './decide-keyring.ts';
import type { Keyring } from './keyring.ts';
import type { NewSecret, RingChanged, RingCommand, RingDecision, RingRefusal } from './keyring-decision.ts';
import { NATIVE_ROTATION_POLICY, type RotationPolicy } from './rotation-policy.ts';

/** Rings, policies and commands for tests. */

export const OWNER = 'ep_00000000000000000000000000';
export const T0 = 1_700_000_000_000;
export const HOUR = 3_600_000;

/** A secret called `n`, such as `a`. */
export function newSecret(n: string, more: Partial<NewSecret> = {}): NewSecret {
  return {
    id: `sec_${n}`,
    algorithm: 'hmac-sha256',
    origin: 'generated',
    hint: n.padStart(4, '0'),
    fingerprint: `fingerprint of ${n}`,
    publicKey: null,
    actor: 'cli',
    ...more,
  };
}

export function policy(more: Partial<RotationPolicy> = {}): RotationPolicy {
  return { ...NATIVE_ROTATION_POLICY, ...more };
}

const DIALECT: RotationPolicy = policy({ force: 'none', rollback: 'none', earlyRevoke: 'none', origin: 'generated' });
const STACK = { onOverlap: 'stack', maxLive: 10, whenFull: 'end_oldest' } as const;

function fixedGrace(seconds: number): RotationPolicy['grace'] {
  return { defaultSeconds: seconds, minSeconds: seconds, maxSeconds: seconds, whenOmitted: 'default' };
}

/** What the built-in dialects ask of a rotation. */
export const PRODUCTS = {
  moonborn: { ...DIALECT, ...STACK },
  agentmessageEndpoint: { ...DIALECT, onOverlap: 'replace', maxLive: 1, grace: fixedGrace(0) },
  agentmessageOrganization: {
    ...DIALECT,
    onOverlap: 'replace',
    maxLive: 2,
    signWith: 'active',
    grace: fixedGrace(300),
  },
  thesignup: { ...DIALECT, ...STACK, grace: fixedGrace(86_400) },
  dinie: {
    ...DIALECT,
    ...STACK,
    grace: { defaultSeconds: 3_600, minSeconds: 0, maxSeconds: 86_400, whenOmitted: 'default' },
    recoveryMinutes: 1_440,
  },
} as const satisfies Record<string, RotationPolicy>;

export function created(rules: RotationPolicy = policy(), first = 'a', at = T0): Keyring {
  return changed(createKeyring(OWNER, rules, newSecret(first), at)).ring;
}

export function changed(decision: RingDecision): RingChanged {
  if (decision.kind === 'refused') throw new Error(`refused: ${decision.code} ${decision.detail}`);
  return decision;
}

export function refusal(decision: RingDecision): RingRefusal {
  if (decision.kind === 'changed') throw new Error('was not refused');
  return decision;
}

export type Step = readonly [at: number, command: RingCommand, rules?: RotationPolicy];

/** Runs commands that must all succeed, `at` milliseconds after T0. */
export function run(ring: Keyring, rules: RotationPolicy, ...steps: readonly Step[]): RingChanged {
  let last: RingChanged = { kind: 'changed', ring, retired: [], rotation: null, events: [] };
  for (const [at, command, own] of steps) {
    last = changed(decideKeyring(last.ring, own ?? rules, command, T0 + at));
  }
  return last;
}

export function rotate(
  n: string,
  more: Omit<Extract<RingCommand, { kind: 'rotate' }>, 'kind' | 'secret'> = {},
): RingCommand {
  return { kind: 'rotate', secret: newSecret(n), ...more };
}
