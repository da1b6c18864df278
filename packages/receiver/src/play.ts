import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import type { Behaviour } from './behaviour.ts';

const CHUNK_BYTES = 64 * 1024;
const ENDLESS_BYTES_MAX = 1024 * 1024 * 1024;
const BOMB_MEMBER_BYTES = 1024 * 1024;
const HALF_BODY_BYTES = 1_024;

/** Plays one behaviour until it is done or `signal` says that the sender went away or the receiver stops. */
export async function play(behaviour: Behaviour, response: ServerResponse, signal: AbortSignal): Promise<void> {
  try {
    await perform(behaviour, response, signal);
  } catch (error) {
    // A pause or a wait that the end of the connection cut short is how most of these end.
    if (!signal.aborted) throw error;
  }
}

async function perform(behaviour: Behaviour, response: ServerResponse, signal: AbortSignal): Promise<void> {
  const { socket } = response;
  switch (behaviour.kind) {
    case 'respond':
      if (behaviour.delayMs !== undefined) await pause(behaviour.delayMs, undefined, { signal });
      answer(behaviour, response);
      return;
    case 'hang':
      return;
    case 'trickle':
      response.writeHead(behaviour.status ?? 200);
      response.flushHeaders();
      for (let index = 0; index < behaviour.chunks; index += 1) {
        await pause(behaviour.intervalMs, undefined, { signal });
        response.write(behaviour.chunk ?? '.');
      }
      response.end();
      return;
    case 'reset':
      socket?.resetAndDestroy();
      return;
    case 'closeMidBody': {
      const bytes = behaviour.bytes ?? HALF_BODY_BYTES;
      response.writeHead(behaviour.status ?? 200, { 'content-length': String(2 * bytes) });
      response.write(Buffer.alloc(bytes, 'x'), () => socket?.destroy());
      return;
    }
    case 'endless':
      await sendEndlessly(behaviour.status ?? 200, response, signal);
      return;
    case 'gzipBomb':
      response.writeHead(behaviour.status ?? 200, { 'content-encoding': 'gzip', 'content-type': 'text/plain' });
      response.end(gzipBomb(behaviour.bytes));
      return;
    case 'garbage':
      socket?.end('This is not HTTP.\r\n\r\n');
      return;
  }
}

function answer(behaviour: Extract<Behaviour, { kind: 'respond' }>, response: ServerResponse): void {
  const headers: Record<string, string | string[]> = {};
  for (const [name, value] of Object.entries(behaviour.headers ?? {})) {
    headers[name] = typeof value === 'string' ? value : [...value];
  }
  response.writeHead(behaviour.status ?? 200, headers);
  response.end(behaviour.body);
}

async function sendEndlessly(status: number, response: ServerResponse, signal: AbortSignal): Promise<void> {
  response.writeHead(status, { 'content-type': 'application/octet-stream' });
  const chunk = Buffer.alloc(CHUNK_BYTES, 'x');
  for (let sent = 0; sent < ENDLESS_BYTES_MAX; sent += chunk.length) {
    if (!response.write(chunk)) await once(response, 'drain', { signal });
  }
  response.destroy();
}

/** A gzip file may have several members one after the other, so one small member is repeated. */
function gzipBomb(bytes: number): Buffer {
  const member = gzipSync(Buffer.alloc(Math.min(bytes, BOMB_MEMBER_BYTES)));
  return Buffer.concat(Array.from({ length: Math.ceil(bytes / BOMB_MEMBER_BYTES) }, () => member));
}
