import type { ServerResponse } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { memoryOf } from '../../bench/process-memory.ts';
import type { Behaviour } from '../../packages/receiver/src/behaviour.ts';
import { play } from '../../packages/receiver/src/play.ts';
import type { Misbehaviour } from '../customer.ts';
import { type Fault, GIVEN_UP } from '../fault.ts';
import { once } from '../once.ts';

const HOSTILE_MS = 8_000;
/** The row's servers wait 2 s for an answer. */
const LATE_MS = 3_000;
const TRICKLE_MS = 1_000;
const HEADERS_EVERY_MS = 20;
const BOMB_BYTES = 512 * 1_024 * 1_024;
const MIB = 1_024 * 1_024;
/** What waits for the collector of garbage is bounded; a server that unpacked or kept what it is sent would go far past it. */
const GROWTH_BYTES_MAX = 640 * MIB;

/** Gzip files may have several members one after the other. */
const BOMB = once(() => {
  const member = gzipSync(Buffer.alloc(MIB));
  return Buffer.concat(Array.from({ length: BOMB_BYTES / MIB }, () => member));
});

const bombing: Misbehaviour = ({ response }) => {
  response.writeHead(500, { 'content-encoding': 'gzip', 'content-type': 'text/plain' }).end(BOMB());
};

const played =
  (behaviour: Behaviour): Misbehaviour =>
  ({ response, left }) =>
    void play(behaviour, response, left);

/** A head of which a byte comes each second never ends; nor does a body, behind a head that came at once. */
const trickling: Misbehaviour = ({ response, take, left }) => {
  if (Math.random() < 0.5) {
    void drip(response, 'HTTP/1.1 204 No Content\r\nx-slow: yes\r\n\r\n', left);
    return;
  }
  // The status decides once it is there, so this one counts as delivered.
  take();
  void play({ kind: 'trickle', chunks: 60, intervalMs: TRICKLE_MS }, response, left);
};

async function drip(response: ServerResponse, text: string, left: AbortSignal): Promise<void> {
  for (const character of text) {
    if (left.aborted) return;
    response.socket?.write(character);
    await pause(TRICKLE_MS, undefined, { signal: left }).catch(() => {});
  }
}

/** Small ones cost a parser most. What comes in a second is bounded, since this process has others to serve. */
const endlessHeaders: Misbehaviour = ({ response, left }) => {
  const { socket } = response;
  if (socket === null) return;
  const lines = 'a:b\r\n'.repeat(1_000);
  socket.write(`HTTP/1.1 200 OK\r\n${lines.repeat(12)}`);
  const timer = setInterval(() => {
    if (!socket.destroyed && !left.aborted) socket.write(lines);
    else clearInterval(timer);
  }, HEADERS_EVERY_MS);
};

/** It processes everything, and says so when nobody listens any more. */
const late: Misbehaviour = ({ response, take }) => {
  take();
  setTimeout(() => {
    if (!response.destroyed) response.writeHead(204).end();
  }, LATE_MS);
};

function hostile(name: string, does: string, how: Misbehaviour): Fault {
  return {
    name,
    breaks: `one receiver of five ${does}, for ${HOSTILE_MS / 1_000} s`,
    stores: ['sqlite', 'postgres'],
    duplicatesMax: GIVEN_UP,
    run: async (scene) => {
      const account = await scene.addHostile();
      await scene.hold(1_000);
      const peaks = (): readonly number[] => scene.nodes.map(({ pid }) => memoryOf(pid, 'VmHWM') ?? 0);
      const before = peaks();
      scene.strike();
      account.customer.misbehave(how);
      await scene.hold(HOSTILE_MS);
      account.customer.misbehave(null);
      scene.heal();
      const growth = Math.max(0, ...peaks().map((bytes, index) => bytes - (before[index] ?? 0)));
      scene.notes.push(`memory + ${Math.round(growth / MIB)} MiB`);
      if (growth > GROWTH_BYTES_MAX) scene.violations.push(`memory grew by ${Math.round(growth / MIB)} MiB`);
      const p99 = scene.latencyMs(0.99, (other) => other !== account);
      scene.notes.push(
        `others p99 ${Math.round(p99)} ms (this process stood still for ${Math.round(scene.stalledMs)} ms)`,
      );
    },
  };
}

export const HOSTILE: readonly Fault[] = [
  hostile('hang', 'reads and never answers', played({ kind: 'hang' })),
  hostile('trickle', 'sends a byte of its answer each second', trickling),
  hostile('endless-headers', 'sends headers without an end', endlessHeaders),
  hostile('gzip-bomb', 'answers 500 with half a megabyte of gzip that is half a gigabyte', bombing),
  hostile('reset', 'resets every connection', played({ kind: 'reset' })),
  hostile('late', 'answers after the deadline', late),
];
