import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decideKeyring } from './decide-keyring.ts';
import type { SecretId } from './ids.ts';
import { type Keyring, nextChangeAt, signingSecrets, timeline } from './keyring.ts';
import type { RingCommand } from './keyring-decision.ts';
import { created, newSecret, OWNER, T0 } from './keyring-fixtures.ts';
import { liveMax } from './keyring-rules.ts';
import type { RotationPolicy } from './rotation-policy.ts';
import { validateRotationPolicy } from './rotation-policy-input.ts';
import { isLiving, type Secret, secretState } from './secret.ts';

const anyPolicy: fc.Arbitrary<RotationPolicy> = fc
  .record({
    grace: fc.record({
      defaultSeconds: fc.integer({ min: 0, max: 30 }),
      minSeconds: fc.constantFrom(0, 0, 0, 5),
      maxSeconds: fc.constantFrom(null, null, 0, 60),
      whenOmitted: fc.constantFrom('default', 'zero', 'indefinite', 'required'),
    }),
    maxLive: fc.integer({ min: 1, max: 4 }),
    whenFull: fc.constantFrom('refuse', 'end_oldest'),
    onOverlap: fc.constantFrom('refuse', 'replace', 'stack', 'stack'),
    force: fc.constantFrom('none', 'allowed', 'reason_required'),
    previousDeadline: fc.constantFrom('keep', 'rewrite'),
    signWith: fc.constantFrom('live', 'active', 'oldest'),
    activation: fc.constantFrom('immediate', 'immediate', 'manual', 'scheduled'),
    order: fc.constantFrom('activeFirst', 'activeLast'),
    visibility: fc.constant('once'),
    origin: fc.constant('either'),
    earlyRevoke: fc.constantFrom('none', 'previous', 'byId', 'byId'),
    cooldownSeconds: fc.constantFrom(0, 0, 0, 3),
    recoveryMinutes: fc.constant(10),
    enforced: fc.constant(false),
    rollback: fc.constantFrom('none', 'untilPreviousExpires'),
  })
  .filter((input) => validateRotationPolicy(input).kind === 'valid');

/** A command whose secret is named by its place in the ring, and whose dates count from the time it is given. */
const anyMove = fc.record({
  kind: fc.constantFrom(
    'rotate',
    'rotate',
    'rotate',
    'stage',
    'promote',
    'promote',
    'discard',
    'restore',
    'revoke',
    'revoke',
  ),
  place: fc.nat(5),
  graceSeconds: fc.constantFrom(null, null, 0, 1, 7.5, 20, 59),
  activateInMs: fc.constantFrom(null, null, null, 1, 4_000, 15_000),
  force: fc.constantFrom(false, false, true),
  reason: fc.constantFrom(null, null, 'leaver', 'compromise'),
  waitMs: fc.constantFrom(0, 0, 1, 999, 3_000, 10_000, 40_000),
});
type Move = typeof anyMove extends fc.Arbitrary<infer T> ? T : never;

function commandOf(move: Move, ring: Keyring, n: number, now: number): RingCommand {
  const { force, reason, graceSeconds } = move;
  const activateAt = move.activateInMs === null ? null : now + move.activateInMs;
  const secretId = ring.secrets[move.place]?.id ?? 'sec_unknown';
  switch (move.kind) {
    case 'rotate':
      return { kind: 'rotate', secret: newSecret(`n${n}`), graceSeconds, activateAt, force, reason };
    case 'stage':
      return { kind: 'stage', secret: newSecret(`n${n}`), force, reason };
    case 'promote':
      return { kind: 'promote', secretId, graceSeconds, activateAt, force, reason };
    case 'restore':
      return { kind: 'restore', secretId: move.place === 0 ? null : secretId };
    default:
      return { kind: move.kind, secretId };
  }
}

type Seen = {
  readonly before: Keyring;
  readonly ring: Keyring;
  readonly retired: readonly Secret[];
  readonly command: RingCommand;
  readonly rules: RotationPolicy;
  readonly now: number;
};

const anyHistory = fc.record({
  first: anyPolicy,
  /** One policy for all moves, or one for each. */
  same: fc.boolean(),
  moves: fc.array(fc.tuple(anyMove, anyPolicy), { minLength: 1, maxLength: 25 }),
});

