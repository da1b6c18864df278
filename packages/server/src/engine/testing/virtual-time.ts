import type { Clock, Timers } from '../../domain/clock.ts';

type Timer = { readonly at: number; readonly order: number; readonly callback: () => void; cancelled: boolean };

/** A clock that stands still until it is told to move, and timers that obey it. */
export class VirtualTime implements Clock, Timers {
  #now: number;
  #wallAheadMs = 0;
  #order = 0;
  #timers: Timer[] = [];

  constructor(startAt: number) {
    this.#now = startAt;
  }

  // Whoever is given a clock may take its functions apart from it.
  readonly now = (): number => this.#now + this.#wallAheadMs;
  readonly monotonic = (): number => this.#now;

  readonly setTimeout = (callback: () => void, delayMs: number): { cancel(): void } => {
    const timer: Timer = { at: this.#now + Math.max(0, delayMs), order: this.#order, callback, cancelled: false };
    this.#order += 1;
    this.#timers.push(timer);
    return {
      cancel() {
        timer.cancelled = true;
      },
    };
  };

  /** Moves on, timer by timer, letting everything else happen in between. */
  async advance(durationMs: number): Promise<void> {
    const end = this.#now + durationMs;
    await settle();
    for (let next = this.#earliest(end); next !== null; next = this.#earliest(end)) {
      this.#now = Math.max(this.#now, next);
      this.#fireDue();
      await settle();
    }
    this.#now = end;
    await settle();
  }

  /** Jumps as a machine that slept does: timers that fell due meanwhile fire once, late. */
  async leap(durationMs: number): Promise<void> {
    await settle();
    this.#now += durationMs;
    this.#fireDue();
    await this.advance(20);
  }

  /** Sets the wall clock forward or back; the monotonic one and the timers know nothing of it. */
  stepWall(byMs: number): void {
    this.#wallAheadMs += byMs;
  }

  /** Forgets every timer, as the end of a process does. */
  forget(): void {
    this.#timers = [];
  }

  get pending(): number {
    return this.#timers.filter((timer) => !timer.cancelled).length;
  }

  #earliest(end: number): number | null {
    let earliest: number | null = null;
    for (const { at, cancelled } of this.#timers) {
      if (!cancelled && at <= end && (earliest === null || at < earliest)) earliest = at;
    }
    return earliest;
  }

  #fireDue(): void {
    const due = this.#timers.filter((timer) => timer.at <= this.#now);
    this.#timers = this.#timers.filter((timer) => timer.at > this.#now);
    due.sort((a, b) => a.at - b.at || a.order - b.order);
    for (const timer of due) if (!timer.cancelled) timer.callback();
  }
}

/** Lets promises and what they start come to rest. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 3; turn += 1) await new Promise<void>((resolve) => setImmediate(resolve));
}
