import { describe, expect, it } from 'vitest';
import { InOrder } from './in-order.ts';

/** Work that ends when it is told to. */
function work(log: string[], name: string) {
  const { promise, resolve } = Promise.withResolvers<void>();
  return {
    end: resolve,
    run: async () => {
      log.push(`${name} begins`);
      await promise;
      log.push(`${name} ends`);
    },
  };
}

async function settle(): Promise<void> {
  for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
}

describe('work in order', () => {
  it('waits for what came before it about the same thing, and for nothing else', async () => {
    const order = new InOrder();
    const log: string[] = [];
    const [first, second, other] = [work(log, 'first'), work(log, 'second'), work(log, 'other')];
    const all = [
      order.run(new Set(['a', 'b']), first.run),
      order.run(new Set(['b', 'c']), second.run),
      order.run(new Set(['d']), other.run),
    ];
    await settle();
    expect(log).toEqual(['first begins', 'other begins']);
    for (const one of [other, second, first]) one.end();
    await Promise.all(all);
    expect(log).toEqual(['first begins', 'other begins', 'other ends', 'first ends', 'second begins', 'second ends']);
  });

  it('goes on after work that failed', async () => {
    const order = new InOrder();
    const failing = order.run(new Set(['a']), async () => {
      throw new Error('broken');
    });
    const next = order.run(new Set(['a']), async () => 7);
    await expect(failing).rejects.toThrow('broken');
    expect(await next).toBe(7);
  });
});
