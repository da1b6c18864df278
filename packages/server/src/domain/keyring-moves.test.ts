import { describe, expect, it } from 'vitest';
import { decideKeyring } from './decide-keyring.ts';
import { type Keyring, nextChangeAt, signingSecrets } from './keyring.ts';
import { changed, created, HOUR, newSecret, policy, refusal, rotate, run, T0 } from './keyring-fixtures.ts';
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

describe('staging', () => {
  const stage = { kind: 'stage', secret: newSecret('s') } as const;

  it('adds a secret that signs nothing until it is promoted, which retires the active one', () => {
    const { ring, rotation } = run(created(), policy(), [0, stage]);
    expect(rotation).toMatchObject({ added: { id: 'sec_s' }, retired: null, effectiveAt: null });
    expect(signers(ring, DAY)).toBe('a');
    expect(states(ring, DAY)).toEqual({ s: 'staged', a: 'active' });
    const promoted = run(ring, policy(), [HOUR, { kind: 'promote', secretId: 'sec_s', graceSeconds: 10 }]);
    expect(promoted.rotation).toMatchObject({
      retired: { id: 'sec_a', expiresAt: T0 + HOUR + 10_000 },
      effectiveAt: T0 + HOUR,
    });
    expect(signers(promoted.ring, HOUR)).toBe('s a');
  });

  it('is what a rotation means where activation is manual', () => {
    const manual = policy({ activation: 'manual' });
    const { ring } = run(created(), manual, [0, rotate('b')]);
    expect(states(ring, 0)).toEqual({ b: 'staged', a: 'active' });
    expect(signers(run(ring, manual, [1, { kind: 'promote', secretId: 'sec_b' }]).ring, 1)).toBe('b a');
    expect(refusal(decideKeyring(created(), manual, rotate('b', { activateAt: T0 + 1 }), T0)).code).toBe(
      'policy_forbids',
    );
    expect(refusal(decideKeyring(created(), manual, rotate('b', { graceSeconds: 1 }), T0)).code).toBe(
      'validation_failed',
    );
  });

  it('needs room in the ring, which force makes', () => {
    const open = run(created(), policy(), [0, rotate('b')]).ring;
    expect(refusal(decideKeyring(open, policy(), stage, T0 + 1)).code).toBe('rotation_in_progress');
    expect(states(run(open, policy(), [1, { ...stage, force: true }]).ring, 1)).toEqual({ s: 'staged', b: 'active' });
    const staged = run(created(), policy(), [0, stage]).ring;
    expect(refusal(decideKeyring(staged, policy(), { kind: 'stage', secret: newSecret('t') }, T0 + 1)).code).toBe(
      'ring_full',
    );
  });

  it('discards a staged secret under any policy, and nothing else', () => {
    const rules = policy({ earlyRevoke: 'none' });
    const { ring } = run(created(), rules, [0, stage]);
    const discarded = run(ring, rules, [5, { kind: 'discard', secretId: 'sec_s' }]);
    expect(discarded.retired).toMatchObject([{ id: 'sec_s', revokedAt: T0 + 5 }]);
    expect(discarded.events).toEqual([{ kind: 'revoked', secretId: 'sec_s', at: T0 + 5 }]);
    expect(refusal(decideKeyring(ring, rules, { kind: 'discard', secretId: 'sec_a' }, T0)).code).toBe(
      'secret_not_staged',
    );
    expect(refusal(decideKeyring(ring, rules, { kind: 'promote', secretId: 'sec_a' }, T0)).code).toBe(
      'secret_not_staged',
    );
    expect(refusal(decideKeyring(ring, rules, { kind: 'promote', secretId: 'sec_x' }, T0)).code).toBe(
      'secret_not_found',
    );
  });
});

describe('a scheduled rotation', () => {
  const at = T0 + HOUR;
  const scheduled = run(created(), policy(), [0, rotate('b', { activateAt: at, graceSeconds: 60 })]);

  it('needs no job: the clock alone activates, retires and ends', () => {
    expect(scheduled.rotation).toMatchObject({ effectiveAt: at, retired: { id: 'sec_a', expiresAt: at + 60_000 } });
    expect(scheduled.events).toEqual([{ kind: 'scheduled', secretId: 'sec_b', at }]);
    expect([0, HOUR - 1, HOUR, HOUR + 59_999, HOUR + 60_000].map((t) => signers(scheduled.ring, t))).toEqual([
      'a',
      'a',
      'b a',
      'b a',
      'b',
    ]);
    expect(states(scheduled.ring, HOUR - 1)).toEqual({ b: 'staged', a: 'active' });
    expect(states(scheduled.ring, HOUR)).toEqual({ b: 'active', a: 'retiring' });
    expect(nextChangeAt(scheduled.ring, T0)).toBe(at);
  });

  it('can be called off, and then nothing has happened to the active secret', () => {
    const { ring } = run(scheduled.ring, policy(), [1, { kind: 'discard', secretId: 'sec_b' }]);
    expect(ring.secrets).toEqual(created().secrets);
  });

  it('can be promoted early', () => {
    const { ring } = run(scheduled.ring, policy(), [1_000, { kind: 'promote', secretId: 'sec_b', graceSeconds: 5 }]);
    expect([1_000, 6_000].map((t) => signers(ring, t))).toEqual(['b a', 'b']);
    expect(ring.secrets[0]).toMatchObject({ activatesAt: T0 + 1_000, signsFrom: T0 + 1_000 });
  });

  it('stands in the way of another rotation, which force calls off', () => {
    expect(refusal(decideKeyring(scheduled.ring, policy(), rotate('c'), T0 + 1))).toMatchObject({
      code: 'rotation_in_progress',
      retryAfterSeconds: 3_600,
    });
    const forced = run(scheduled.ring, policy(), [1, rotate('c', { force: true })]);
    expect(forced.retired).toMatchObject([{ id: 'sec_b', revokedAt: T0 + 1 }]);
    expect(signers(forced.ring, 2 * HOUR)).toBe('c a');
  });

  it('takes a date in the future only, and is a must where the policy says so', () => {
    const ask = (activateAt: number | null) =>
      decideKeyring(created(), policy({ activation: 'scheduled' }), rotate('b', { activateAt }), T0);
    for (const wrong of [null, T0, T0 - 1, T0 + 0.5, T0 + 367 * DAY, Number.NaN]) {
      expect(refusal(ask(wrong))).toMatchObject({ code: 'validation_failed', pointer: '/activateAt' });
    }
    expect(ask(T0 + 1).kind).toBe('changed');
  });
});

