import { describe, expect, it } from 'vitest';
import { readQuery } from './promql.ts';

describe('readQuery', () => {
  it('finds metrics with their matchers, and what is around them from the inside out', () => {
    const { selectors } = readQuery(
      'histogram_quantile(0.9, sum by (le, state) (rate(a_bucket{state="x", b!~"y|z"}[$__rate_interval]))) > b',
    );
    expect(selectors).toEqual([
      {
        metric: 'a_bucket',
        matchers: [
          { label: 'state', operator: '=', value: 'x' },
          { label: 'b', operator: '!~', value: 'y|z' },
        ],
        inside: ['rate', 'sum', 'histogram_quantile'],
      },
      { metric: 'b', matchers: [], inside: [] },
    ]);
  });

  it('finds the labels of groups and joins, each with the metrics that it is about', () => {
    const { grouped } = readQuery('sum by (x) (a) / on (y) group_left (z) b');
    expect(grouped).toContainEqual({ label: 'x', metrics: ['a'] });
    expect(grouped).toContainEqual({ label: 'y', metrics: ['a', 'b'] });
    expect(grouped).toContainEqual({ label: 'z', metrics: ['a', 'b'] });
  });

  it.each(['sum(', 'rate(a[5m)', 'a{b=}', '', '1 + 1', 'sum by (a) b c'])('refuses %s', (text) => {
    expect(() => readQuery(text)).toThrow(Error);
  });
});
