import { describe, expect, it } from 'vitest';
import { decideKeyring } from './decide-keyring.ts';
import { created, PRODUCTS, policy, refusal, rotate, run, T0 } from './keyring-fixtures.ts';
import { asImposed, boundPolicy, NATIVE_ROTATION_LIMITS, policyInForce } from './policy-choice.ts';
import { NATIVE_ROTATION_POLICY, type RotationPolicy } from './rotation-policy.ts';
import { validateRotationPolicy } from './rotation-policy-input.ts';

function pointers(input: unknown): readonly string[] {
  const result = validateRotationPolicy(input);
  return result.kind === 'valid' ? [] : result.errors.map(({ pointer }) => pointer);
}

describe('a rotation policy from outside', () => {
  it('is taken as it is, for the native default and the four products', () => {
    for (const own of [NATIVE_ROTATION_POLICY, ...Object.values<RotationPolicy>(PRODUCTS)]) {
      expect(validateRotationPolicy(JSON.parse(JSON.stringify(own)))).toEqual({ kind: 'valid', policy: own });
    }
  });

  it('takes what it leaves out from another', () => {
    const result = validateRotationPolicy({ maxLive: 5, grace: { defaultSeconds: 60 } }, PRODUCTS.dinie);
    expect(result).toEqual({
      kind: 'valid',
      policy: { ...PRODUCTS.dinie, maxLive: 5, grace: { ...PRODUCTS.dinie.grace, defaultSeconds: 60 } },
    });
  });

  it('is refused knob by knob', () => {
    for (const input of [null, [], 'x', 5]) expect(pointers(input)).toEqual(['']);
    expect(
      pointers({ maxLive: 0, signWith: 'all', enforced: 1, cooldownSeconds: -1, recoveryMinutes: 1.5, nope: 1 }),
    ).toEqual(['/maxLive', '/signWith', '/enforced', '/cooldownSeconds', '/recoveryMinutes', '/nope']);
    expect(pointers({ maxLive: 12 })).toEqual(['/maxLive']);
    expect(pointers({ grace: null })).toEqual(['/grace']);
    expect(pointers({ grace: { minSeconds: Number.NaN, maxSeconds: '1', toString: 1 } })).toEqual([
      '/grace/minSeconds',
      '/grace/maxSeconds',
      '/grace/toString',
    ]);
    expect(pointers({ 'a/b~': 1 })).toEqual(['/a~1b~0']);
    expect(pointers({ constructor: 1 })).toEqual(['/constructor']);
  });

  it('is refused when its knobs contradict each other', () => {
    expect(pointers({ grace: { minSeconds: 100, maxSeconds: 50 } })).toEqual(['/grace/minSeconds']);
    expect(pointers({ grace: { defaultSeconds: 5, minSeconds: 10 } })).toEqual(['/grace/defaultSeconds']);
    expect(pointers({ grace: { minSeconds: 10, whenOmitted: 'zero' } })).toEqual(['/grace/whenOmitted']);
    expect(pointers({ grace: { whenOmitted: 'indefinite' } })).toEqual(['/grace/whenOmitted']);
    expect(pointers({ maxLive: 1 })).toEqual(['/grace/maxSeconds']);
  });
});

