import type { Clock, Timers } from '../../domain/clock.ts';
import type { Database, Statement } from './database.ts';

export const DUE_CHANNEL = 'hookring_due';

/** Notifying takes a lock of the whole database at its commit: one of this node in so long. */
const GAP_MS = 100;

const NOTIFY: Statement = { name: 'announce_due', text: `SELECT pg_notify('${DUE_CHANNEL}', '')` };

/**
 * Tells all nodes that the store has due work which nobody answers for, at most once in GAP_MS however often it is asked.
 * What cannot be told is found by their polls.
 */
export class Announcer {
  readonly #db: Database;
  readonly #clock: Pick<Clock, 'monotonic'>;
  readonly #timers: Timers;
  #timer: { cancel(): void } | null = null;
  #lastAt = Number.NEGATIVE_INFINITY;
  #underway: Promise<void> | null = null;
  #stopped = false;

  constructor(tools: { readonly db: Database; readonly clock: Pick<Clock, 'monotonic'>; readonly timers: Timers }) {
    this.#db = tools.db;
    this.#clock = tools.clock;
    this.#timers = tools.timers;
  }

  announce(): void {
    if (this.#timer !== null || this.#stopped) return;
    const delayMs = Math.max(0, this.#lastAt + GAP_MS - this.#clock.monotonic());
    this.#timer = this.#timers.setTimeout(() => {
      this.#timer = null;
      this.#lastAt = this.#clock.monotonic();
      this.#underway = this.#notify();
    }, delayMs);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#timer?.cancel();
    await this.#underway;
  }

  async #notify(): Promise<void> {
    try {
      await this.#db.on('control').run(NOTIFY);
    } catch {
      // Every node looks for itself now and then.
    }
  }
}
