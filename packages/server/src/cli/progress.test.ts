import { Writable } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { progressBar } from './progress.ts';

const ERASE = '\r\u001b[2K';

/** A terminal that keeps what stands on its last line, with a clock that moves by hand. */
function terminal(columns = 80, liveErrors = true) {
  let written = '';
  let now = 1_000_000;
  let wide = columns;
  const io = {
    liveErrors,
    stderr: new Writable({
      write(chunk, _encoding, done) {
        written += String(chunk);
        done();
      },
    }),
    now: () => now,
    errorColumns: () => wide,
  };
  return {
    io,
    wait: (ms: number) => void (now += ms),
    resize: (to: number) => void (wide = to),
    written: () => written,
    line: () => written.split(ERASE).at(-1),
    paints: () => written.split(ERASE).length - 1,
  };
}

describe('a progress bar', () => {
  it('shows how far it is, how fast, and how long it still takes', () => {
    const { io, wait, line } = terminal(100);
    const bar = progressBar(io, false, { label: 'Importing' });
    bar.show({ done: 0, total: 10_000 });
    expect(line()).toBe(`Importing  [${' '.repeat(30)}]  0 %  0 of 10,000`);
    wait(10_000);
    bar.show({ done: 2_500, total: 10_000, text: 'keys.csv' });
    expect(line()).toBe(`Importing  [======>${' '.repeat(23)}]  25 %  2,500 of 10,000  250/s  30 s left  keys.csv`);
    wait(30_000);
    bar.show({ done: 10_000, total: 10_000 });
    expect(line()).toBe(`Importing  [${'='.repeat(30)}]  100 %  10,000 of 10,000  250/s`);
  });

  it('counts without a bar while the total is unknown', () => {
    const { io, wait, line } = terminal();
    const bar = progressBar(io, false, { label: 'Sealing' });
    wait(2_000);
    bar.show({ done: 3_000, total: null });
    expect(line()).toBe('Sealing  3,000  1,500/s');
    wait(2_000);
    bar.show({ done: 6_000, total: 8_000 });
    expect(line()).toContain('75 %  6,000 of 8,000  1,500/s  2 s left');
  });

  it('shows bytes as people read them', () => {
    const { io, wait, line } = terminal(100);
    const bar = progressBar(io, false, { label: 'Copying', unit: 'bytes' });
    wait(1_000);
    bar.show({ done: 1_536, total: 3 * 1_073_741_824 });
    expect(line()).toContain('0 %  1.5 KiB of 3 GiB  1.5 KiB/s  24 d 6 h left');
    wait(100);
    bar.show({ done: 900, total: null });
    expect(line()).toContain('Copying  900 B');
  });

  it.each([
    [90_000, '1 min 30 s left'],
    [7_500_000, '2 h 5 min left'],
    [90_000_000, '1 d 1 h left'],
  ])('says long times in two units (%i ms)', (elapsed, left) => {
    const { io, wait, line } = terminal(100);
    const bar = progressBar(io, false, { label: 'Work' });
    wait(elapsed);
    bar.show({ done: 500, total: 1_000 });
    expect(line()).toContain(left);
  });

  it('says no time that nobody would believe', () => {
    const { io, wait, line } = terminal();
    const bar = progressBar(io, false, { label: 'Work' });
    wait(86_400_000);
    bar.show({ done: 1, total: 1_000_000 });
    expect(line()).not.toContain('left');
  });

  it('gives up words, rate, time left and bar in that order to fit, and follows the terminal', () => {
    const { io, wait, line, resize } = terminal(100);
    const bar = progressBar(io, false, { label: 'Work' });
    wait(10_000);
    const seen = [100, 66, 50, 44, 30, 12].map((columns) => {
      resize(columns);
      wait(100);
      bar.show({ done: 500, total: 1_000, text: 'of endpoint one' });
      return line();
    });
    expect(
      seen.map((each = '') =>
        each
          .replace(/\[.*\]/, '[]')
          .replace(/\d+\/s/, 'n/s')
          .replace(/\d+ s l/, 'n s l'),
      ),
    ).toEqual([
      'Work  []  50 %  500 of 1,000  n/s  n s left  of endpoint one',
      'Work  []  50 %  500 of 1,000  n/s  n s left',
      'Work  []  50 %  500 of 1,000  n s left',
      'Work  []  50 %  500 of 1,000',
      'Work  50 %  500 of 1,000',
      'Work  50 %…',
    ]);
    for (const [index, columns] of [100, 66, 50, 44, 30, 12].entries()) {
      expect(seen[index]?.length).toBeLessThan(columns);
    }
  });

  it('writes no nonsense, whatever it is told and whatever the clock does', () => {
    const number = fc.oneof(fc.double(), fc.integer(), fc.constant(Number.NaN));
    fc.assert(
      fc.property(
        fc.array(
          fc.tuple(
            number,
            fc.option(number),
            fc.string({ unit: 'binary' }),
            fc.integer({ min: -10_000, max: 100_000 }),
          ),
        ),
        fc.integer({ min: -5, max: 150 }),
        fc.constantFrom('items' as const, 'bytes' as const),
        (shown, columns, unit) => {
          const { io, wait, written } = terminal(columns);
          const bar = progressBar(io, false, { label: 'Work', unit });
          for (const [done, total, text, ms] of shown) {
            wait(ms);
            bar.show({ done, total, text: text.replaceAll(/nan|infinity|-/gi, '') });
          }
          for (const line of written().split(ERASE)) {
            expect(line).not.toMatch(/NaN|Infinity|undefined|-|1[0-9]{2,}[1-9] %/);
            // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
            expect(line).not.toMatch(/[\u0000-\u001f]/);
            if (columns > 1) expect(Array.from(new Intl.Segmenter().segment(line)).length).toBeLessThan(columns);
          }
        },
      ),
    );
  });

  it('paints at most ten times a second, and always the end', () => {
    const { io, wait, line, paints } = terminal();
    const bar = progressBar(io, false, { label: 'Work' });
    for (let done = 1; done <= 1_000; done += 1) {
      wait(1);
      bar.show({ done, total: 1_000 });
    }
    expect(paints()).toBe(11);
    expect(line()).toContain('100 %');
    bar.end();
    expect(line()).toBe('');
  });

  it('is silent where a line cannot overwrite itself, and beside JSON', () => {
    for (const [live, json] of [
      [false, false],
      [true, true],
    ] as const) {
      const { io, written } = terminal(80, live);
      const bar = progressBar(io, json, { label: 'Work' });
      bar.show({ done: 1, total: 2 });
      bar.end();
      expect(written()).toBe('');
    }
  });
});
