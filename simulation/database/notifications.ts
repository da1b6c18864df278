import type { Faults } from '../faults.ts';
import type { Agenda } from '../time/agenda.ts';
import type { SimulatedProcess } from '../time/process.ts';
import type { Work } from './work.ts';

export type NotifiedOf = 'changes' | 'due';

/** Somebody who listens to the database. */
export type Listening = { readonly process: SimulatedProcess; readonly notify: (what: NotifiedOf) => void };

/** Work that became due is told of no more often than this. */
const DUE_GAP_MS = 100;
const ON_THE_WAY_MS_MAX = 5;

/** What the database calls out when something was committed: quick, and never to be relied on. */
export class Notifications {
  readonly #agenda: Agenda;
  readonly #faults: Faults;
  readonly #listening = new Set<Listening>();
  #dueAt = Number.NEGATIVE_INFINITY;

  constructor(agenda: Agenda, faults: Faults) {
    this.#agenda = agenda;
    this.#faults = faults;
  }

  listen(listening: Listening): void {
    this.#listening.add(listening);
  }

  committed(works: readonly Work[]): void {
    if (this.#listening.size === 0) return;
    let changes = false;
    let due = false;
    for (const work of works) {
      if (work.kind === 'apply') changes ||= (work.result?.changes.length ?? 0) > 0;
      else if (work.kind === 'release') due = true;
      else if (work.kind === 'accept') {
        due ||= work.unit.events.some(({ deliveries }) => deliveries.some(({ leased }) => !leased));
      }
    }
    if (changes) this.#call('changes');
    if (!due || this.#agenda.now < this.#dueAt + DUE_GAP_MS) return;
    this.#dueAt = this.#agenda.now;
    this.#call('due');
  }

  #call(what: NotifiedOf): void {
    for (const listening of this.#listening) {
      const { process, notify } = listening;
      if (!process.alive) {
        this.#listening.delete(listening);
        continue;
      }
      const fault = this.#faults.next('notification');
      if (fault !== null) this.#faults.count(fault);
      else if (process.cutUntil <= this.#agenda.now) {
        process.later(process.random.below(ON_THE_WAY_MS_MAX), () => notify(what));
      }
    }
  }
}
