/** Servers of tests and measures have process groups of their own, which a terminal's Ctrl-C does not reach. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const TESTBED = fileURLToPath(new URL('../testbed/server-process.ts', import.meta.url));

it('a server ends with the program that started it, and its folder goes', async () => {
  const program = `
    const { startServer } = await import(${JSON.stringify(TESTBED)});
    const { url, folder, pid } = await startServer();
    console.log(JSON.stringify({ url, folder, pid }));
    process.exit(3);`;
  const args = ['--input-type=module', '--eval', program];
  const out = await new Promise<string>((resolve) => {
    execFile(process.execPath, args, (_error, text) => resolve(text));
  });
  const { url, folder, pid } = JSON.parse(out) as { url: string; folder: string; pid: number };
  const isListening = await fetch(`${url}/healthz`).then(
    () => true,
    () => false,
  );
  if (isListening) process.kill(-pid, 'SIGKILL');
  expect([isListening, existsSync(folder)]).toEqual([false, false]);
});
