import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';

const PROGRAM = fileURLToPath(new URL('../simulation/main.ts', import.meta.url));
/** A world takes the clock and all randomness of its process: it runs in one of its own. */
const runFile = promisify(execFile);

type Result = {
  readonly deliveries: number;
  readonly hash: string;
  readonly failure: { readonly message: string; readonly lastSteps: readonly string[] } | null;
};

async function simulate(seed: number, deliveries: number): Promise<Result> {
  const args = [PROGRAM, '--seed', String(seed), '--deliveries', String(deliveries), '--json', '--no-shrink'];
  try {
    const { stdout } = await runFile(process.execPath, args, { maxBuffer: 64 * 1024 * 1024 });
    return JSON.parse(stdout) as Result;
  } catch (error) {
    throw new Error(`npm run simulate -- --seed ${seed} --deliveries ${deliveries}`, { cause: error });
  }
}

describe('the simulation', { timeout: 120_000 }, () => {
  it('finds every invariant kept in a world that it knows, twice by the same steps', async () => {
    const [first, second] = await Promise.all([simulate(3, 15_000), simulate(3, 15_000)]);
    expect(first.failure).toBe(null);
    expect(first.deliveries).toBeGreaterThanOrEqual(15_000);
    expect(second.hash).toBe(first.hash);
  });

  it('finds every invariant kept in a world that nobody has seen before', async () => {
    const seed = Date.now();
    const { failure } = await simulate(seed, 25_000);
    expect(failure, `replay it with: npm run simulate -- --seed ${seed} --deliveries 25000`).toBe(null);
  });
});
