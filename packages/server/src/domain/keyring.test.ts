import { describe, expect, it } from 'vitest';
import { createKeyring, decideKeyring } from './decide-keyring.ts';
import { type Keyring, nextChangeAt, signingSecrets } from './keyring.ts';
import {
  changed,
  created,
  HOUR,
  newSecret,
  OWNER,
  PRODUCTS,
  policy,
  refusal,
  rotate,
  run,
  T0,
} from './keyring-fixtures.ts';
import { secretState } from './secret.ts';

const DAY = 24 * HOUR;

/** Names of the secrets that sign, in order. */
function signers(ring: Keyring, at: number): string {
  return signingSecrets(ring, T0 + at)
    .map(({ id }) => id.slice('sec_'.length))
    .join(' ');
}

function states(ring: Keyring, at: number): Record<string, string> {
  return Object.fromEntries(ring.secrets.map((secret) => [secret.id.slice(4), secretState(secret, T0 + at)]));
}

describe('a new keyring', () => {
  it('has one active secret that signs at once and never ends', () => {
    const { ring, rotation, retired } = changed(createKeyring(OWNER, policy(), newSecret('a'), T0));
    expect(ring.version).toBe(1);
    expect(retired).toEqual([]);
    expect(ring.secrets).toEqual([
      {
        ...newSecret('a'),
        number: 1,
        createdAt: T0,
        activatesAt: T0,
        supersededAt: null,
        expiresAt: null,
        revokedAt: null,
        signsFrom: T0,
        signsUntil: null,
        reason: null,
      },
    ]);
    expect(rotation).toMatchObject({ retired: null, effectiveAt: T0 });
    expect(nextChangeAt(ring, T0)).toBeNull();
  });

  it('keeps what a secret carries beyond its own fields', () => {
    const stored = { ...newSecret('a'), sealed: 'sealed.text' as const };
    const decision = createKeyring<ReturnType<typeof created>['secrets'][number] & { sealed: string }>(
      OWNER,
      policy(),
      stored,
      T0,
    );
    expect(decision.kind === 'changed' && decision.ring.secrets[0]?.sealed).toBe('sealed.text');
  });

  it('signs with its first secret under any rule of who signs', () => {
    for (const signWith of ['live', 'active', 'oldest'] as const) {
      expect(signers(created(policy({ signWith })), 0)).toBe('a');
    }
  });

  it('refuses a first secret of an origin that the policy does not take', () => {
    const decision = createKeyring(OWNER, policy({ origin: 'imported' }), newSecret('a'), T0);
    expect(refusal(decision)).toMatchObject({ code: 'secret_rejected', pointer: '/secret' });
  });
});

describe('rotating under the native policy', () => {
  it('signs with both, the new one first, until the grace of 24 hours is over', () => {
    const { ring, rotation, retired, events } = run(created(), policy(), [HOUR, rotate('b')]);
    expect(rotation).toMatchObject({
      added: { id: 'sec_b', number: 2 },
      retired: { id: 'sec_a', expiresAt: T0 + HOUR + DAY },
      effectiveAt: T0 + HOUR,
    });
    expect(retired).toEqual([]);
    expect(events).toEqual([{ kind: 'rotated', secretId: 'sec_b', at: T0 + HOUR }]);
    expect(ring.version).toBe(2);
    expect(signers(ring, HOUR)).toBe('b a');
    expect(signers(ring, HOUR + DAY - 1)).toBe('b a');
    expect(signers(ring, HOUR + DAY)).toBe('b');
    expect(states(ring, HOUR + DAY)).toEqual({ a: 'expired', b: 'active' });
    expect(nextChangeAt(ring, T0 + HOUR)).toBe(T0 + HOUR + DAY);
    expect(nextChangeAt(ring, T0 + HOUR + DAY)).toBeNull();
  });

  it('moves what the clock ended to the history at the next change', () => {
    const { retired, ring } = run(created(), policy(), [0, rotate('b')], [DAY, rotate('c')]);
    expect(retired.map(({ id }) => id)).toEqual(['sec_a']);
    expect(signers(ring, DAY)).toBe('c b');
  });

  it('takes graces of 0 to 7 days in seconds, fractions too, and nothing else', () => {
    for (const [graceSeconds, ms] of [
      [0, 0],
      [0.25, 250],
      [7 * 86_400, 7 * DAY],
    ] as const) {
      expect(run(created(), policy(), [0, rotate('b', { graceSeconds })]).rotation?.retired?.expiresAt).toBe(T0 + ms);
    }
    for (const graceSeconds of [-1, 7 * 86_400 + 1, Number.NaN, Number.POSITIVE_INFINITY]) {
      const decision = decideKeyring(created(), policy(), rotate('b', { graceSeconds }), T0);
      expect(refusal(decision)).toMatchObject({ code: 'grace_out_of_range', pointer: '/graceSeconds' });
    }
  });

  it('refuses a second rotation inside the window and says until when', () => {
    const { ring } = run(created(), policy(), [0, rotate('b')]);
    expect(refusal(decideKeyring(ring, policy(), rotate('c'), T0 + HOUR))).toEqual({
      kind: 'refused',
      code: 'rotation_in_progress',
      detail: expect.any(String),
      pointer: null,
      retryAfterSeconds: 23 * 3_600,
      current: { activeId: 'sec_b', retiring: [{ id: 'sec_a', expiresAt: T0 + DAY }], stagedIds: [] },
    });
  });

  it('ends the older retiring secret at once when forced, and gives the replaced one its grace', () => {
    const { ring, retired, events } = run(created(), policy(), [0, rotate('b')], [HOUR, rotate('c', { force: true })]);
    expect(signers(ring, HOUR)).toBe('c b');
    expect(retired).toMatchObject([{ id: 'sec_a', expiresAt: T0 + HOUR, signsUntil: T0 + HOUR }]);
    expect(events).toContainEqual({ kind: 'ended', secretId: 'sec_a', at: T0 + HOUR });
  });

  it('leaves only the new secret alive after a forced rotation without grace', () => {
    const { ring, retired } = run(
      created(),
      policy(),
      [0, rotate('b')],
      [1, rotate('c', { force: true, graceSeconds: 0 })],
    );
    expect(ring.secrets.map(({ id }) => id)).toEqual(['sec_c']);
    expect(retired.map(({ id }) => id).sort()).toEqual(['sec_a', 'sec_b']);
  });
});

