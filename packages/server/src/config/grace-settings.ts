import type { Parsed } from './setting.ts';
import { parsed, problem } from './setting.ts';

type GraceSettings = { readonly graceSecondsMax: number; readonly graceSecondsDefault: number };

/**
 * The two settings together. A default that nobody chose gives way to a smaller maximum; a chosen one must not exceed it.
 * One that could not be read is a problem of its own, so nothing is said of it here.
 */
export function settleGrace(read: Partial<GraceSettings>, isDefaultUnset: boolean): Parsed<Partial<GraceSettings>> {
  const { graceSecondsMax, graceSecondsDefault } = read;
  if (graceSecondsMax === undefined || graceSecondsDefault === undefined) return parsed({});
  if (graceSecondsDefault <= graceSecondsMax) return parsed({});
  if (isDefaultUnset) return parsed({ graceSecondsDefault: graceSecondsMax });
  return problem(
    `HOOKRING_GRACE_SECONDS_DEFAULT is "${graceSecondsDefault}": it must not exceed HOOKRING_GRACE_SECONDS_MAX, which is ${graceSecondsMax}.`,
  );
}
