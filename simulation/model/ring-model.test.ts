import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { signingSecrets } from '../../packages/server/src/domain/keyring.ts';
import type { Secret } from '../../packages/server/src/domain/secret.ts';
import { RingModel, type SecretTimes } from './ring-model.ts';
import { Checks } from './violation.ts';

const OWNER = 'ep_00000000000000000000000000';
const time = fc.oneof(fc.constant(null), fc.integer({ min: 0, max: 60 }));
const times = fc.record({
  activatesAt: time,
  supersededAt: time,
  expiresAt: time,
  revokedAt: time,
  signsFrom: time,
  signsUntil: time,
});

describe('the model of a ring', () => {
  it('says what the product must sign with, by rules of its own', () => {
    fc.assert(
      fc.property(fc.array(times, { minLength: 1, maxLength: 4 }), fc.integer({ min: -5, max: 70 }), (drawn, now) => {
        // A secret that is activated later does not sign before that.
        const secrets = drawn.map((each, index) => ({
          ...each,
          id: `sec_${index}`,
          activatesAt: each.signsFrom,
        })) as SecretTimes[];
        const model = new RingModel(OWNER);
        model.put({ owner: OWNER, version: 1, secrets }, [], new Checks());
        const expected = signingSecrets({ owner: OWNER, version: 1, secrets: secrets as unknown as Secret[] }, now);
        expect(model.keyIdsAt(now)).toBe(expected.map(({ id }) => id).join(' '));
        expect(model.keyIdsAt(now)).toBe(model.keyIdsAt(now));
      }),
    );
  });

  it('lets no secret vanish, and no version come back', () => {
    const checks = new Checks();
    const secret = { ...EMPTY, id: 'sec_a' } as SecretTimes;
    const model = new RingModel(OWNER);
    model.put({ owner: OWNER, version: 1, secrets: [secret] }, [], checks);
    expect(() => model.put({ owner: OWNER, version: 1, secrets: [secret] }, [], checks)).toThrow('version 1 after 1');
    expect(() => model.put({ owner: OWNER, version: 2, secrets: [] }, [], checks)).toThrow('sec_a vanished');
    expect(() => model.put({ owner: OWNER, version: 2, secrets: [] }, [secret], checks)).not.toThrow();
  });

  it('knows a secret that was called off before the time at which it was to begin', () => {
    const model = new RingModel(OWNER);
    const revoked = { ...EMPTY, signsFrom: null, activatesAt: 50, revokedAt: 40, signsUntil: 40 };
    const secrets = [
      { ...EMPTY, id: 'sec_new', activatesAt: 40, signsFrom: 40 },
      { ...revoked, id: 'sec_late' },
      { ...revoked, id: 'sec_old', activatesAt: 30 },
      { ...EMPTY, id: 'sec_staged', activatesAt: null, signsFrom: null },
    ] as SecretTimes[];
    model.put({ owner: OWNER, version: 1, secrets }, [], new Checks());
    expect([...model.calledOff]).toEqual(['sec_late']);
  });
});

const EMPTY = {
  activatesAt: 0,
  supersededAt: null,
  expiresAt: null,
  revokedAt: null,
  signsFrom: 0,
  signsUntil: null,
};
