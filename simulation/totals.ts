import { createHash } from 'node:crypto';
import type { ChapterResult } from './chapter.ts';
import { FAULT_KINDS, type FaultKind } from './faults.ts';
import type { Invariant } from './model/violation.ts';

/** All chapters of a run together. */
export type Totals = {
  readonly seed: number;
  readonly chapters: number;
  readonly events: number;
  readonly deliveries: number;
  readonly requests: number;
  readonly attempts: number;
  readonly succeeded: number;
  readonly dead: number;
  readonly cancelled: number;
  readonly resent: number;
  readonly rotations: number;
  readonly verified: number;
  readonly crashes: number;
  /** Deliveries that were taken over from nodes that were silent for too long. */
  readonly takenOver: number;
  readonly faults: Readonly<Record<FaultKind, number>>;
  readonly faultsInAll: number;
  readonly duplicates: Readonly<Record<string, number>>;
  readonly checks: Readonly<Record<Invariant, number>>;
  readonly checksInAll: number;
  readonly longestWaitMs: number;
  readonly virtualSeconds: number;
  readonly steps: number;
  readonly violations: number;
  /** Of the traces of all chapters: the same for the same seed. */
  readonly traceHash: string;
};

/** Adds chapters up as they end. */
export class Tally {
  readonly #seed: number;
  readonly #hash = createHash('sha256');
  readonly #sums = new Map<string, number>();
  readonly #faults = new Map<FaultKind, number>();
  readonly #duplicates = new Map<string, number>();
  readonly #checks = new Map<string, number>();
  #longestWaitMs = 0;

  constructor(seed: number) {
    this.#seed = seed;
  }

  add({ totals, faults, duplicates, checks, crashes, reaped, virtualMs, steps, hash, failure }: ChapterResult): void {
    for (const [name, count] of Object.entries(totals)) increase(this.#sums, name, count);
    for (const [kind, count] of faults) increase(this.#faults, kind, count);
    for (const [reason, count] of duplicates) increase(this.#duplicates, reason, count);
    for (const [invariant, count] of Object.entries(checks)) increase(this.#checks, invariant, count);
    const more = { chapters: 1, crashes, reaped, virtualMs, steps, violations: failure === null ? 0 : 1 };
    for (const [name, count] of Object.entries(more)) increase(this.#sums, name, count);
    this.#longestWaitMs = Math.max(this.#longestWaitMs, totals.longestWaitMs);
    this.#hash.update(hash);
  }

  get deliveries(): number {
    return this.#sums.get('deliveries') ?? 0;
  }

  get faults(): number {
    return sum(this.#faults);
  }

  totals(): Totals {
    const of = (name: string): number => this.#sums.get(name) ?? 0;
    const faults = FAULT_KINDS.map((kind) => [kind, this.#faults.get(kind) ?? 0] as const);
    return {
      seed: this.#seed,
      chapters: of('chapters'),
      events: of('events'),
      deliveries: of('deliveries'),
      requests: of('requests'),
      attempts: of('attempts') + of('attemptsAfterEnd'),
      succeeded: of('succeeded'),
      dead: of('dead'),
      cancelled: of('cancelled'),
      resent: of('resent'),
      rotations: of('rotations'),
      verified: of('verified'),
      crashes: of('crashes'),
      takenOver: of('reaped'),
      faults: Object.fromEntries(faults) as Totals['faults'], // One entry for each kind.
      faultsInAll: this.faults,
      duplicates: Object.fromEntries([...this.#duplicates].sort(([, a], [, b]) => b - a)),
      checks: Object.fromEntries(this.#checks) as Totals['checks'], // One entry for each invariant.
      checksInAll: sum(this.#checks),
      longestWaitMs: this.#longestWaitMs,
      virtualSeconds: Math.round(of('virtualMs') / 1_000),
      steps: of('steps'),
      violations: of('violations'),
      traceHash: this.#hash.copy().digest('hex'),
    };
  }
}

function increase<Key>(counts: Map<Key, number>, key: Key, by: number): void {
  counts.set(key, (counts.get(key) ?? 0) + by);
}

function sum(counts: ReadonlyMap<unknown, number>): number {
  let all = 0;
  for (const count of counts.values()) all += count;
  return all;
}
