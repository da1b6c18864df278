import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { Journal, OtherRun, programDigest, type RunOf } from './journal.ts';
import { type RunOptions, run } from './run.ts';

const OF: RunOf = { seed: 20_300_103, deliveries: 1_200, program: 'one' };
const SMALL: RunOptions = {
  seed: OF.seed,
  deliveries: OF.deliveries,
  chapterDeliveries: 300,
  chapter: null,
  overrides: { endpoints: 40 },
  workers: 1,
};

function newFile(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'hookring-journal-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return path.join(folder, 'journal');
}

const linesOf = (file: string): readonly string[] => readFileSync(file, 'utf8').trimEnd().split('\n');

describe('a run with a journal', { timeout: 120_000 }, () => {
  it('that was broken off in the middle of a line comes to the same when it goes on, and runs no world twice', async () => {
    const whole = await run(SMALL);
    const file = newFile();
    expect(await run({ ...SMALL, journal: new Journal(file, OF) })).toEqual(whole);
    const [head = '', one = '', two = '', three = '', four = ''] = linesOf(file);
    expect(four).not.toBe('');
    // Worlds end in any order; this one was being written when the process was killed.
    writeFileSync(file, `${[head, three, one].join('\n')}\n${two.slice(0, 40)}`);
    const journal = new Journal(file, OF);
    expect(await run({ ...SMALL, workers: 2, journal })).toEqual(whole);
    const numbers = linesOf(file)
      .slice(1)
      .map((line) => (JSON.parse(line) as { index: number }).index);
    expect(numbers.toSorted((a, b) => a - b)).toEqual([0, 1, 2, 3]);
    expect(numbers.slice(0, 2)).toEqual([2, 0]);
    expect(journal.seconds).toBeGreaterThan(0);
    // Nothing is left to do.
    expect(await run({ ...SMALL, workers: 2, journal: new Journal(file, OF) })).toEqual(whole);
  });

  it('does not keep a world in which something did not hold', async () => {
    const file = newFile();
    const { failed } = await run({ ...SMALL, overrides: { nodes: 0 }, journal: new Journal(file, OF) });
    expect(failed).not.toBeNull();
    expect(linesOf(file)).toHaveLength(1);
  });

  it('is not gone on with by another run, or by a program that was changed', () => {
    const file = newFile();
    expect(new Journal(file, OF).seconds).toBe(0);
    expect(new Journal(file, OF).seconds).toBe(0);
    for (const other of [{ seed: 1 }, { deliveries: 1 }, { program: 'two' }]) {
      expect(() => new Journal(file, { ...OF, ...other })).toThrow(OtherRun);
    }
  });

  it('knows a program by its sources', () => {
    expect(programDigest()).toMatch(/^[0-9a-f]{64}$/);
    expect(programDigest()).toBe(programDigest());
  });
});
