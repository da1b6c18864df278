import { readFileSync } from 'node:fs';

/** Bytes that a process holds now (`VmRSS`), or the most that it has held (`VmHWM`); null where the system does not say. */
export function memoryOf(pid: number, figure: 'VmRSS' | 'VmHWM'): number | null {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    const kib = new RegExp(`^${figure}:\\s*(\\d+) kB`, 'm').exec(status)?.[1];
    return kib === undefined ? null : Number(kib) * 1_024;
  } catch {
    return null;
  }
}
