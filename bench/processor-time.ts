import { readdirSync, readFileSync } from 'node:fs';

/** Of `/proc/<pid>/stat`; the same on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;

/** Nanoseconds of each thread that lives: exact, for short measures of one process. Null where the system does not say. */
export function cpuMsOfThreads(pid: number): number | null {
  try {
    let ns = 0;
    for (const thread of readdirSync(`/proc/${pid}/task`)) {
      ns += Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0]);
    }
    return ns / 1e6;
  } catch {
    return null;
  }
}

/** Of a process with all threads that it ever had. Null where the system does not say. */
export function cpuMsOfProcess(pid: number): number | null {
  const found = statOf(pid);
  return found === null ? null : found.ownMs;
}

/**
 * Of a PostgreSQL server: its first process and those that it started, also the ones that ended meanwhile, whose time
 * the kernel adds to their parent's.
 */
export function cpuMsOfFamily(parent: number): number | null {
  const first = statOf(parent);
  if (first === null) return null;
  let ms = first.ownMs + first.endedChildrenMs;
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const child = statOf(Number(name));
    if (child?.parent === parent) ms += child.ownMs + child.endedChildrenMs;
  }
  return ms;
}

type Stat = { readonly parent: number; readonly ownMs: number; readonly endedChildrenMs: number };

function statOf(pid: number): Stat | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name of the program, in brackets, may hold anything.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    const ms = (index: number): number => (Number(fields[index]) * 1_000) / TICKS_PER_SECOND;
    return { parent: Number(fields[1]), ownMs: ms(11) + ms(12), endedChildrenMs: ms(13) + ms(14) };
  } catch {
    // No such process, or no such system.
    return null;
  }
}