/** Plays a history and shows each change that was not refused. */
function play(
  history: typeof anyHistory extends fc.Arbitrary<infer T> ? T : never,
  check: (seen: Seen) => void,
): Keyring {
  let ring = created(history.first);
  let now = T0;
  history.moves.forEach(([move, own], n) => {
    now += move.waitMs;
    const rules = history.same ? history.first : own;
    const command = commandOf(move, ring, n, now);
    const decision = decideKeyring(ring, rules, command, now);
    if (decision.kind === 'refused') {
      expect(decision.retryAfterSeconds ?? 1).toBeGreaterThan(0);
      return;
    }
    check({ before: ring, ring: decision.ring, retired: decision.retired, command, rules, now });
    ring = decision.ring;
  });
  return ring;
}

/** Times at which something about a ring may change, and their neighbours. */
function interestingTimes(ring: Keyring, now: number): readonly number[] {
  const times = new Set([now, now + 1e12]);
  for (const secret of ring.secrets) {
    for (const time of [
      secret.activatesAt,
      secret.supersededAt,
      secret.expiresAt,
      secret.signsFrom,
      secret.signsUntil,
    ]) {
      if (time !== null) for (const near of [time - 1, time, time + 1]) if (near >= now) times.add(near);
    }
  }
  return [...times].sort((a, b) => a - b);
}

const ids = (secrets: readonly Secret[]): SecretId[] => secrets.map(({ id }) => id);

function check(assertion: (seen: Seen) => void): void {
  fc.assert(
    fc.property(anyHistory, (history) => {
      play(history, assertion);
    }),
    { numRuns: 400 },
  );
}

describe('whatever is done to a keyring, under whatever policies', () => {
  it('it has exactly one active secret and at least one that signs, now and at all later times', () => {
    check(({ ring, now }) => {
      for (const at of interestingTimes(ring, now)) {
        expect(ring.secrets.filter((secret) => secretState(secret, at) === 'active')).toHaveLength(1);
        expect(signingSecrets(ring, at).length).toBeGreaterThan(0);
      }
    });
  });

  it('its version grows by one, its owner stays, and it holds only the living', () => {
    check(({ before, ring, retired, now }) => {
      expect(ring.version).toBe(before.version + 1);
      expect(ring.owner).toBe(OWNER);
      expect(ring.secrets.every((secret) => isLiving(secret, now))).toBe(true);
      expect(retired.some((secret) => isLiving(secret, now))).toBe(false);
    });
  });

  it('no secret is ever lost: those it holds and those it gave to the history are all that were added', () => {
    fc.assert(
      fc.property(anyHistory, (history) => {
        const gone = new Set<SecretId>();
        const added = new Set<SecretId>(['sec_a']);
        const ring = play(history, (seen) => {
          if ('secret' in seen.command) added.add(seen.command.secret.id);
          for (const { id } of seen.retired) {
            expect(gone.has(id)).toBe(false);
            gone.add(id);
          }
        });
        expect([...gone, ...ids(ring.secrets)].sort()).toEqual([...added].sort());
        expect(new Set(ring.secrets.map(({ number }) => number)).size).toBe(ring.secrets.length);
      }),
      { numRuns: 400 },
    );
  });

  it('a move that adds a secret leaves no more alive than its policy allows', () => {
    check(({ ring, rules, command }) => {
      if ('secret' in command) expect(ring.secrets.length).toBeLessThanOrEqual(liveMax(rules));
    });
  });

  it('nothing signs that is not alive, or not yet active, or past its deadline', () => {
    check(({ ring, now }) => {
      for (const secret of ring.secrets) {
        if (secret.expiresAt !== null) expect(secret.signsUntil ?? Number.NaN).toBeLessThanOrEqual(secret.expiresAt);
      }
      for (const at of interestingTimes(ring, now)) {
        for (const secret of signingSecrets(ring, at))
          expect(['active', 'retiring']).toContain(secretState(secret, at));
      }
    });
  });

  it('the dead stay dead', () => {
    fc.assert(
      fc.property(anyHistory, (history) => {
        const dead = new Set<SecretId>();
        play(history, ({ before, ring, now }) => {
          for (const secret of before.secrets) if (!isLiving(secret, now)) dead.add(secret.id);
          expect(ids(ring.secrets).filter((id) => dead.has(id))).toEqual([]);
        });
      }),
      { numRuns: 300 },
    );
  });

  it('a retiring secret never gets a later deadline, unless the policy rewrites deadlines or it is restored', () => {
    check(({ before, ring, rules, command, now }) => {
      if (rules.previousDeadline === 'rewrite' || command.kind === 'restore') return;
      for (const secret of before.secrets) {
        if (secretState(secret, now) !== 'retiring') continue;
        const after = ring.secrets.find(({ id }) => id === secret.id);
        if (after !== undefined) expect(after.expiresAt ?? Infinity).toBeLessThanOrEqual(secret.expiresAt ?? Infinity);
      }
    });
  });

  it('a compromise leaves one secret', () => {
    check(({ ring, command }) => {
      if ((command.kind === 'rotate' || command.kind === 'promote') && command.reason === 'compromise') {
        expect(ring.secrets).toHaveLength(1);
      }
    });
  });

  it('the next change is exactly where the answer changes, and the timeline says the same as the signer', () => {
    check(({ ring, now }) => {
      const times = interestingTimes(ring, now);
      for (const at of times) {
        const next = nextChangeAt(ring, at);
        const signing = ids(signingSecrets(ring, at));
        for (const later of times) {
          if (later > at && (next === null || later < next)) expect(ids(signingSecrets(ring, later))).toEqual(signing);
        }
        if (next !== null) expect(ids(signingSecrets(ring, next))).not.toEqual(signing);
        const spans = timeline(ring, now).filter((span) => span.signsFrom <= at && at < (span.signsUntil ?? Infinity));
        expect(spans.map(({ secretId }) => secretId).sort()).toEqual([...signing].sort());
      }
    });
  });

  it('it is a value: a refused or accepted command changes nothing in place', () => {
    fc.assert(
      fc.property(anyHistory, (history) => {
        play(history, ({ before, rules, command, now }) => {
          const copy = structuredClone(before);
          decideKeyring(before, rules, command, now);
          expect(before).toEqual(copy);
        });
      }),
      { numRuns: 100 },
    );
  });
});

