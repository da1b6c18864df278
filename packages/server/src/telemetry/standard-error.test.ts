import { describe, expect, it } from 'vitest';
import { createLog } from './log.ts';
import { standardError } from './standard-error.ts';

/** Standard error that fails as it is told, and takes at most `chunk` bytes at once. */
function disk(chunk = Number.POSITIVE_INFINITY) {
  const state: { failure: string | null; tries: number } = { failure: null, tries: 0 };
  let text = '';
  const destination = standardError((bytes) => {
    state.tries += 1;
    if (state.failure !== null) throw Object.assign(new Error('cannot be written'), { code: state.failure });
    const written = Buffer.from(bytes.subarray(0, Math.min(chunk, bytes.length)));
    text += written.toString('latin1');
    return written.length;
  });
  const messages = (): unknown[] =>
    text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => (JSON.parse(Buffer.from(line, 'latin1').toString()) as { message: unknown }).message);
  return { state, messages, log: createLog({ level: 'info', destination }) };
}

describe('a log on standard error', () => {
  it.each([1, 7, Number.POSITIVE_INFINITY])('is written at once, also %s bytes at a time', (chunk) => {
    const { log, messages } = disk(chunk);
    log.info('one – ünd');
    expect(messages()).toEqual(['one – ünd']);
    log.info('two');
    expect(messages()).toEqual(['one – ünd', 'two']);
  });

  it.each(['ENOSPC', 'EIO', 'EPIPE', 'EAGAIN'])(
    'ends nothing while it fails with %s, and goes on with what waited',
    (code) => {
      const { log, messages, state } = disk();
      log.info('one');
      state.failure = code;
      for (const word of ['two', 'three']) log.error(word);
      expect(messages()).toEqual(['one']);
      state.failure = null;
      log.info('four');
      expect(messages()).toEqual(['one', 'two', 'three', 'four']);
    },
  );

  it('waits for a reader that stands still once, and not again with each line', () => {
    const { log, state } = disk();
    state.failure = 'EAGAIN';
    log.info('one');
    expect(state.tries).toBeGreaterThan(1);
    state.tries = 0;
    for (let line = 0; line < 10; line += 1) log.info('more');
    expect(state.tries).toBe(10);
  });

  it('keeps a bounded part of what waits, and goes on after more than that', () => {
    const { log, messages, state } = disk();
    state.failure = 'ENOSPC';
    const long = 'x'.repeat(100_000);
    for (let line = 0; line < 50; line += 1) log.error({ long }, `line ${line}`);
    state.failure = null;
    log.error({ long }, 'room again');
    log.info('as before');
    const kept = messages();
    expect(kept.slice(0, 5)).toEqual(['line 0', 'line 1', 'line 2', 'line 3', 'line 4']);
    expect(kept.slice(-2)).toEqual(['room again', 'as before']);
    expect(kept.length).toBeLessThan(15);
  });

  it('takes a line that is longer than all that may wait', () => {
    const { log, messages } = disk();
    log.error({ long: 'x'.repeat(2_000_000) }, 'long');
    log.info('short');
    expect(messages()).toEqual(['long', 'short']);
  });
});
