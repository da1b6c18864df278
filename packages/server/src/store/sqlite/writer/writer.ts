import type { DatabaseSync } from 'node:sqlite';
import type { ResealUnit } from '../../port.ts';
import { CellReader } from '../cells.ts';
import { primaryCode } from '../lock.ts';
import { ANSWERED, type Answer, type Batch, DEFECT, EMPTY_SLAB, UNIT } from '../wire/batch.ts';
import type { HousekeepUnit, TimedPruneUnit } from '../wire/rare.ts';
import { createAccept } from './accept.ts';
import { createApply } from './apply.ts';
import { createCheckpoint } from './checkpoint.ts';
import { createClaim } from './claim.ts';
import { AnswerBuilder, type WriteContext } from './context.ts';
import { Directory } from './directory.ts';
import { DueIndex } from './due-index.ts';
import { createHousekeeping } from './housekeeping.ts';
import { Leased } from './leased.ts';
import { createPruneEvents } from './prune-events.ts';
import { createRecord } from './record.ts';
import { createReseal } from './reseal.ts';
import { startRun } from './start-run.ts';

/** Results of SQLite after which nothing more of the transaction can be written: no memory, read-only, I/O, corrupt, full. */
const FATAL_CODES = new Set<number | null>([7, 8, 10, 11, 13]);

export type Writer = {
  readonly incarnation: number;
  /** Whose units they are is this run, unless another is named: a simulated database has several. */
  run(batch: Batch, incarnation?: number): Answer;
  /** Catches up with the log after it was copied beside the writer, so that the next commit begins it anew. */
  checkpoint(): void;
  close(): void;
};

/** The only code that writes: runs batches of units, one transaction each. SQL is by hand, prepared once, beside its use. */
export function createWriter(db: DatabaseSync, now: number): Writer {
  const directory = new Directory(db);
  const { incarnation, numbers } = startRun(db, now);
  const leased = new Leased();
  const context: WriteContext = { db, directory, due: new DueIndex(db), leased, numbers, incarnation };
  const runUnit = createRunUnit(context);
  const checkpoint = createCheckpoint(db);
  // Every batch begins and ends with these: they are not parsed each time.
  const begin = db.prepare('BEGIN IMMEDIATE');
  const end = db.prepare('COMMIT');

  function forget(): void {
    directory.forget();
    leased.forget();
  }

  function rollBack(): void {
    forget();
    if (db.isTransaction) db.exec('ROLLBACK');
  }

  /** Runs the units one after the other; each may throw. */
  function runPlainly(batch: Batch, answer: AnswerBuilder): void {
    const cells = new CellReader(batch.cells);
    for (const [index, start] of batch.starts.entries()) {
      cells.at = start;
      answer.begin();
      answer.cells.push(ANSWERED);
      runUnit(cells, batch.slab, batch.slabStarts[index] ?? 0, answer);
    }
  }

  /** The same after a unit threw: each behind a savepoint, so that a broken one takes nothing else with it. */
  function runCarefully(batch: Batch, answer: AnswerBuilder): void {
    const cells = new CellReader(batch.cells);
    for (const [index, start] of batch.starts.entries()) {
      cells.at = start;
      const answered = answer.begin();
      db.exec('SAVEPOINT unit');
      try {
        answer.cells.push(ANSWERED);
        runUnit(cells, batch.slab, batch.slabStarts[index] ?? 0, answer);
        db.exec('RELEASE unit');
      } catch (error) {
        if (FATAL_CODES.has(primaryCode(error))) throw error;
        db.exec('ROLLBACK TO unit; RELEASE unit');
        forget();
        answer.truncate(answered);
        answer.cells.push(DEFECT, messageOf(error));
      }
    }
  }

  function commit(batch: Batch, runAll: (batch: Batch, answer: AnswerBuilder) => void): Answer {
    const answer = new AnswerBuilder();
    begin.run();
    runAll(batch, answer);
    const slab = answer.slab();
    // The last that can throw: what is committed must be neither run again nor reported as failed.
    end.run();
    return { cells: answer.cells, starts: answer.starts, slab, failure: null, walFrames: null };
  }

  function commitOrFail(batch: Batch): Answer {
    try {
      try {
        return commit(batch, runPlainly);
      } catch (error) {
        rollBack();
        if (FATAL_CODES.has(primaryCode(error))) throw error;
        return commit(batch, runCarefully);
      }
    } catch (error) {
      rollBack();
      return { cells: [], starts: [], slab: EMPTY_SLAB, failure: messageOf(error), walFrames: null };
    }
  }

  return {
    incarnation,
    run(batch, as = incarnation) {
      context.incarnation = as;
      const answer = commitOrFail(batch);
      if (answer.failure === null) answer.walFrames = checkpoint.frames();
      checkpoint.runIfAsked();
      return answer;
    },
    checkpoint: () => checkpoint.run(),
    close: () => db.close(),
  };

  function createRunUnit(given: WriteContext) {
    const accept = createAccept(given);
    const record = createRecord(given);
    const { claim, takeDue, release } = createClaim(given);
    const apply = createApply(given);
    const housekeep = createHousekeeping(given);
    const reseal = createReseal(given);
    const prune = createPruneEvents(given);
    const seen = db.prepare('UPDATE nodes SET seen_at = ? WHERE incarnation = ?');

    return function run(cells: CellReader, slab: Uint8Array, slabAt: number, answer: AnswerBuilder): void {
      switch (cells.number()) {
        case UNIT.accept:
          return accept(cells, slab, slabAt, answer);
        case UNIT.record:
          return record(cells, slab, slabAt, answer);
        case UNIT.claim:
          return claim(cells, answer);
        case UNIT.takeDue:
          return takeDue(cells, answer);
        case UNIT.release:
          return release(cells);
        case UNIT.apply:
          return apply(cells, answer);
        case UNIT.housekeep: {
          // Written by the codec of this unit in this process, as below.
          const unit = JSON.parse(cells.text()) as HousekeepUnit;
          if (unit.step.kind === 'upkeep') checkpoint.ask();
          const { changed, more } = housekeep(unit);
          answer.cells.push(changed, more ? 1 : 0);
          return;
        }
        case UNIT.prune: {
          const { removed, after, more } = prune(JSON.parse(cells.text()) as TimedPruneUnit);
          answer.cells.push(removed.events, removed.deliveries, removed.attempts, after, more ? 1 : 0);
          return;
        }
        case UNIT.reseal: {
          answer.cells.push(reseal(JSON.parse(cells.text()) as ResealUnit));
          return;
        }
        case UNIT.ping:
          seen.run(cells.number(), given.incarnation);
          return;
        default:
          throw new Error('a unit of unknown kind');
      }
    };
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
