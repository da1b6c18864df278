import { GroupCommit } from '../../packages/server/src/store/sqlite/group-commit.ts';
import {
  ANSWERED,
  type Answer,
  EMPTY_SLAB,
  type UnitCodec,
} from '../../packages/server/src/store/sqlite/wire/batch.ts';
import type { Agenda } from '../time/agenda.ts';
import type { SimulatedProcess } from '../time/process.ts';
import { STEP, type Trace } from '../trace.ts';
import type { DatabaseLine, Fate } from './database-line.ts';
import type { SharedDatabase } from './shared-database.ts';
import type { ResultOf, Work, WorkKind, WorkOf } from './work.ts';

export type ConnectionParts = {
  readonly process: SimulatedProcess;
  readonly agenda: Agenda;
  readonly database: SharedDatabase;
  readonly line: DatabaseLine;
  readonly trace: Trace;
  /** What is under way when the process dies dies with it: the database is a part of it. */
  readonly isEmbedded: boolean;
  /** Before the promises of the works resolve. */
  readonly onAnswered: (works: readonly Work[]) => void;
  /** These were done, and whoever asked is told that they failed. */
  readonly onDoubt: (works: readonly Work[]) => void;
};

const FAILED: Answer = { cells: [], starts: [], slab: EMPTY_SLAB, failure: 'as the simulation will', walFrames: null };
const answers: Answer[] = [];

/** Says of so many units that they were answered: what the answer is stands in the work itself. */
function answerOf(count: number): Answer {
  return (answers[count] ??= {
    cells: Array.from({ length: count }, () => ANSWERED),
    starts: Array.from({ length: count }, (_, index) => index),
    slab: EMPTY_SLAB,
    failure: null,
    walFrames: null,
  });
}

/**
 * One connection of a process: the group commit of the product, whose batches travel to the database and back over a
 * line that may be slow or fail. They keep their order.
 */
export class Connection {
  readonly #parts: ConnectionParts;
  readonly #commits: GroupCommit;
  #taken: Work[] = [];
  #commitAt = 0;
  #answerAt = 0;
  #answered: (answer: Answer) => void = () => {};
  /** Resolves each work with its own result, whatever kind it is. */
  readonly #codec: UnitCodec<Work, Work['result']> = {
    slabBytes: () => 0,
    encode: (work) => void this.#taken.push(work),
    decode(work) {
      if (work.error !== null) throw work.error;
      return work.result;
    },
  };

  constructor(parts: ConnectionParts) {
    this.#parts = parts;
    const { process } = parts;
    const link = {
      incarnation: 0,
      post: () => this.#post(),
      onAnswer: (listener: (answer: Answer) => void) => void (this.#answered = listener),
      onGone() {},
      checkpoint() {},
      async close() {},
    };
    // After everything else of this millisecond, as after a turn of the event loop.
    const defer = (callback: () => void): void => process.later(0, callback);
    this.#commits = new GroupCommit(link, defer, { monotonic: process.monotonic, committed() {} });
  }

  get units(): number {
    return this.#commits.units;
  }

  get bytes(): number {
    return this.#commits.bytes;
  }

  submit<Kind extends WorkKind>(work: WorkOf<Kind>, bytes: number): Promise<ResultOf<Kind>> {
    // The result of a work is of its own kind.
    return this.#commits.submit(this.#codec, work, bytes) as Promise<ResultOf<Kind>>;
  }

  async drain(): Promise<void> {
    await this.#commits.drain();
  }

  #post(): void {
    const works = this.#taken;
    this.#taken = [];
    const { agenda, line } = this.#parts;
    const fate = line.fateOfWrite();
    if (fate === null) return;
    this.#commitAt = Math.max(this.#commitAt, agenda.now + fate.requestMs);
    agenda.at(this.#commitAt, () => {
      if (!fate.arrives || line.isDiskFull) this.#answer(works, fate.answerMs, 'failed');
      else this.#commit(works, fate);
    });
  }

  #commit(works: readonly Work[], { answerMs, isAnswerLost, crashes }: Fate): void {
    const { process, agenda, database, trace, isEmbedded } = this.#parts;
    if (isEmbedded && !process.alive) return;
    const first = works[0];
    if (first === undefined) return;
    trace.add(agenda.now, STEP.commit, process.number, works.length, 0, first.kind);
    // A run that was replaced while these gathered leaves works of two runs in one batch.
    for (let from = 0; from < works.length; ) {
      const { incarnation } = works[from] ?? first;
      let to = from + 1;
      while (to < works.length && works[to]?.incarnation === incarnation) to += 1;
      database.commit(from === 0 && to === works.length ? works : works.slice(from, to), incarnation);
      from = to;
    }
    if (crashes) process.crash();
    else this.#answer(works, answerMs, isAnswerLost ? 'lost' : 'done');
  }

  #answer(works: readonly Work[], answerMs: number, end: 'done' | 'failed' | 'lost'): void {
    const { process, agenda, line } = this.#parts;
    this.#answerAt = Math.max(this.#answerAt, agenda.now + answerMs + line.holdUpOfAnswer());
    agenda.at(this.#answerAt, () => {
      process.wake(() => {
        if (end === 'lost') this.#parts.onDoubt(works);
        if (end === 'done') this.#parts.onAnswered(works);
        this.#answered(end === 'done' ? answerOf(works.length) : FAILED);
      });
    });
  }
}
