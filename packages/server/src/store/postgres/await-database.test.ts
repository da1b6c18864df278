import { DatabaseError } from 'pg';
import { describe, expect, it } from 'vitest';
import { AWAITED_MS_MAX, awaitDatabase, isPassing, StartStopped } from './await-database.ts';

function system(code: string, facts: object = {}): Error {
  return Object.assign(new Error(code), { code, ...facts });
}

function state(code: string): DatabaseError {
  return Object.assign(new DatabaseError('said', 4, 'error'), { code });
}

const REFUSED = system('ECONNREFUSED', { syscall: 'connect' });

/** A start whose tries end as given, the last one again and again, on a clock that timers move. */
function starting(...ends: readonly (Error | 'opened' | 'hangs')[]) {
  const stop = new AbortController();
  const log: { cause: string; waitedMs: number }[] = [];
  const hanging = Promise.withResolvers<string>();
  const world = { now: 0, tries: 0, discarded: 0, waiting: 0 };
  const result = async (): Promise<string> =>
    await awaitDatabase(
      {
        async open() {
          const end = ends[Math.min(world.tries, ends.length - 1)];
          world.tries += 1;
          if (end instanceof Error) throw end;
          return end === 'hangs' ? await hanging.promise : 'opened';
        },
        async discard() {
          world.discarded += 1;
        },
        words: (error) => (error instanceof Error ? error.message : 'nothing'),
        clock: { monotonic: () => world.now },
        timers: {
          setTimeout(callback, delayMs) {
            world.waiting += 1;
            const timer = setImmediate(() => {
              world.now += delayMs;
              world.waiting -= 1;
              callback();
            });
            return { cancel: () => clearImmediate(timer) };
          },
        },
      },
      { stopping: stop.signal, onWaiting: ({ cause, waitedMs }) => log.push({ cause, waitedMs }) },
    );
  return { world, log, stop, hanging, result };
}

describe('a start without its database', () => {
  it('goes on when that is there', async () => {
    const { world, log, result } = starting(REFUSED, state('57P03'), 'opened');
    expect(await result()).toBe('opened');
    expect([world.tries, world.now]).toEqual([3, 1_000]);
    expect(log).toEqual([{ cause: 'ECONNREFUSED', waitedMs: 0 }]);
  });

  it('says every few seconds what it waits for, and ends with the reason', async () => {
    const { world, log, result } = starting(REFUSED);
    await expect(result()).rejects.toBe(REFUSED);
    expect(world.now).toBe(AWAITED_MS_MAX);
    expect(log.map(({ waitedMs }) => waitedMs)).toEqual([0, 5_000, 10_000, 15_000, 20_000, 25_000]);
  });

  it('ends at once where waiting does not help, also after it waited', async () => {
    const wrong = state('28P01');
    const { world, log, result } = starting(REFUSED, wrong);
    await expect(result()).rejects.toBe(wrong);
    expect([world.tries, log.length]).toEqual([2, 1]);
  });

  it('ends at once when it is told to stop, between two tries', async () => {
    const { world, stop, result } = starting(REFUSED);
    const ended = expect(result()).rejects.toThrow(StartStopped);
    while (world.waiting === 0) await Promise.resolve();
    stop.abort();
    await ended;
    expect(world.tries).toBe(1);
  });

  it('ends at once when it is told to stop while a try is under way, and keeps nothing of that', async () => {
    const { world, stop, hanging, result } = starting('hangs');
    const ended = expect(result()).rejects.toThrow(StartStopped);
    stop.abort();
    await ended;
    hanging.resolve('opened');
    await new Promise((resolve) => setImmediate(resolve));
    expect(world.discarded).toBe(1);
  });
});

it.each([
  [REFUSED, true],
  [new AggregateError([REFUSED, REFUSED]), true],
  [new AggregateError([REFUSED, system('EACCES')]), false],
  [system('ENOTFOUND', { syscall: 'getaddrinfo' }), true],
  [system('EAI_AGAIN', { syscall: 'getaddrinfo' }), true],
  [system('EHOSTUNREACH'), true],
  [new Error('timeout exceeded when trying to connect'), true],
  [new Error('Connection terminated due to connection timeout'), true],
  [state('57P03'), true],
  [state('53300'), true],
  // The socket of a server on this machine, and a file that names its CA.
  [system('ENOENT', { syscall: 'connect' }), true],
  [system('ENOENT', { syscall: 'open' }), false],
  [state('28P01'), false],
  [state('28000'), false],
  [state('3D000'), false],
  [system('DEPTH_ZERO_SELF_SIGNED_CERT'), false],
  [new Error('The server does not support SSL connections'), false],
  [new TypeError('undefined is not a function'), false],
  ['text', false],
])('waiting may help against %s: %s', (error, helps) => {
  expect(isPassing(error)).toBe(helps);
});
