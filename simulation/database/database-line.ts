import { StoreUnavailable } from '../../packages/server/src/store/port.ts';
import type { CallFault, Faults } from '../faults.ts';
import type { Agenda } from '../time/agenda.ts';
import type { SimulatedProcess } from '../time/process.ts';

/** What the database's machine suffers, whoever asks. */
export type DatabaseWeather = { diskFullUntil: number };

/** A process tries a statement again for so long before it gives it up. */
export const GIVE_UP_MS = 10_000;
const SLOW_MS_MAX = 3_000;

export type LineParts = {
  readonly process: SimulatedProcess;
  readonly agenda: Agenda;
  readonly faults: Faults;
  readonly weather: DatabaseWeather;
  /** Of one way, at most, when nothing is wrong. */
  readonly latencyMsMax: number;
  /** The database lives and dies with the process. */
  readonly isEmbedded: boolean;
};

/** How a statement fares on its way. */
export type Fate = {
  /** It reaches the database; else it fails when it would have. */
  readonly arrives: boolean;
  readonly requestMs: number;
  readonly answerMs: number;
  /** It was done, and the process never learns of it. */
  readonly isAnswerLost: boolean;
  /** The process dies at the moment when it is done. */
  readonly crashes: boolean;
};

const FAILS: Fate = { arrives: false, requestMs: 0, answerMs: 0, isAnswerLost: false, crashes: false };
const AFTER: CallFault = 'crash after a call to the store took effect';
/** A database in the process's own file cannot lose an answer. */
const NOT_OF_FILES: ReadonlySet<CallFault> = new Set<CallFault>([
  "store's answer late after its commit",
  "store's answer lost after its commit",
]);

/** The way from one process to the database and back. */
export class DatabaseLine {
  readonly #parts: LineParts;

  constructor(parts: LineParts) {
    this.#parts = parts;
  }

  get isDiskFull(): boolean {
    return this.#parts.weather.diskFullUntil > this.#parts.agenda.now;
  }

  /** Null: the process died instead. */
  fateOfWrite(): Fate | null {
    const { process, faults, isEmbedded } = this.#parts;
    const fault = faults.next('store');
    if (fault !== null && (!isEmbedded || !NOT_OF_FILES.has(fault))) faults.count(fault);
    if (fault === 'crash before a call to the store') {
      process.crash();
      return null;
    }
    const waitMs = this.#cutMs();
    if (waitMs >= GIVE_UP_MS) return { ...FAILS, requestMs: GIVE_UP_MS };
    let requestMs = waitMs + this.#wayMs();
    let answerMs = this.#wayMs();
    switch (fault) {
      case 'store refused':
        return { ...FAILS, requestMs, answerMs };
      case 'store slow':
        if (process.random.chance(0.5)) requestMs += this.#slowMs();
        else answerMs += this.#slowMs();
        break;
      case "store's answer late after its commit":
        if (!isEmbedded) answerMs += process.random.between(100, GIVE_UP_MS);
        break;
      case "store's answer lost after its commit":
        if (!isEmbedded) answerMs = process.random.between(500, GIVE_UP_MS);
        break;
      default:
        break;
    }
    const isAnswerLost = !isEmbedded && fault === "store's answer lost after its commit";
    return { arrives: true, requestMs, answerMs, isAnswerLost, crashes: fault === AFTER };
  }

  /** Milliseconds more that an answer takes which would arrive now. */
  holdUpOfAnswer(): number {
    return this.#cutMs();
  }

  /** Asks for something that changes nothing, or that may be lost: looked at when the question arrives. */
  async ask<T>(look: () => T): Promise<T> {
    const { process, agenda, faults } = this.#parts;
    const waitMs = this.#cutMs();
    const fault = faults.next('read');
    if (fault !== null) faults.count(fault);
    const refused = waitMs >= GIVE_UP_MS || fault === 'read refused';
    let requestMs = Math.min(waitMs, GIVE_UP_MS) + this.#wayMs();
    let answerMs = this.#wayMs();
    if (fault === 'read slow') {
      if (process.random.chance(0.5)) requestMs += this.#slowMs();
      else answerMs += this.#slowMs();
    }
    return await new Promise<T>((resolve, reject) => {
      agenda.after(requestMs, () => {
        if (refused) {
          process.wake(() => reject(new StoreUnavailable('commit_failed')));
          return;
        }
        let found: T;
        try {
          found = look();
        } catch (error) {
          process.wake(() => reject(error instanceof Error ? error : new Error(String(error))));
          return;
        }
        process.later(answerMs + this.#cutMs(), () => resolve(found));
      });
    });
  }

  #cutMs(): number {
    return Math.max(0, this.#parts.process.cutUntil - this.#parts.agenda.now);
  }

  #wayMs(): number {
    return this.#parts.process.random.below(this.#parts.latencyMsMax + 1);
  }

  #slowMs(): number {
    return this.#parts.process.random.between(50, SLOW_MS_MAX);
  }
}
