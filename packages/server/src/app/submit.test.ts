import { describe, expect, it } from 'vitest';
import type { Applied } from '../store/port.ts';
import type { AppContext } from './context.ts';
import { decideAndApply } from './submit.ts';

/** A store that answers so, one after the other. */
function answering(...answers: readonly Applied[]) {
  const rest = [...answers];
  const given: unknown[] = [];
  const store = {
    apply: async (_commands: unknown, options: unknown) => {
      given.push(options);
      return rest.shift() ?? { kind: 'applied' };
    },
  };
  return { app: { store } as unknown as AppContext, given }; // All that is used of it.
}

const LATE: Applied = { kind: 'late' };
const CONFLICT: Applied = { kind: 'conflict', command: 'keyring.put' };

describe('a change that is decided again', () => {
  it('when its commit came too late, is decided for a later time, and knows how often that was so', async () => {
    const { app, given } = answering(LATE, CONFLICT, LATE);
    const asked: number[] = [];
    const outcome = await decideAndApply(app, async (lates) => {
      asked.push(lates);
      return { ok: true, value: lates, commands: [], options: { notAfter: 100 * lates } };
    });
    expect(outcome).toMatchObject({ ok: true, value: 2 });
    expect(asked).toEqual([0, 1, 1, 2]);
    expect(given).toEqual([0, 100, 100, 200].map((notAfter) => ({ notAfter })));
  });

  it('is refused for the moment when the database never commits in time', async () => {
    const { app, given } = answering(LATE, LATE, LATE, LATE, LATE, LATE);
    const outcome = await decideAndApply(app, async () => ({ ok: true, value: null, commands: [] }));
    expect(outcome).toMatchObject({ ok: false, problem: { code: 'store_unavailable', retryAfterSeconds: 5 } });
    expect(given).toHaveLength(5);
  });

  it('is a conflict when others always came before', async () => {
    const { app } = answering(CONFLICT, CONFLICT, CONFLICT, CONFLICT, CONFLICT, CONFLICT);
    const outcome = await decideAndApply(app, async () => ({ ok: true, value: null, commands: [] }));
    expect(outcome).toMatchObject({ ok: false, problem: { code: 'conflict' } });
  });
});
