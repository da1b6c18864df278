import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CommandFailure, EXIT, type ExitCode } from './exit.ts';
import { type FollowTools, follow } from './follow.ts';

function failure(exitCode: ExitCode, status: number | null = null): CommandFailure {
  return new CommandFailure({ detail: 'it failed', exitCode, status });
}

type Step = 'answer' | 'grow' | 'unreachable' | 'busy' | 'new token';

/** A server whose list grows, and which fails as the script says; when the script is over the follower is stopped. */
function server(script: readonly Step[], pageMax: number) {
  const stop = new AbortController();
  const told: number[] = [];
  const shown: number[] = [];
  const notes: string[] = [];
  const waits: number[] = [];
  let length = 0;
  let token = 0;
  let known = 0;
  const steps = [...script];
  const tools: FollowTools = {
    stopped: stop.signal,
    async page(cursor) {
      const step = steps.shift();
      if (step === undefined) {
        stop.abort();
        throw failure(EXIT.UNREACHABLE);
      }
      if (step === 'grow') length += 3;
      if (step === 'new token') token += 1;
      if (step === 'unreachable' && cursor !== null) throw failure(EXIT.UNREACHABLE);
      if (step === 'busy' && cursor !== null) throw failure(EXIT.FAILED, 503);
      if (known !== token && cursor !== null) throw failure(EXIT.DENIED, 401);
      const from = cursor === null ? length : Number(cursor);
      const to = Math.min(length, from + pageMax);
      const items = Array.from({ length: to - from }, (_, index) => ({ id: from + index }));
      told.push(...items.map(({ id }) => id));
      return { items, nextCursor: String(to), hasMore: to < length };
    },
    show: async (items) => void shown.push(...items.map(({ id }) => Number(id))),
    async reconnect() {
      const hasChanged = known !== token;
      known = token;
      return hasChanged;
    },
    lost: () => void notes.push('lost'),
    found: () => void notes.push('found'),
    wait: async (ms) => void waits.push(ms),
  };
  return { tools, shown, told, notes, waits };
}

describe('following', () => {
  it('shows everything once and in order, whatever happens to the server', async () => {
    const steps = fc.constantFrom<Step>('answer', 'grow', 'grow', 'unreachable', 'busy', 'new token');
    await fc.assert(
      fc.asyncProperty(fc.array(steps, { maxLength: 60 }), fc.integer({ min: 1, max: 5 }), async (script, pageMax) => {
        const drained: Step[] = ['answer', ...script, ...Array.from({ length: 200 }, () => 'answer' as const)];
        const { tools, shown } = server(drained, pageMax);
        await follow(tools);
        const grown = script.filter((step) => step === 'grow').length * 3;
        expect(shown).toEqual(Array.from({ length: grown }, (_, index) => index));
      }),
    );
  });

  it('says once that the server is away, waits longer and longer, and says when it is back', async () => {
    const { tools, notes, waits } = server(
      ['answer', 'unreachable', 'busy', 'unreachable', 'unreachable', 'unreachable', 'grow'],
      10,
    );
    await follow(tools);
    expect(notes).toEqual(['lost', 'found']);
    expect(waits).toEqual([500, 500, 1_000, 2_000, 5_000, 5_000, 500]);
  });

  it('asks for the next page at once when there is more', async () => {
    const { tools, waits, shown } = server(['answer', 'grow', 'answer', 'answer'], 1);
    await follow(tools);
    expect([shown, waits]).toEqual([
      [0, 1, 2],
      [500, 500],
    ]);
  });

  it('ends with a refusal, and when the server cannot be found at the beginning', async () => {
    const refusing = server(['answer'], 1);
    const denied: FollowTools = {
      ...refusing.tools,
      page: async (cursor) => {
        if (cursor === null) return await refusing.tools.page(cursor);
        throw failure(EXIT.DENIED, 403);
      },
    };
    await expect(follow(denied)).rejects.toMatchObject({ facts: { status: 403 } });
    const { tools } = server([], 1);
    const gone = async (): Promise<never> => await Promise.reject(failure(EXIT.UNREACHABLE));
    await expect(follow({ ...tools, page: gone })).rejects.toMatchObject({ facts: { exitCode: EXIT.UNREACHABLE } });
  });
});
