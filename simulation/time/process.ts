import type { Clock, Timers } from '../../packages/server/src/domain/clock.ts';
import type { CallFault, Faults } from '../faults.ts';
import type { Random } from '../random.ts';
import type { Agenda } from './agenda.ts';

/** A machine's wall clock, which stays as it was set when a process on it ends. */
export type Machine = { readonly index: number; wallAheadMs: number };

/** When the simulated world begins: 2030-01-01. */
export const WALL_START = Date.UTC(2030, 0, 1);
const LATE_MS_MAX = 4_000;

/**
 * One run of the program on a machine. It is running, held up for a while, or dead. What reaches it while it is held up
 * happens when that is over; what reaches it when it is dead never happens, and what it does then reaches nobody.
 */
export class SimulatedProcess implements Timers, Clock {
  readonly number: number;
  readonly machine: Machine;
  readonly random: Random;
  alive = true;
  heldUpUntil = 0;
  /** The network between it and the database is down. */
  cutUntil = 0;
  onCrash: () => void = () => {};
  readonly #agenda: Agenda;
  readonly #faults: Faults;

  constructor(parts: {
    readonly number: number;
    readonly machine: Machine;
    readonly agenda: Agenda;
    readonly faults: Faults;
    readonly random: Random;
  }) {
    this.number = parts.number;
    this.machine = parts.machine;
    this.random = parts.random;
    this.#agenda = parts.agenda;
    this.#faults = parts.faults;
  }

  readonly monotonic = (): number => this.#agenda.now;
  readonly now = (): number => WALL_START + this.#agenda.now + this.machine.wallAheadMs;

  /** Node fires no timer earlier than a millisecond from now. */
  readonly setTimeout = (callback: () => void, delayMs: number): { cancel(): void } => {
    let delay = Math.max(1, delayMs);
    const fault = this.#faults.next('timer');
    if (fault === 'timer late') {
      this.#faults.count(fault);
      delay += this.random.between(5, LATE_MS_MAX);
    }
    const timer = { callback: callback as (() => void) | null };
    const fire = (): void => {
      if (timer.callback === null) return;
      if (fault === 'crash before a timer') return this.#crash(fault);
      timer.callback();
      if (fault === 'crash after a timer') this.#crash(fault);
    };
    this.#agenda.after(delay, () => this.wake(fire));
    return {
      cancel() {
        timer.callback = null;
      },
    };
  };

  /** Something reaches the process: at once, when it is not held up any more, or never. */
  wake(run: () => void): void {
    if (!this.alive) return;
    if (this.#agenda.now < this.heldUpUntil) this.#agenda.at(this.heldUpUntil, () => this.wake(run));
    else run();
  }

  /** Something reaches it after a while. */
  later(delayMs: number, run: () => void): void {
    this.#agenda.after(delayMs, () => this.wake(run));
  }

  /** What would reach it within so long waits. */
  holdUp(forMs: number): void {
    this.heldUpUntil = Math.max(this.heldUpUntil, this.#agenda.now + forMs);
  }

  crash(): void {
    if (!this.alive) return;
    this.alive = false;
    this.onCrash();
  }

  #crash(fault: CallFault): void {
    this.#faults.count(fault);
    this.crash();
  }
}
