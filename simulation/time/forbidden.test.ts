import { randomBytes, randomFillSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { Forbidden, Guards } from './forbidden.ts';

const ASKS: readonly (readonly [string, () => unknown])[] = [
  ['Date.now', () => Date.now()],
  ['new Date()', () => new Date()],
  ['Math.random', () => Math.random()],
  ['performance.now', () => performance.now()],
  ['setTimeout', () => setTimeout(() => {}, 1)],
  ['setImmediate', () => setImmediate(() => {})],
  ['crypto.randomUUID', () => crypto.randomUUID()],
  ['randomBytes', () => randomBytes(4)],
  ['randomFillSync', () => randomFillSync(new Uint8Array(4))],
];

/** What it throws while the guards stand; nothing may look at the clock in between, not even the test. */
function guarded(guards: Guards, ask: () => unknown): unknown {
  guards.enter();
  try {
    ask();
    return null;
  } catch (error) {
    return error;
  } finally {
    guards.leave();
  }
}

describe('the guards', () => {
  it.each(ASKS)('let nobody ask the machine: %s', (_name, ask) => {
    expect(guarded(new Guards(), ask)).toBeInstanceOf(Forbidden);
    expect(() => ask()).not.toThrow();
  });

  it('let dates be made of numbers, and receivers look at their own clock', () => {
    const guards = new Guards();
    let seen: unknown[] = [];
    const error = guarded(guards, () => {
      seen = [new Date(0).toISOString(), guards.at(77, () => Date.now())];
    });
    expect(error).toBeNull();
    expect(seen).toEqual(['1970-01-01T00:00:00.000Z', 77]);
  });
});
