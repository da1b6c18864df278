import { describe, expect, it } from 'vitest';
import { lookupThreads } from './thread-pool.ts';

describe('threads for looking up names', () => {
  it.each([
    [{}, 3],
    [{ UV_THREADPOOL_SIZE: '16' }, 15],
    [{ UV_THREADPOOL_SIZE: '1' }, 1],
    [{ UV_THREADPOOL_SIZE: '99999' }, 1_023],
    [{ UV_THREADPOOL_SIZE: 'many' }, 3],
    [{ UV_THREADPOOL_SIZE: '-2' }, 3],
  ])('are all of the pool but one: %o', (env, threads) => {
    expect(lookupThreads(env)).toBe(threads);
  });
});
