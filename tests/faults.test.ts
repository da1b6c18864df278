import { describe, expect, it } from 'vitest';
import { STORES } from '../faults/fault.ts';
import { MATRIX } from '../faults/matrix.ts';
import { measure } from '../faults/measure.ts';

const isLong = process.env['HOOKRING_PROVE'] === '1';
/** A few rows of seconds here; all of them in their full length in `npm run prove` and `npm run faults`. */
const SHORT: Readonly<Record<string, readonly string[]>> = {
  sqlite: ['kill-all', 'torn-log'],
  postgres: ['restart-immediate', 'sessions'],
};

describe.each(STORES)('what breaks under a server on %s', (store) => {
  const faults = MATRIX.filter(
    ({ name, stores }) => stores.includes(store) && (isLong || SHORT[store]?.includes(name)),
  );
  for (const fault of faults) {
    const reason = fault.cannot?.() ?? null;
    const skipped = reason === null ? '' : ` (skipped: ${reason})`;
    it.skipIf(reason !== null)(
      `loses no event and signs none wrongly: ${fault.name}${skipped}`,
      async () => {
        const outcome = await measure(fault, { store, isShort: !isLong });
        expect(outcome.violations).toEqual([]);
        expect(outcome).toMatchObject({ lost: 0, wronglySigned: 0, delivered: outcome.accepted });
        expect(outcome.accepted).toBeGreaterThan(0);
        expect(outcome.rotations).toBeGreaterThan(0);
      },
      isLong ? 300_000 : 120_000,
    );
  }
});
