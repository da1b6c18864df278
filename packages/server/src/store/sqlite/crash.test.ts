import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import type { DeliveryId } from '../../domain/ids.ts';
import { populate } from '../contract/fixtures.ts';
import { openSqliteStore } from './open.ts';

const CHILD = fileURLToPath(new URL('./testing/accept-until-killed.ts', import.meta.url));

/** Runs the child until it has printed so many lines, kills it, and answers the whole lines that it printed. */
async function runAndKill(args: readonly string[], linesMin: number): Promise<string[]> {
  const child = spawn(process.execPath, [CHILD, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.setEncoding('utf8');
  child.stdout.on('data', (chunk: string) => {
    output += chunk;
    if (output.split('\n').length > linesMin) child.kill('SIGKILL');
  });
  await new Promise((resolve) => child.once('close', resolve));
  expect(child.signalCode).toBe('SIGKILL');
  return output.split('\n').slice(0, -1);
}

it('keeps every promised unit when the process is killed at any moment, and gives the file to the next one', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'hookring-crash-'));
  const path = join(folder, 'hookring.db');
  let store = await openSqliteStore({ path, mode: 'inline' });
  const { organization: owner, endpoint: one } = await populate(store, 1);
  await store.close();

  for (const linesMin of [50, 311, 777]) {
    const lines = await runAndKill([path, owner.id, one.id], linesMin);
    expect(lines.length).toBeGreaterThanOrEqual(linesMin);
    store = await openSqliteStore({ path, mode: 'inline' });
    const promised = new Map(lines.map((line) => [line.split(' ')[2] ?? '', line.split(' ')[0]]));
    for (const [id, said] of promised) {
      // Printed by the child, which made it.
      const shown = (await store.reader.delivery(owner.id, id as DeliveryId))?.shown;
      // A success whose promise was still open may have been committed; a lease of the dead run is void.
      if (said === 'succeeded') expect(shown).toBe('succeeded');
      else expect(['pending', 'succeeded']).toContain(shown);
    }
    await store.close();
  }
  rmSync(folder, { recursive: true });
});
