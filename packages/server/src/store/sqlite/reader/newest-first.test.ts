import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type NumberSource, newestFirst } from './newest-first.ts';

/** Gives out what is below in steps of `stepMax`, and counts how much it gave. */
function streamOf(numbers: readonly number[], stepMax: number) {
  const sorted = numbers.toSorted((a, b) => b - a);
  const [head] = sorted;
  let given = 0;
  const source: NumberSource = (below) => {
    const step = sorted.filter((number) => number < below).slice(0, stepMax);
    given += step.length;
    return step;
  };
  const heads: [number, NumberSource][] = head === undefined ? [] : [[head, source]];
  return { heads, given: () => given };
}

it('tells every number of every list once, newest first', () => {
  const lists = fc
    .uniqueArray(fc.nat({ max: 500 }), { maxLength: 60 })
    .chain((numbers) =>
      fc
        .array(fc.nat({ max: 6 }), { minLength: numbers.length, maxLength: numbers.length })
        .map((of) => ({ numbers, of })),
    );
  fc.assert(
    fc.property(lists, fc.integer({ min: 1, max: 5 }), ({ numbers, of }, stepMax) => {
      const split = [0, 1, 2, 3, 4, 5, 6].map((list) => numbers.filter((_, index) => of[index] === list));
      const heads = split.flatMap((list) => streamOf(list, stepMax).heads);
      expect([...newestFirst(heads)]).toEqual(numbers.toSorted((a, b) => b - a));
    }),
  );
});

it('reads no further than it is asked to', () => {
  const [old, young] = [streamOf([1, 2, 3, 4], 2), streamOf([11, 12, 13, 14, 15, 16], 2)];
  const numbers = newestFirst([...old.heads, ...young.heads]);
  expect([numbers.next().value, numbers.next().value, numbers.next().value]).toEqual([16, 15, 14]);
  expect([old.given(), young.given()]).toEqual([0, 2]);
});
