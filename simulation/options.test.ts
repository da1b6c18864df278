import { describe, expect, it } from 'vitest';
import { parseOptions } from './options.ts';

describe('the command line', () => {
  it('takes what it is told, and makes a seed of what it is given', () => {
    const parsed = parseOptions(['--deliveries', '100_000_000', '--nodes', '3', '--workers', '2', '--json'], 99);
    expect(parsed).toMatchObject({
      kind: 'run',
      options: {
        seed: 99,
        deliveries: 100_000_000,
        chapter: null,
        overrides: { nodes: 3 },
        workers: 2,
        isJson: true,
        records: false,
        shrinks: true,
      },
    });
  });

  it('knows kinds of faults by name, and none of them', () => {
    const some = parseOptions(['--seed', '0', '--faults', 'store-slow,stores-answer-lost-after-its-commit'], 1);
    expect(some).toMatchObject({
      options: { seed: 0, overrides: { faults: ['store slow', "store's answer lost after its commit"] } },
    });
    expect(parseOptions(['--faults', 'none'], 1)).toMatchObject({ options: { overrides: { faults: [] } } });
    expect(parseOptions(['--faults', 'list'], 1)).toMatchObject({ kind: 'say' });
  });

  it('records whole runs, and nothing but those', () => {
    expect(parseOptions(['--record', '--seed', '5'], 1)).toMatchObject({ options: { records: true, workers: 1 } });
    for (const part of ['--chapter', '--nodes', '--endpoints']) {
      expect(parseOptions(['--record', part, '2'], 1)).toMatchObject({ kind: 'wrong' });
    }
    expect(parseOptions(['--record', '--faults', 'none'], 1)).toMatchObject({ kind: 'wrong' });
  });

  it.each([
    [['--nodes', '0'], '--nodes'],
    [['--workers', '0'], '--workers'],
    [['--deliveries', 'many'], '--deliveries'],
    [['--seed', '1.5'], '--seed'],
    [['--faults', 'earthquake'], 'earthquake'],
    [['--sed', '1'], '--sed'],
  ])('refuses %j', (args, named) => {
    const parsed = parseOptions(args, 1);
    expect(parsed.kind).toBe('wrong');
    expect(parsed.kind === 'wrong' ? parsed.problem : '').toContain(named);
  });
});
