import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CONTROL_ANSWER_MS_MAX } from './database.ts';
import { BEAT_AGAIN_MS, BEAT_MS, LEASE_MS, STEADY_MS } from './heartbeat.ts';
import { PAUSE_MS_MAX, Steadiness } from './steadiness.ts';

/** The database's time is apart from everybody's monotonic one. */
const EPOCH = 1_000_000;

type Given = {
  readonly pauseMs?: number;
  /** By the database's clock. */
  readonly wentMs?: number;
  readonly tookMs?: number;
  readonly found?: number;
};

/** Beats that take 10 ms, every two seconds, of a node whose row nobody else changes. */
function beating(steadiness: Steadiness) {
  let at = 0;
  let left = EPOCH;
  return {
    beat({ pauseMs = BEAT_MS, wentMs = BEAT_MS, tookMs = 10, found = left }: Given = {}): number {
      at += pauseMs;
      left += wentMs;
      steadiness.beat({ sentAt: at, receivedAt: at + tookMs, found, left });
      return left;
    },
    forMs(ms: number) {
      for (let beats = Math.ceil(ms / BEAT_MS); beats > 0; beats -= 1) this.beat();
    },
  };
}

function steady() {
  const steadiness = new Steadiness(STEADY_MS);
  const node = beating(steadiness);
  node.forMs(STEADY_MS + 2 * BEAT_MS);
  return { steadiness, node };
}

describe('a node that looks for silent ones', () => {
  it('waits until every living one has beaten, and then goes by its own last beat', () => {
    const steadiness = new Steadiness(STEADY_MS);
    const node = beating(steadiness);
    expect(steadiness.steadyAt).toBeNull();
    node.forMs(STEADY_MS);
    expect(steadiness.steadyAt).toBeNull();
    const first = node.beat();
    const second = node.beat();
    expect([steadiness.steadyAt, second - first]).toEqual([second, BEAT_MS]);
  });

  it.each([
    ['that was away for a while', { pauseMs: PAUSE_MS_MAX, tookMs: 1 }],
    ['that let a beat wait', { tookMs: PAUSE_MS_MAX - BEAT_MS + 1 }],
    ['whose clock was set ahead', { wentMs: PAUSE_MS_MAX + 1 }],
    ['whose clock was set back', { wentMs: -1 }],
    ['that is behind what it was', { found: EPOCH }],
  ])('begins anew with a database %s', (_, broken) => {
    const { steadiness, node } = steady();
    expect(steadiness.steadyAt).not.toBeNull();
    node.beat(broken);
    node.forMs(STEADY_MS);
    expect(steadiness.steadyAt).toBeNull();
    node.forMs(2 * BEAT_MS);
    expect(steadiness.steadyAt).not.toBeNull();
  });

  it('begins anew after a beat that failed', () => {
    const { steadiness, node } = steady();
    steadiness.broke();
    expect(steadiness.steadyAt).toBeNull();
    node.forMs(STEADY_MS);
    expect(steadiness.steadyAt).toBeNull();
  });

  it('never finds one silent that beats, however often the database stands still or is cut off', () => {
    const pauses = fc.array(
      fc.record({
        upMs: fc.integer({ min: 20_000, max: 60_000 }),
        awayMs: fc.integer({ min: 1_000, max: 40_000 }),
        isCut: fc.boolean(),
      }),
      { minLength: 1, maxLength: 6 },
    );
    const phase = fc.integer({ min: 0, max: BEAT_MS });
    let looks = 0;
    fc.assert(
      fc.property(pauses, phase, phase, (given, ofOne, ofTwo) => {
        const outages = outagesOf(given);
        const [one, two] = [beatsOf(outages, ofOne), beatsOf(outages, ofTwo)];
        const steadiness = new Steadiness(STEADY_MS);
        for (const beat of one) {
          if (beat.failed) steadiness.broke();
          else steadiness.beat(beat);
          const { steadyAt } = steadiness;
          if (steadyAt === null) continue;
          looks += 1;
          const seen = two.findLast((other) => !other.failed && other.left <= beat.left);
          if ((seen?.left ?? EPOCH) < steadyAt - LEASE_MS) throw new Error('a living node would be taken for dead');
        }
      }),
      { numRuns: 2_000 },
    );
    expect(looks).toBeGreaterThan(10_000);
  });
});

type Outage = { readonly from: number; readonly until: number; readonly isCut: boolean };
type Spell = { readonly upMs: number; readonly awayMs: number; readonly isCut: boolean };

function outagesOf(given: readonly Spell[]): readonly Outage[] {
  let at = 0;
  return given.map(({ upMs, awayMs, isCut }) => {
    const from = at + upMs;
    at = from + awayMs;
    return { from, until: at, isCut };
  });
}

/** All beats of a node, as `Heartbeat` makes them. A database that stands still answers late, a way that is cut never does. */
function beatsOf(outages: readonly Outage[], phase: number) {
  const beats: { sentAt: number; receivedAt: number; found: number; left: number; failed: boolean }[] = [];
  const end = (outages.at(-1)?.until ?? 0) + 60_000;
  let found = EPOCH;
  /** The connection that is used next was there before this time. */
  let connectedAt = 0;
  for (let sentAt = phase; sentAt < end; ) {
    const during = outages.find(({ from, until }) => sentAt >= from && sentAt < until);
    const cut = outages.findLast(({ from, isCut }) => isCut && from <= sentAt);
    // Whoever does not know that its connection is dead waits on it for nothing, also after the way is mended.
    const isLost = cut !== undefined && connectedAt < cut.from;
    const waits = during === undefined ? 10 : during.until - sentAt + 10;
    const failed = isLost || during?.isCut === true || waits >= CONTROL_ANSWER_MS_MAX;
    const receivedAt = sentAt + (failed ? CONTROL_ANSWER_MS_MAX : waits);
    const left = failed ? found : EPOCH + receivedAt;
    beats.push({ sentAt, receivedAt, found, left, failed });
    found = left;
    if (failed) connectedAt = receivedAt;
    sentAt = receivedAt + (failed ? BEAT_AGAIN_MS : BEAT_MS);
  }
  return beats;
}
