import { describe, expect, it } from 'vitest';
import { CommandFailure, EXIT } from '../exit.ts';
import type { KeyLine } from './key-file.ts';
import { sendKeys } from './send-keys.ts';

const LINES: readonly KeyLine[] = Array.from({ length: 50 }, (_, index) => ({
  number: index + 1,
  tokenHash: index.toString(16).padStart(64, '0'),
  name: '',
}));

function refusal(status: number, ...codes: readonly string[]): CommandFailure {
  const errors = codes.map((code, index) => ({
    pointer: index === 0 ? '/tokenHash' : '/scopes',
    detail: 'is so',
    code,
  }));
  return new CommandFailure({ detail: 'refused', exitCode: EXIT.FAILED, status, errors });
}

/** What the server answers to each line, the first time and later. */
function server(answer: (line: KeyLine, times: number) => CommandFailure | null) {
  const times = new Map<number, number>();
  const waits: number[] = [];
  const told: number[] = [];
  let underway = 0;
  let underwayMax = 0;
  return {
    waits,
    told,
    sent: () => times.size,
    underwayMax: () => underwayMax,
    tools: {
      async send(line: KeyLine) {
        underway += 1;
        underwayMax = Math.max(underwayMax, underway);
        await new Promise((resolve) => setImmediate(resolve));
        underway -= 1;
        const count = (times.get(line.number) ?? 0) + 1;
        times.set(line.number, count);
        const refused = answer(line, count);
        if (refused !== null) throw refused;
      },
      wait: async (ms: number) => void waits.push(ms),
      tell: (done: number) => void told.push(done),
    },
  };
}

describe('sending keys', () => {
  it('counts what is new, what was there, and tells the lines that are refused', async () => {
    const { tools, told, underwayMax } = server(({ number }) =>
      number % 10 === 0
        ? refusal(409, 'already_imported', ...(number === 20 ? ['other_scopes'] : []))
        : number % 25 === 1
          ? refusal(409, 'taken')
          : null,
    );
    expect(await sendKeys(LINES, tools)).toEqual({
      imported: 43,
      alreadyImported: 5,
      otherScopes: 1,
      failed: [
        { line: 1, detail: 'its hash is so', code: 'taken' },
        { line: 26, detail: 'its hash is so', code: 'taken' },
      ],
    });
    expect(told.at(-1)).toBe(LINES.length);
    expect(underwayMax()).toBe(16);
  });

  it('waits for a server that has no time, and goes on', async () => {
    const { tools, waits } = server(({ number }, times) => (number % 5 === 0 && times < 3 ? refusal(429) : null));
    expect((await sendKeys(LINES, tools)).imported).toBe(LINES.length);
    expect(waits).toHaveLength(20);
    const stuck = server(() => refusal(503));
    await expect(sendKeys(LINES.slice(0, 1), stuck.tools)).rejects.toThrow('refused');
  });

  it('ends at once when something else is wrong, with nothing under way behind it', async () => {
    const { tools, sent, told } = server(({ number }) => (number === 1 ? refusal(401) : null));
    await expect(sendKeys(LINES, tools)).rejects.toMatchObject({ facts: { status: 401 } });
    const before = sent();
    expect(before).toBeLessThan(LINES.length);
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect([sent(), told.length]).toEqual([before, before - 1]);
    const busy = server(({ number }) => refusal(number === 2 ? 403 : 429));
    await expect(sendKeys(LINES, busy.tools)).rejects.toMatchObject({ facts: { status: 403 } });
    expect(busy.waits.length).toBeLessThan(32);
  });
});
