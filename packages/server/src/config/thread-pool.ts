const THREADS_DEFAULT = 4;
const THREADS_MAX = 1_024;

/** How many names may be looked up at once: all threads of libuv's pool but one, which files and hashes share. */
export function lookupThreads(env: Readonly<Record<string, string | undefined>>): number {
  const size = Number(env['UV_THREADPOOL_SIZE'] ?? THREADS_DEFAULT);
  const threads = Number.isInteger(size) && size >= 1 ? Math.min(size, THREADS_MAX) : THREADS_DEFAULT;
  return Math.max(1, threads - 1);
}
