import { expect, it } from 'vitest';
import { createKeyedQueue } from './keyed-queue.ts';

function steps() {
  const log: string[] = [];
  const gates = new Map<string, () => void>();
  const task = (name: string) => async () => {
    log.push(`${name} begins`);
    await new Promise<void>((resolve) => gates.set(name, resolve));
    log.push(`${name} ends`);
    return name;
  };
  const open = async (name: string) => {
    gates.get(name)?.();
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  };
  return { log, task, open };
}

it('runs the tasks of one key one after another, in the order in which they came', async () => {
  const { log, task, open } = steps();
  const queue = createKeyedQueue();
  const first = queue.run('ring', task('first'));
  const second = queue.run('ring', task('second'));
  await open('nothing');
  expect(log).toEqual(['first begins']);
  await open('first');
  expect(log).toEqual(['first begins', 'first ends', 'second begins']);
  await open('second');
  expect(await Promise.all([first, second])).toEqual(['first', 'second']);
});

it('runs the tasks of different keys side by side', async () => {
  const { log, task, open } = steps();
  const queue = createKeyedQueue();
  const both = [queue.run('one', task('first')), queue.run('other', task('second'))];
  await open('nothing');
  expect(log).toEqual(['first begins', 'second begins']);
  await open('first');
  await open('second');
  await Promise.all(both);
});

it('goes on after a task that failed, and tells only the one who asked for it', async () => {
  const queue = createKeyedQueue();
  const failed = queue.run('ring', () => Promise.reject(new Error('broken')));
  const next = queue.run('ring', () => Promise.resolve('fine'));
  await expect(failed).rejects.toThrow('broken');
  expect(await next).toBe('fine');
});
