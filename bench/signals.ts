const INTERRUPTED = 130;

/** An orderly end, in which the process takes its servers along: they are out of the reach of its terminal. */
export function endOnSignals(): void {
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(name, () => process.exit(INTERRUPTED));
}
