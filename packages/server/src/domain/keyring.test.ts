import { describe, expect, it } from 'vitest';
import { createKeyring, decideKeyring } from './decide-keyring.ts';
import { activeSecret, type Keyring, nextChangeAt, signingSecrets, timeline } from './keyring.ts';
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

describe('knobs of the policy', () => {
  it('gives an omitted grace each of its four meanings', () => {
    const grace = (whenOmitted: 'default' | 'zero' | 'indefinite' | 'required') =>
      policy({ grace: { defaultSeconds: 60, minSeconds: 0, maxSeconds: null, whenOmitted } });
    const expiry = (rules: ReturnType<typeof policy>) =>
      run(created(), rules, [0, rotate('b')]).rotation?.retired?.expiresAt;
    expect(expiry(grace('default'))).toBe(T0 + 60_000);
    expect(expiry(grace('zero'))).toBe(T0);
    expect(expiry(grace('indefinite'))).toBeNull();
    expect(refusal(decideKeyring(created(), grace('required'), rotate('b'), T0)).code).toBe('grace_required');
    expect(run(created(), grace('required'), [0, rotate('b', { graceSeconds: 5 })]).rotation?.retired?.expiresAt).toBe(
      T0 + 5_000,
    );
  });

  it('stacks secrets with their own deadlines until the ring is full, then ends the oldest or refuses', () => {
    const stack = policy({ onOverlap: 'stack', maxLive: 3, whenFull: 'end_oldest' });
    const steps = [
      [0, rotate('b')],
      [1, rotate('c')],
    ] as const;
    const three = run(created(), stack, ...steps).ring;
    expect(signers(three, 1)).toBe('c b a');
    const four = run(three, stack, [2, rotate('d')]);
    expect(signers(four.ring, 2)).toBe('d c b');
    expect(four.retired).toMatchObject([{ id: 'sec_a', expiresAt: T0 + 2 }]);
    expect(four.ring.secrets.find(({ id }) => id === 'sec_b')?.expiresAt).toBe(T0 + 1 + DAY);

    const refusing = { ...stack, whenFull: 'refuse' } as const;
    expect(refusal(decideKeyring(three, refusing, rotate('d'), T0 + 2))).toMatchObject({
      code: 'ring_full',
      retryAfterSeconds: 86_400,
    });
    expect(signers(run(three, refusing, [2, rotate('d', { force: true })]).ring, 2)).toBe('d c');
  });

  it('cuts everything older when a stacking rotation has no grace', () => {
    const { ring } = run(created(), PRODUCTS.dinie, [0, rotate('b')], [1, rotate('c', { graceSeconds: 0 })]);
    expect(ring.secrets.map(({ id }) => id)).toEqual(['sec_c']);
  });

  it('replaces: the older retiring secret ends with the next rotation', () => {
    const { ring } = run(created(), policy({ onOverlap: 'replace' }), [0, rotate('b')], [1, rotate('c')]);
    expect(signers(ring, 1)).toBe('c b');
  });

  it('keeps older deadlines or rewrites them to that of this rotation', () => {
    const stack = policy({ onOverlap: 'stack', maxLive: 5 });
    const steps = [
      [0, rotate('b', { graceSeconds: 100 })],
      [1_000, rotate('c', { graceSeconds: 500 })],
    ] as const;
    expect(timeline(run(created(), stack, ...steps).ring, T0 + 1_000)).toEqual([
      { secretId: 'sec_a', signsFrom: T0, signsUntil: T0 + 100_000 },
      { secretId: 'sec_b', signsFrom: T0, signsUntil: T0 + 501_000 },
      { secretId: 'sec_c', signsFrom: T0 + 1_000, signsUntil: null },
    ]);
    const rewritten = run(created(), { ...stack, previousDeadline: 'rewrite' }, ...steps).ring;
    expect(timeline(rewritten, T0 + 1_000).map(({ signsUntil }) => signsUntil)).toEqual([
      T0 + 501_000,
      T0 + 501_000,
      null,
    ]);
  });

  it('signs with the active secret only where the policy says so, while the old one is still alive', () => {
    const { ring, rotation } = run(created(), PRODUCTS.agentmessageOrganization, [0, rotate('b')]);
    expect(rotation?.retired?.expiresAt).toBe(T0 + 300_000);
    expect(signers(ring, 0)).toBe('b');
    expect(states(ring, 0)).toEqual({ a: 'retiring', b: 'active' });
  });

  it('signs with the oldest only, and hands over when it ends or is revoked', () => {
    const oldest = policy({ signWith: 'oldest', onOverlap: 'stack', maxLive: 5 });
    const { ring } = run(
      created(),
      oldest,
      [0, rotate('b', { graceSeconds: 10 })],
      [1_000, rotate('c', { graceSeconds: 20 })],
    );
    expect([0, 9_999, 10_000, 20_999, 21_000].map((at) => signers(ring, at))).toEqual(['a', 'a', 'b', 'b', 'c']);
    const early = run(ring, oldest, [2_000, { kind: 'revoke', secretId: 'sec_a' }]).ring;
    expect([2_000, 20_999, 21_000].map((at) => signers(early, at))).toEqual(['b', 'b', 'c']);
    expect(nextChangeAt(early, T0 + 2_000)).toBe(T0 + 21_000);
  });

  it('waits for ever behind an oldest secret without an end, until that one is revoked', () => {
    const shopify = policy({
      signWith: 'oldest',
      grace: { defaultSeconds: 0, minSeconds: 0, maxSeconds: null, whenOmitted: 'indefinite' },
    });
    const { ring } = run(created(), shopify, [0, rotate('b')]);
    expect(signers(ring, 1e12)).toBe('a');
    expect(nextChangeAt(ring, T0)).toBeNull();
    expect(signers(run(ring, shopify, [7, { kind: 'revoke', secretId: 'sec_a' }]).ring, 7)).toBe('b');
  });

  it('lets two products with different rules share one ring', () => {
    const native = policy({ onOverlap: 'stack', maxLive: 5 });
    const { ring } = run(
      created(),
      native,
      [0, rotate('b')],
      [1_000, rotate('c'), { ...PRODUCTS.agentmessageOrganization, onOverlap: 'stack', maxLive: 5 }],
    );
    // The second rotation silenced what it replaced, and left alone what the first had promised.
    expect(signers(ring, 1_000)).toBe('c a');
  });

  it('lets a secret that waited for the oldest sign as soon as a rotation says that all of them do', () => {
    const stack = policy({ onOverlap: 'stack', maxLive: 5 });
    const { ring } = run(created(), stack, [0, rotate('b'), { ...stack, signWith: 'oldest' }], [1, rotate('c')]);
    expect(signers(ring, 0)).toBe('a');
    expect(signers(ring, 1)).toBe('c b a');
  });

  it('puts the active secret last when asked', () => {
    const last = policy({ order: 'activeLast', onOverlap: 'stack', maxLive: 5 });
    expect(signers(run(created(), last, [0, rotate('b')], [1, rotate('c')]).ring, 1)).toBe('a b c');
  });

  it('refuses to be forced, or wants a reason for it', () => {
    const { ring } = run(created(), policy(), [0, rotate('b')]);
    const force = (rules: ReturnType<typeof policy>, reason: string | null) =>
      decideKeyring(ring, rules, rotate('c', { force: true, reason }), T0 + 1);
    expect(refusal(force(policy({ force: 'none' }), 'why')).code).toBe('policy_forbids');
    expect(refusal(force(policy({ force: 'reason_required' }), ' ')).code).toBe('reason_required');
    expect(force(policy({ force: 'reason_required' }), 'leaver').kind).toBe('changed');
  });

  it('takes only secrets of the origin it wants, and none that lives here already', () => {
    const imported = newSecret('b', { origin: 'imported' });
    const into = (rules: ReturnType<typeof policy>, secret = imported) =>
      decideKeyring(created(), rules, { kind: 'rotate', secret }, T0);
    expect(into(policy()).kind).toBe('changed');
    expect(refusal(into(policy({ origin: 'generated' }))).code).toBe('secret_rejected');
    expect(refusal(into(policy({ origin: 'imported' }), newSecret('b'))).code).toBe('secret_rejected');
    const twin = newSecret('b', { origin: 'imported', fingerprint: newSecret('a').fingerprint });
    expect(refusal(into(policy(), twin)).code).toBe('secret_rejected');
  });

  it('rests for its cooldown after a rotation, not after the creation', () => {
    const calm = policy({ cooldownSeconds: 60, onOverlap: 'replace' });
    const { ring } = run(created(calm), calm, [1, rotate('b')]);
    expect(refusal(decideKeyring(ring, calm, rotate('c', { force: true }), T0 + 1_500))).toMatchObject({
      code: 'rotation_cooldown',
      retryAfterSeconds: 59,
    });
    expect(decideKeyring(ring, calm, rotate('c'), T0 + 60_001).kind).toBe('changed');
  });
});

