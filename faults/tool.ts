import { execFileSync } from 'node:child_process';

/** Runs a tool of the system; what it says is of no interest, what it fails with is. */
export function tool(command: string, ...words: readonly string[]): void {
  execFileSync('/usr/bin/env', [command, ...words], { stdio: ['ignore', 'ignore', 'pipe'] });
}
