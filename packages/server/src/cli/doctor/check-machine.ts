import { readFileSync } from 'node:fs';
import { lookupThreads } from '../../config/thread-pool.ts';
import { IN_FLIGHT_MAX } from '../../domain/limits.ts';
import { type Finding, fail, warn, well } from './finding.ts';

const NODE_MAJOR_MIN = 24;
/** Nobody runs this before it was written. */
const CLOCK_MIN = Date.UTC(2026, 0, 1);
const MEBIBYTE = 1_048_576;
/** The files of the database, the log, and the requests that come in. */
const OTHER_FILES = 1_024;
const OPEN_FILES_LEAST = 512;
/** A server that drains a backlog uses up to 400 MiB. */
const MEMORY_BYTES_GOOD = 512 * MEBIBYTE;
const MEMORY_BYTES_LEAST = 256 * MEBIBYTE;
/** More than any machine has: no limit. */
const MEMORY_BYTES_UNLIMITED = 2 ** 50;
const LOOKUP_THREADS_USUAL = 3;

export function checkNode(version: string): Finding {
  if (Number(version.split('.')[0]) >= NODE_MAJOR_MIN) return well('node', `version ${version}`);
  return fail('node', `version ${version}`, `Install Node ${NODE_MAJOR_MIN} or newer.`);
}

export function checkClock(now: number): Finding {
  const shown = new Date(now).toISOString();
  if (now >= CLOCK_MIN) return well('clock', shown);
  return fail('clock', `it says ${shown}`, 'Set it: receivers refuse signatures whose time is wrong by minutes.');
}

/** Every request in flight has a connection, and every connection is an open file. */
export function checkOpenFiles(pid: number | 'self'): readonly Finding[] {
  const limit = openFilesMax(pid);
  if (limit === null) return [];
  const wanted = IN_FLIGHT_MAX + OTHER_FILES;
  const whose = pid === 'self' ? 'a server started here' : `process ${pid}`;
  const shown = limit === Number.POSITIVE_INFINITY ? 'any number of' : String(limit);
  const detail = `${whose} may open ${shown} files`;
  if (limit >= wanted) return [well('open files', detail)];
  const advice = `Allow ${wanted} or more: ulimit -n, or LimitNOFILE= of the systemd unit.`;
  const find = limit < OPEN_FILES_LEAST ? fail : warn;
  return [find('open files', `${detail}, and up to ${IN_FLIGHT_MAX} requests are in flight at once`, advice)];
}

/** Null where the system does not say. */
function openFilesMax(pid: number | 'self'): number | null {
  try {
    const line = /^Max open files\s+(\S+)/m.exec(readFileSync(`/proc/${pid}/limits`, 'utf8'))?.[1];
    if (line === undefined) return null;
    return line === 'unlimited' ? Number.POSITIVE_INFINITY : Number(line);
  } catch {
    return null;
  }
}

/** `limitBytes`: what the container allows; 0 or something vast: no limit. */
export function checkMemory(limitBytes: number): readonly Finding[] {
  if (!(limitBytes > 0) || limitBytes >= MEMORY_BYTES_UNLIMITED) return [];
  const detail = `this container has ${Math.floor(limitBytes / MEBIBYTE)} MiB`;
  if (limitBytes >= MEMORY_BYTES_GOOD) return [well('memory', detail)];
  const find = limitBytes < MEMORY_BYTES_LEAST ? fail : warn;
  return [
    find(
      'memory',
      `${detail}, and a server that drains a backlog uses up to 400`,
      'Give it 512 MiB: what is killed for want of memory sends again what was in flight.',
    ),
  ];
}

export function checkThreads(env: Readonly<Record<string, string | undefined>>): Finding {
  const lookups = lookupThreads(env);
  const detail = `${lookups} host names may be looked up at once`;
  if (lookups >= LOOKUP_THREADS_USUAL) return well('threads', detail);
  return warn(
    'threads',
    `UV_THREADPOOL_SIZE is ${env['UV_THREADPOOL_SIZE'] ?? ''}, so only ${detail}`,
    'Unset it, or set 16 or more: one slow name server then holds up no other receiver.',
  );
}

export type Lookup = (host: string) => Promise<unknown>;
const LOOKUP_MS_MAX = 5_000;

/** Names of receivers, which this machine must be able to find. */
export async function checkNames(hosts: readonly string[], lookup: Lookup): Promise<Finding> {
  if (hosts.length === 0) return well('names', 'no endpoint has a host name that would have to be looked up');
  const failed = (await Promise.all(hosts.map((host) => failureOf(host, lookup)))).filter((each) => each !== null);
  if (failed.length === 0) return well('names', `${hosts.length} of the receivers' host names found`);
  const detail = `not found: ${failed.join(', ')}`;
  if (failed.length < hosts.length) {
    return warn('names', detail, 'Ask the customers whether their endpoints are still there.');
  }
  return fail('names', `no host name can be looked up here, ${detail}`, 'See /etc/resolv.conf and the name servers.');
}

async function failureOf(host: string, lookup: Lookup): Promise<string | null> {
  const timeout = Promise.withResolvers<string>();
  const timer = setTimeout(() => timeout.resolve(`${host} (no answer in ${LOOKUP_MS_MAX / 1_000} s)`), LOOKUP_MS_MAX);
  try {
    const found = lookup(host).then(
      () => null,
      (error: unknown) => `${host} (${error instanceof Error && 'code' in error ? String(error.code) : 'failed'})`,
    );
    return await Promise.race([found, timeout.promise]);
  } finally {
    clearTimeout(timer);
  }
}