describe('restoring', () => {
  const open = run(created(), policy(), [0, rotate('b', { graceSeconds: 60 })]).ring;

  it('makes the previous secret active again and retires the other with the default grace', () => {
    const { ring, rotation, events } = run(open, policy(), [1_000, { kind: 'restore', secretId: null }]);
    expect(rotation).toMatchObject({ added: { id: 'sec_a' }, retired: { id: 'sec_b', expiresAt: T0 + 1_000 + DAY } });
    expect(events).toEqual([{ kind: 'restored', secretId: 'sec_a', at: T0 + 1_000 }]);
    expect(signers(ring, 1_000)).toBe('a b');
    expect(signers(ring, 1_000 + DAY)).toBe('a');
    expect(ring.secrets[0]).toMatchObject({ id: 'sec_a', expiresAt: null, supersededAt: null, signsFrom: T0 });
  });

  it('lets a silenced secret sign again where only the active one signs', () => {
    const rules = policy({ signWith: 'active' });
    const { ring } = run(created(), rules, [0, rotate('b')], [5, { kind: 'restore', secretId: 'sec_a' }]);
    expect(signers(ring, 5)).toBe('a');
  });

  it('keeps signing with the oldest, and never with the one taken back', () => {
    const rules = policy({ signWith: 'oldest' });
    const { ring } = run(
      created(),
      rules,
      [0, rotate('b', { graceSeconds: 60 })],
      [5, { kind: 'restore', secretId: null }],
    );
    expect([5, 70_000, DAY, 2 * DAY].map((at) => signers(ring, at))).toEqual(['a', 'a', 'a', 'a']);
  });

  it('does not bring back the dead, the active, the unknown, or anything where rollback is off', () => {
    const ask = (secretId: 'sec_a' | 'sec_b' | 'sec_x' | null, at: number, rules = policy()) =>
      refusal(decideKeyring(open, rules, { kind: 'restore', secretId }, T0 + at)).code;
    expect(ask('sec_a', 60_000)).toBe('secret_not_living');
    expect(ask(null, 60_000)).toBe('secret_not_retiring');
    expect(ask('sec_b', 0)).toBe('secret_not_retiring');
    expect(ask('sec_x', 0)).toBe('secret_not_found');
    expect(ask(null, 0, policy({ rollback: 'none' }))).toBe('policy_forbids');
  });

  it('waits for a scheduled secret to be discarded first', () => {
    const { ring } = run(open, policy({ onOverlap: 'stack', maxLive: 3 }), [1, rotate('c', { activateAt: T0 + HOUR })]);
    expect(refusal(decideKeyring(ring, policy(), { kind: 'restore', secretId: null }, T0 + 2)).code).toBe(
      'rotation_in_progress',
    );
  });
});

describe('revoking', () => {
  const stack = policy({ onOverlap: 'stack', maxLive: 5 });
  const { ring } = run(created(), stack, [0, rotate('b')], [1, rotate('c')]);
  const ask = (secretId: 'sec_a' | 'sec_b' | 'sec_c' | 'sec_x', rules = stack, at = 2) =>
    decideKeyring(ring, rules, { kind: 'revoke', secretId }, T0 + at);

  it('ends a retiring secret at once and moves it to the history', () => {
    const { ring: next, retired, events, rotation } = changed(ask('sec_a'));
    expect(signers(next, 2)).toBe('c b');
    expect(retired).toMatchObject([{ id: 'sec_a', revokedAt: T0 + 2, signsUntil: T0 + 2, expiresAt: T0 + DAY }]);
    expect(events).toEqual([{ kind: 'revoked', secretId: 'sec_a', at: T0 + 2 }]);
    expect(rotation).toBeNull();
  });

  it('refuses the active secret, the dead and the unknown', () => {
    expect(refusal(ask('sec_c')).code).toBe('secret_is_active');
    expect(refusal(ask('sec_a', stack, DAY)).code).toBe('secret_not_living');
    expect(refusal(ask('sec_x')).code).toBe('secret_not_found');
  });

  it('obeys the policy on ending secrets early', () => {
    expect(refusal(ask('sec_b', { ...stack, earlyRevoke: 'none' })).code).toBe('policy_forbids');
    expect(refusal(ask('sec_a', { ...stack, earlyRevoke: 'previous' })).code).toBe('policy_forbids');
    expect(ask('sec_b', { ...stack, earlyRevoke: 'previous' }).kind).toBe('changed');
  });
});
