import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';

const PROGRAM = fileURLToPath(new URL('../simulation/main.ts', import.meta.url));
/** A world takes the clock and all randomness of its process: it runs in one of its own. */
const runFile = promisify(execFile);

type Result = {
  readonly seed: number;
  readonly deliveries: number;
  readonly violations: number;
  readonly traceHash: string;
  readonly failure: { readonly message: string; readonly lastSteps: readonly string[] } | null;
};

async function simulate(...args: readonly string[]): Promise<Result> {
  const { stdout } = await runFile(process.execPath, [PROGRAM, ...args, '--json', '--no-shrink'], { maxBuffer: 1e8 });
  return JSON.parse(stdout) as Result;
}

describe('the simulation', { timeout: 120_000 }, () => {
  it('finds every promise kept in worlds that nobody has seen before', async () => {
    const seed = Date.now();
    const replay = `npm run simulate -- --seed ${seed} --deliveries 20000`;
    console.log(replay);
    const result = await simulate('--seed', String(seed), '--deliveries', '20000').catch((error: unknown) => {
      throw new Error(replay, { cause: error });
    });
    expect(result).toMatchObject({ seed, violations: 0, failure: null });
    expect(result.deliveries).toBeGreaterThanOrEqual(20_000);
  });

  it('says the same of one world whenever it is asked', async () => {
    const world = ['--seed', '3', '--chapter', '2', '--deliveries', '1500', '--endpoints', '50', '--nodes', '2'];
    const [first, second] = await Promise.all([simulate(...world), simulate(...world)]);
    expect(first.traceHash).toMatch(/^[0-9a-f]{64}$/);
    expect(second.traceHash).toBe(first.traceHash);
  });

  it('ends with 2 at what it does not understand', async () => {
    await expect(simulate('--faults', 'earthquake')).rejects.toMatchObject({ code: 2 });
  });
});