describe('under one policy throughout', () => {
  const sameRules = (signWith: RotationPolicy['signWith'], assertion: (ring: Keyring, at: number) => void) => {
    fc.assert(
      fc.property(anyHistory, (history) => {
        const own = { ...history, same: true, first: { ...history.first, signWith } };
        play(own, ({ ring, now }) => {
          for (const at of interestingTimes(ring, now)) assertion(ring, at);
        });
      }),
      { numRuns: 300 },
    );
  };
  const activated = (ring: Keyring, at: number) =>
    ring.secrets.filter((secret) => ['active', 'retiring'].includes(secretState(secret, at)));

  it('`live` signs with every secret that is active or retiring, the active one at the end the policy names', () => {
    sameRules('live', (ring, at) => {
      expect(ids(signingSecrets(ring, at))).toEqual(ids(activated(ring, at)));
    });
  });

  it('`active` signs with the active one alone', () => {
    sameRules('active', (ring, at) => {
      expect(signingSecrets(ring, at).map((secret) => secretState(secret, at))).toEqual(['active']);
    });
  });

  it('`oldest` signs with the one alone that became active first', () => {
    sameRules('oldest', (ring, at) => {
      const [first] = activated(ring, at).sort(
        (a, b) => (a.activatesAt ?? 0) - (b.activatesAt ?? 0) || a.number - b.number,
      );
      expect(ids(signingSecrets(ring, at))).toEqual([first?.id]);
    });
  });

  it('the active one comes first or last among the signatures', () => {
    fc.assert(
      fc.property(anyHistory, (history) => {
        play({ ...history, same: true }, ({ ring, rules, now }) => {
          for (const at of interestingTimes(ring, now)) {
            const signing = signingSecrets(ring, at);
            const edge = rules.order === 'activeFirst' ? signing[0] : signing.at(-1);
            const active = signing.find((secret) => secretState(secret, at) === 'active');
            if (active !== undefined) expect(edge?.id).toBe(active.id);
          }
        });
      }),
      { numRuns: 300 },
    );
  });
});
