import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** Why a test of a broken disk cannot run on this machine, for its name. */
export const CANNOT_LIMIT = runs('prlimit', ['--version']) ? null : 'prlimit is not installed here';
export const CANNOT_MOUNT = mountable() ? null : 'this user may not mount a disk';

/** From now on every write of the process past so many bytes of any file fails; null: none does. */
export function limitWrites(pid: number, bytes: number | null): void {
  execFileSync('/usr/bin/env', ['prlimit', '--pid', String(pid), `--fsize=${bytes ?? 'unlimited'}:`]);
}

export type SmallDisk = { readonly folder: string; remount(mode: 'ro' | 'rw'): void; remove(): void };

export function mountSmallDisk(mib: number): SmallDisk {
  const folder = mkdtempSync(path.join(tmpdir(), 'hookring-disk-'));
  mount(['-t', 'tmpfs', '-o', `size=${mib}m`, 'tmpfs', folder]);
  return {
    folder,
    remount: (mode) => mount(['-o', `remount,${mode}`, folder]),
    remove() {
      // Lazily, since a test that failed may have left files open.
      execFileSync('/usr/bin/env', ['umount', '-l', folder]);
      rmSync(folder, { recursive: true });
    },
  };
}

function mount(args: readonly string[]): void {
  execFileSync('/usr/bin/env', ['mount', ...args], { stdio: 'ignore' });
}

function mountable(): boolean {
  try {
    mountSmallDisk(1).remove();
    return true;
  } catch {
    return false;
  }
}

function runs(command: string, args: readonly string[]): boolean {
  try {
    execFileSync('/usr/bin/env', [command, ...args], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** A receiver that counts what arrives, and keeps answers to itself while it is held. */
export type HeldReceiver = {
  readonly url: string;
  /** Event id → how often it came. */
  readonly arrivals: ReadonlyMap<string, number>;
  hold(): void;
  /** Answers all that waited, and everything from now on, with 204. */
  letGo(): void;
  stop(): Promise<void>;
};

export async function startHeldReceiver(): Promise<HeldReceiver> {
  const arrivals = new Map<string, number>();
  const held: ServerResponse[] = [];
  let isHeld = false;
  const server: Server = createServer((request, response) => {
    const id = String(request.headers['webhook-id']);
    arrivals.set(id, (arrivals.get(id) ?? 0) + 1);
    request.resume().on('end', () => {
      if (isHeld) held.push(response);
      else response.writeHead(204).end();
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('a receiver without a port');
  return {
    url: `http://127.0.0.1:${address.port}/`,
    arrivals,
    hold() {
      isHeld = true;
    },
    letGo() {
      isHeld = false;
      for (const response of held.splice(0)) response.writeHead(204).end();
    },
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => {
        server.close(resolve);
      });
    },
  };
}
