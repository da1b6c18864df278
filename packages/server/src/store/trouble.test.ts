import { expect, it } from 'vitest';
import { Trouble } from './trouble.ts';

it('tells when trouble begins, once a minute while it lasts, and when it is over', () => {
  let now = 5_000;
  const told: unknown[] = [];
  const trouble = new Trouble(() => now, {
    storeFailing: (cause) => told.push([now, cause]),
    storeWorksAgain: (afterMs) => told.push([now, 'works', afterMs]),
  });
  trouble.worked();
  for (; now < 70_000; now += 1_000) trouble.failed('disk I/O error');
  trouble.worked();
  trouble.worked();
  trouble.failed('database or disk is full');
  expect(told).toEqual([
    [5_000, 'disk I/O error'],
    [65_000, 'disk I/O error'],
    [70_000, 'works', 65_000],
    [70_000, 'database or disk is full'],
  ]);
});

it('tells one beginning a minute, with its end, of trouble that comes and goes', () => {
  let now = 0;
  const told: unknown[] = [];
  const trouble = new Trouble(() => now, {
    storeFailing: () => told.push([now, 'fails']),
    storeWorksAgain: () => told.push([now, 'works']),
  });
  for (; now < 119_000; now += 1_000) {
    trouble.failed('database or disk is full');
    now += 1_000;
    trouble.worked();
  }
  expect(told).toEqual([
    [0, 'fails'],
    [1_000, 'works'],
    [60_000, 'fails'],
    [61_000, 'works'],
  ]);
  // One that stays is told before long, though its beginning was not.
  for (; now < 150_000; now += 1_000) trouble.failed('database or disk is full');
  expect(told.slice(4)).toEqual([[120_000, 'fails']]);
});