describe('a compromise', () => {
  it('cuts every older secret at once, whatever the policy says about force, grace and cooldown', () => {
    const strict = policy({
      ...PRODUCTS.moonborn,
      cooldownSeconds: 3_600,
      grace: { defaultSeconds: 3_600, minSeconds: 3_600, maxSeconds: null, whenOmitted: 'required' },
    });
    const open = run(created(), PRODUCTS.moonborn, [0, rotate('b')], [1, rotate('c')]).ring;
    const { ring, retired, rotation } = run(open, strict, [2, rotate('d', { reason: 'compromise' })]);
    expect(signers(ring, 2)).toBe('d');
    expect(ring.secrets).toHaveLength(1);
    expect(retired).toHaveLength(3);
    expect(rotation?.retired).toEqual({ id: 'sec_c', expiresAt: T0 + 2 });
    expect(rotation?.added.reason).toBe('compromise');
  });

  it('also ends a staged secret, which is older too', () => {
    const { ring } = run(
      created(),
      policy(),
      [0, { kind: 'stage', secret: newSecret('s') }],
      [1, rotate('b', { reason: 'compromise' })],
    );
    expect(ring.secrets.map(({ id }) => id)).toEqual(['sec_b']);
  });

  it('takes a grace of 0 and refuses any other, and a later date', () => {
    const compromise = (more: object) =>
      decideKeyring(created(), policy(), rotate('b', { reason: 'compromise', ...more }), T0);
    expect(compromise({ graceSeconds: 0 }).kind).toBe('changed');
    expect(refusal(compromise({ graceSeconds: 1 }))).toMatchObject({
      code: 'validation_failed',
      pointer: '/graceSeconds',
    });
    expect(refusal(compromise({ activateAt: T0 + HOUR }))).toMatchObject({
      code: 'validation_failed',
      pointer: '/activateAt',
    });
  });

  it('takes effect at once where secrets are otherwise promoted by hand', () => {
    const { ring } = run(created(), policy({ activation: 'manual' }), [5, rotate('b', { reason: 'compromise' })]);
    expect(signers(ring, 5)).toBe('b');
  });
});

describe('a clock that stepped back', () => {
  const { ring } = run(created(), policy(), [HOUR, rotate('b', { graceSeconds: 0 })]);

  it('still signs with the secret that will sign next', () => {
    expect(signers(ring, HOUR - 50)).toBe('b');
  });

  it('judges a command at the time of the last change', () => {
    const { rotation } = run(ring, policy(), [HOUR - 50, rotate('c', { graceSeconds: 1 })]);
    expect(rotation).toMatchObject({ effectiveAt: T0 + HOUR, retired: { id: 'sec_b', expiresAt: T0 + HOUR + 1_000 } });
  });
});

describe('a clock that stepped back behind several rotations', () => {
  const stack = policy({ onOverlap: 'stack', maxLive: 5 });
  const rotated = run(created(), stack, [HOUR, rotate('b')], [2 * HOUR, rotate('c')], [3 * HOUR, rotate('d')]).ring;

  it('sees them all as still to come, and calls all of them off when it is forced', () => {
    const { ring, retired } = run(rotated, policy(), [60, rotate('e', { force: true })]);
    expect(signers(ring, 60)).toBe('e a');
    expect(retired.map(({ id }) => id).toSorted()).toEqual(['sec_b', 'sec_c', 'sec_d']);
    expect(refusal(decideKeyring(rotated, policy(), rotate('e'), T0 + 60)).code).toBe('rotation_in_progress');
  });

  it('can promote and revoke each of them', () => {
    const promoted = run(rotated, policy(), [60, { kind: 'promote', secretId: 'sec_d', force: true }]).ring;
    expect(signers(promoted, 60)).toBe('d a');
    const revoked = run(rotated, policy(), [60, { kind: 'revoke', secretId: 'sec_c' }]);
    expect(revoked.retired.map(({ id }) => id)).toEqual(['sec_c']);
    expect(revoked.ring.secrets).toHaveLength(3);
  });

  it('can stage another beside them', () => {
    const staged = run(rotated, stack, [60, { kind: 'stage', secret: newSecret('e') }]).ring;
    expect(staged.secrets).toHaveLength(5);
  });
});

describe('the signing secrets of a ring', () => {
  it('are the very list of the ring when all of them sign', () => {
    const { ring } = run(created(), policy(), [0, rotate('b')]);
    expect(signingSecrets(ring, T0)).toBe(ring.secrets);
  });
});
