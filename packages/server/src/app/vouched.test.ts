import { describe, expect, it } from 'vitest';
import { Refusal } from './outcome.ts';
import { vouched } from './vouched.ts';

/** A node whose memory is good until a time, and whose store can be read or not. */
function node(goodUntil: number, canRead = true) {
  const state = { now: 0, goodUntil, canRead, reads: 0 };
  const app = {
    clock: { now: () => state.now, monotonic: () => state.now },
    store: {
      currency: {
        get goodUntil() {
          return state.goodUntil;
        },
        renew: async () => {
          state.reads += 1;
          if (state.canRead) state.goodUntil = state.now + 700;
          return state.canRead;
        },
      },
    },
  };
  // Nothing else of these is used.
  return { state, app: app as unknown as Parameters<typeof vouched>[0] };
}

describe('what is decided by memory', () => {
  it('is answered without a promise while memory is good', () => {
    const { app, state } = node(10);
    expect(vouched(app, () => 'in')).toBe('in');
    expect(state.reads).toBe(0);
  });

  it('is decided after reading what changed when memory is not good', async () => {
    const { app, state } = node(0);
    let known = 'before';
    const decided = vouched(app, () => known);
    known = 'after';
    expect(await decided).toBe('after');
    expect(state.reads).toBe(1);
  });

  it('is refused for the moment when nothing can be read', async () => {
    const { app } = node(0, false);
    let asked = 0;
    const decided = await vouched(app, () => (asked += 1));
    expect(Refusal.is(decided) && decided.problem).toMatchObject({ code: 'store_unavailable', retryAfterSeconds: 1 });
    expect(asked).toBe(0);
  });

  it('is decided again when memory ran out while it was decided', async () => {
    const { app, state } = node(10);
    let asked = 0;
    const decide = async () => {
      asked += 1;
      if (asked === 1) state.now = 5_000;
      return asked;
    };
    expect(await vouched(app, decide)).toBe(2);
    expect(state.reads).toBe(1);
  });

  it('is refused when it always takes longer than memory is good', async () => {
    const { app, state } = node(10);
    const decided = await vouched(app, async () => (state.now += 1_000));
    expect(Refusal.is(decided)).toBe(true);
  });
});