describe("the operator's limits", () => {
  it('narrow a policy and never widen it', () => {
    const limits = { graceSecondsMax: 3_600, graceSecondsDefault: 86_400, liveSecretsMax: 3, recoveryMinutesMax: 60 };
    expect(boundPolicy(PRODUCTS.dinie, limits)).toEqual({
      ...PRODUCTS.dinie,
      maxLive: 3,
      grace: { defaultSeconds: 3_600, minSeconds: 0, maxSeconds: 3_600, whenOmitted: 'default' },
      recoveryMinutes: 60,
    });
    expect(boundPolicy(PRODUCTS.thesignup, limits).grace).toEqual({
      defaultSeconds: 3_600,
      minSeconds: 3_600,
      maxSeconds: 3_600,
      whenOmitted: 'default',
    });
    expect(boundPolicy(PRODUCTS.agentmessageOrganization, NATIVE_ROTATION_LIMITS)).toEqual(
      PRODUCTS.agentmessageOrganization,
    );
  });

  it('make an endless grace the longest one they allow', () => {
    const endless = policy({
      grace: { defaultSeconds: 0, minSeconds: 0, maxSeconds: null, whenOmitted: 'indefinite' },
    });
    expect(boundPolicy(endless, NATIVE_ROTATION_LIMITS).grace).toEqual({
      defaultSeconds: 604_800,
      minSeconds: 0,
      maxSeconds: 604_800,
      whenOmitted: 'default',
    });
    expect(boundPolicy(endless, { ...NATIVE_ROTATION_LIMITS, graceSecondsMax: null })).toEqual(endless);
  });

  it('say the grace of a rotation that names none, where the policy does not', () => {
    const limits = { ...NATIVE_ROTATION_LIMITS, graceSecondsDefault: 60 };
    expect(boundPolicy(policy(), limits).grace.defaultSeconds).toBe(60);
    expect(boundPolicy(policy(), { ...limits, graceSecondsMax: null }).grace.defaultSeconds).toBe(60);
    expect(boundPolicy(policy(), { ...limits, graceSecondsMax: 30 }).grace.defaultSeconds).toBe(30);
    expect(boundPolicy(PRODUCTS.dinie, limits).grace.defaultSeconds).toBe(3_600);
  });

  it('leave a policy that is valid', () => {
    for (const own of [policy(), ...Object.values<RotationPolicy>(PRODUCTS)]) {
      for (const liveSecretsMax of [1, 2, 10]) {
        const bounded = boundPolicy(own, {
          graceSecondsMax: 100,
          graceSecondsDefault: 86_400,
          liveSecretsMax,
          recoveryMinutesMax: 5,
        });
        expect(validateRotationPolicy(bounded)).toEqual({ kind: 'valid', policy: bounded });
      }
    }
  });
});

describe('the policy in force', () => {
  it("is the dialect's own within the limits, unless the ring's is enforced or the call is native", () => {
    const own = policy({ grace: PRODUCTS.thesignup.grace });
    expect(policyInForce(null, own, NATIVE_ROTATION_LIMITS)).toEqual({ policy: own, imposed: false });
    expect(policyInForce(PRODUCTS.dinie, own, NATIVE_ROTATION_LIMITS)).toEqual({
      policy: PRODUCTS.dinie,
      imposed: false,
    });
    const enforced = { ...own, enforced: true };
    expect(policyInForce(PRODUCTS.dinie, enforced, NATIVE_ROTATION_LIMITS)).toEqual({
      policy: enforced,
      imposed: true,
    });
  });

  it("is within the operator's limits, whoever's it is, also when it was written under wider ones", () => {
    const limits = { ...NATIVE_ROTATION_LIMITS, graceSecondsMax: 60, liveSecretsMax: 2 };
    const wide = policy({ maxLive: 10, enforced: true });
    for (const dialect of [null, PRODUCTS.dinie]) {
      for (const own of [wide, { ...wide, enforced: false }]) {
        const { policy: bound } = policyInForce(dialect, own, limits);
        expect([bound.grace.maxSeconds, bound.grace.defaultSeconds, bound.maxLive]).toEqual([60, 60, 2]);
      }
    }
    const { ring } = run(created(), policy());
    const { policy: bound } = policyInForce(null, policy(), limits);
    const tooLong = refusal(decideKeyring(ring, bound, rotate('b', { graceSeconds: 61 }), T0));
    expect(tooLong.code).toBe('grace_out_of_range');
  });

  it('when imposed, forbids with one conflict', () => {
    const { ring } = run(created(), policy(), [0, rotate('b')]);
    const refused = refusal(decideKeyring(ring, policy({ enforced: true }), rotate('c'), T0 + 1));
    expect(asImposed(refused, [])).toMatchObject({
      code: 'policy_enforced',
      retryAfterSeconds: 86_400,
      detail: `An enforced rotation policy forbids this: ${refused.detail}`,
    });
    const unknown = refusal(decideKeyring(ring, policy(), { kind: 'revoke', secretId: 'sec_x' }, T0));
    expect(asImposed(unknown, [])).toBe(unknown);
  });

  it('when imposed, names no member that the caller did not name', () => {
    const { ring } = run(created(), policy());
    const tooLong = refusal(decideKeyring(ring, policy(), rotate('b', { graceSeconds: 8 * 86_400 }), T0));
    expect(asImposed(tooLong, ['/graceSeconds']).detail).toBe(
      'An enforced rotation policy forbids this: graceSeconds must be a number from 0 to 604800.',
    );
    expect(asImposed(tooLong, ['/force'])).toMatchObject({
      pointer: null,
      detail: 'An enforced rotation policy forbids this.',
    });
  });
});
