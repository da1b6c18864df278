import { readFileSync } from 'node:fs';

const KIB = 1_024;

/** The most memory that a process has held; 0 where the system does not say. */
export function peakBytes(pid: number): number {
  try {
    return Number(/^VmHWM:\s*(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) * KIB;
  } catch {
    return 0;
  }
}
