import { describe, expect, it } from 'vitest';
import type { Row } from '../../cells.ts';
import type { Statement } from '../database.ts';
import { createFigureReads } from './figures.ts';

const REST: Row = {
  due: 0,
  held: 0,
  oldest_due_at: null,
  ended: 0,
  rings_in_grace: 0,
  next_end_at: null,
  oldest_active_since: null,
};

/** A database whose tables hold so many rows, each count of which takes so long. */
function counting(clock: { now: number }, table: { rows: number; costMs: number }) {
  const counted: string[] = [];
  const first = async ({ name }: Statement): Promise<Row> => {
    if (name !== 'figures_queued' && name !== 'figures_secrets') return REST;
    counted.push(name);
    clock.now += table.costMs;
    return { found: table.rows };
  };
  return { counted, figures: createFigureReads({ first, all: async () => [] }, () => clock.now) };
}

describe('counting whole tables', () => {
  it('is done anew each time while there is little to count', async () => {
    const [clock, table] = [{ now: 0 }, { rows: 5, costMs: 1_000 }];
    const { figures } = counting(clock, table);
    for (const rows of [5, 6, 7]) {
      table.rows = rows;
      expect((await figures.figures(0)).queued).toBe(rows);
    }
  });

  it('is remembered for longer the longer it took, and takes a fiftieth of the time at most', async () => {
    const [clock, table] = [{ now: 0 }, { rows: 5_000_000, costMs: 100 }];
    const { figures, counted } = counting(clock, table);
    for (let round = 0; round < 1_000; round += 1) {
      clock.now += 100;
      expect((await figures.figures(0)).queued).toBe(5_000_000);
    }
    const times = counted.filter((name) => name === 'figures_queued').length;
    expect(times).toBeGreaterThan(5);
    expect((times * table.costMs) / clock.now).toBeLessThan(0.021);
  });
});
