import type { StoreKind } from '../bed.ts';

/** What a soak does, and for how long. */
export type Plan = {
  readonly store: StoreKind;
  readonly nodes: number;
  readonly seconds: number;
  /** Events offered. */
  readonly perSecond: number;
  readonly customers: number;
  readonly sampleSeconds: number;
  /** Before that nothing is compared: code is compiled, caches fill. */
  readonly warmUpSeconds: number;
  /** Of what was there before the soak and is past retention. */
  readonly oldEventsPerDay: number;
  /** Of each rotation; the next one of that ring begins at about twice this. */
  readonly graceSeconds: number;
};

/** Shorter runs say nothing about growth: what a minute adds to a process is warm-up. */
export const TREND_SECONDS_MIN = 600;
const SAMPLE_SECONDS = 10;
const SAMPLES_MIN = 20;
const WARM_UP_SECONDS_MAX = 600;
const WARM_UP_RATIO = 1 / 6;
const OLD_EVENTS_PER_DAY_MAX = 100_000;
const OLD_EVENTS_PER_SECOND = 200;
const GRACE_SECONDS_MAX = 60;
const GRACE_RATIO = 1 / 8;

export function planOf(options: {
  readonly store: StoreKind;
  readonly nodes: number;
  readonly minutes: number;
  readonly perSecond: number;
  readonly customers: number;
}): Plan {
  const { minutes, ...rest } = options;
  const seconds = minutes * 60;
  return {
    ...rest,
    seconds,
    sampleSeconds: Math.min(SAMPLE_SECONDS, seconds / SAMPLES_MIN),
    warmUpSeconds: Math.min(WARM_UP_SECONDS_MAX, seconds * WARM_UP_RATIO),
    oldEventsPerDay: Math.min(OLD_EVENTS_PER_DAY_MAX, Math.ceil(seconds * OLD_EVENTS_PER_SECOND)),
    graceSeconds: Math.min(GRACE_SECONDS_MAX, Math.ceil(seconds * GRACE_RATIO)),
  };
}