describe('the four products', () => {
  it('are never refused inside a window, and hold what they promise', () => {
    for (const [name, rules] of Object.entries(PRODUCTS)) {
      let ring = created(rules);
      for (let n = 0; n < 15; n += 1) ring = run(ring, rules, [n, rotate(`n${n}`)]).ring;
      expect([name, ring.secrets.length]).toEqual([name, rules.maxLive]);
      expect(activeSecret(ring, T0 + 14)?.id).toBe('sec_n14');
    }
  });

  it('AgentMessage replaces the secret of an endpoint at once', () => {
    const { ring, rotation } = run(created(), PRODUCTS.agentmessageEndpoint, [3, rotate('b')]);
    expect(rotation?.retired).toEqual({ id: 'sec_a', expiresAt: T0 + 3 });
    expect(signers(ring, 3)).toBe('b');
    const kept = decideKeyring(created(), PRODUCTS.agentmessageEndpoint, rotate('b', { graceSeconds: 1 }), T0);
    expect(refusal(kept).code).toBe('grace_out_of_range');
  });

  it('Moonborn takes fractions of a second', () => {
    const { ring } = run(created(), PRODUCTS.moonborn, [0, rotate('b', { graceSeconds: 1.5 })]);
    expect([1_499, 1_500].map((at) => signers(ring, at))).toEqual(['b a', 'b']);
  });
});

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

describe('the signing secrets of a ring', () => {
  it('are the very list of the ring when all of them sign', () => {
    const { ring } = run(created(), policy(), [0, rotate('b')]);
    expect(signingSecrets(ring, T0)).toBe(ring.secrets);
  });
});
