import { describe, expect, it } from 'vitest';
import { inTurns } from './turns.ts';

const FREELY = { enter() {}, leave() {} };

describe('turns', () => {
  it('let every promise come to rest before the next one', async () => {
    const seen: string[] = [];
    let turn = 0;
    await inTurns(() => {
      turn += 1;
      seen.push(`turn ${turn}`);
      const mine = turn;
      void (async () => {
        for (let step = 0; step < 20; step += 1) await Promise.resolve();
        seen.push(`rest of ${mine}`);
      })();
      return turn < 3;
    }, FREELY);
    expect(seen.slice(0, 5)).toEqual(['turn 1', 'rest of 1', 'turn 2', 'rest of 2', 'turn 3']);
  });

  it('end with what a turn throws', async () => {
    const left: string[] = [];
    const breath = { enter() {}, leave: () => void left.push('left') };
    const failing = inTurns(() => {
      throw new Error('as it should');
    }, breath);
    await expect(failing).rejects.toThrow('as it should');
    expect(left).toEqual(['left']);
  });

  it('breathe now and then, so that the process hears of signals', async () => {
    const breaths: string[] = [];
    let turn = 0;
    await inTurns(() => (turn += 1) < 50_000, {
      enter: () => void breaths.push('in'),
      leave: () => void breaths.push('out'),
    });
    expect(breaths).toEqual(['in', 'out', 'in', 'out', 'in', 'out']);
  });
});
