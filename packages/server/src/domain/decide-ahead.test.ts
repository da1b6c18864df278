import { describe, expect, it } from 'vitest';
import { decideAhead } from './decide-keyring.ts';
import { type Keyring, signingSecrets } from './keyring.ts';
import type { RingCommand } from './keyring-decision.ts';
import { changed, created, newSecret, policy, run, T0 } from './keyring-fixtures.ts';

const LEAD_MS = 30;
const NOW = T0 + 10_000;
const RULES = policy();

function idsAt(ring: Keyring, at: number): readonly string[] {
  return signingSecrets(ring, at).map(({ id }) => id);
}

/** A ring with an active and a retiring secret. */
function inWindow(): Keyring {
  return run(created(RULES), RULES, [1_000, { kind: 'rotate', secret: newSecret('b'), graceSeconds: 3_600 }]).ring;
}

describe('a change decided ahead', () => {
  const commands: readonly [string, Keyring, RingCommand][] = [
    ['a rotation with grace', created(RULES), { kind: 'rotate', secret: newSecret('c'), graceSeconds: 60 }],
    ['a rotation without grace', created(RULES), { kind: 'rotate', secret: newSecret('c'), graceSeconds: 0 }],
    ['a forced one', inWindow(), { kind: 'rotate', secret: newSecret('c'), force: true }],
    ['one after a leak', inWindow(), { kind: 'rotate', secret: newSecret('c'), reason: 'compromise' }],
    ['a revocation', inWindow(), { kind: 'revoke', secretId: newSecret('a').id }],
  ];

  it.each(commands)('leaves the ring signing as it did until it begins: %s', (_name, before, command) => {
    const effectiveAt = NOW + LEAD_MS;
    const { ring, retired } = changed(decideAhead(before, RULES, command, { now: NOW, effectiveAt }));
    for (const at of [NOW, NOW + 1, effectiveAt - 1]) expect(idsAt(ring, at)).toEqual(idsAt(before, at));
    const own = run(before, RULES, [effectiveAt - T0, command]).ring;
    expect(idsAt(ring, effectiveAt)).toEqual(idsAt(own, effectiveAt));
    expect(idsAt(ring, effectiveAt)).not.toEqual(idsAt(before, effectiveAt - 1));
    // None is lost on the way.
    const kept = [...ring.secrets, ...retired].map(({ id }) => id);
    for (const { id } of before.secrets) expect(kept).toContain(id);
    expect(new Set(kept).size).toBe(kept.length);
  });

  it('still lets the next change retire what has ended by then', () => {
    const effectiveAt = NOW + LEAD_MS;
    const command = { kind: 'rotate' as const, secret: newSecret('c'), graceSeconds: 0 };
    const { ring } = changed(decideAhead(created(RULES), RULES, command, { now: NOW, effectiveAt }));
    expect(ring.secrets).toHaveLength(2);
    const next = run(ring, RULES, [NOW + 1_000 - T0, { kind: 'rotate', secret: newSecret('d'), graceSeconds: 0 }]);
    expect(next.retired.map(({ id }) => id)).toContain(newSecret('a').id);
    expect(idsAt(next.ring, NOW + 1_000)).toEqual([newSecret('d').id]);
  });
});
