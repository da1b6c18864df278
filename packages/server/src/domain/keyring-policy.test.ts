import { describe, expect, it } from 'vitest';
import { decideKeyring } from './decide-keyring.ts';
import { activeSecret, type Keyring, nextChangeAt, signingSecrets, timeline } from './keyring.ts';
import { created, HOUR, newSecret, PRODUCTS, policy, refusal, rotate, run, T0 } from './keyring-fixtures.ts';
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
