import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { type Fault, GIVEN_UP, STORES, type StoreKind } from '../faults/fault.ts';
import { MATRIX } from '../faults/matrix.ts';
import { measure } from '../faults/measure.ts';
import { eventually } from '../testbed/client.ts';

const MAIN = fileURLToPath(new URL('../faults/main.ts', import.meta.url));
const isLong = process.env['HOOKRING_PROVE'] === '1';
/** A few rows of seconds here; all of them in their full length in `npm run prove` and `npm run faults`. */
const SHORT: Readonly<Record<StoreKind, readonly string[]>> = {
  sqlite: ['kill-all', 'torn-log'],
  postgres: ['restart-immediate', 'sessions'],
};

describe.each(STORES)('what breaks under a server on %s', (store) => {
  const onStore = MATRIX.filter(({ stores }) => stores.includes(store));
  const faults = isLong ? onStore : onStore.filter(({ name }) => SHORT[store].includes(name));
  if (!isLong && faults.length < SHORT[store].length) throw new Error(`a row of ${SHORT[store].join(', ')} is gone`);
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

describe('a run of the matrix', () => {
  it('leaves no receiver behind when a row cannot begin', async () => {
    const listening = (): number => process.getActiveResourcesInfo().filter((name) => name === 'TCPServerWrap').length;
    // Sockets of the rows before close a moment later.
    await eventually(() => listening() === 0);
    const closed: Fault = {
      name: 'closed',
      breaks: 'nothing: no endpoint can be made',
      stores: ['sqlite'],
      stage: () => ({ environment: { HOOKRING_ALLOW_PRIVATE: '' } }),
      duplicatesMax: GIVEN_UP,
      run: async () => {},
    };
    await expect(measure(closed, { store: 'sqlite', isShort: true })).rejects.toThrow('/v1/endpoints answered 4');
    await eventually(() => listening() === 0);
  });

  it('is none, and no success, when a row is not for the store that was named', async () => {
    const args = [MAIN, '--only', 'kill-api', '--store', 'sqlite'];
    const ended = await new Promise((resolve) => {
      execFile(process.execPath, args, (error, _out, err) => resolve([error?.code, err]));
    });
    expect(ended).toEqual([2, 'none of these rows is for sqlite\n']);
  });
});
