import { numberOrNull } from '../../cells.ts';
import type { Outcome, RecordResult, RecordUnit } from '../../port.ts';
import type { RunBatch, Settled } from '../group-commit.ts';
import { brokenBy, OpenBatch, splitNumbers } from './batches.ts';
import type { HotContext } from './context.ts';
import { RECORD, RecordBatch } from './record-batch.ts';
import { settledOf, takingApart } from './take-apart.ts';

/** Where the outcomes of a unit stand in their batch, counted from one, and how many of them others overrule. */
type Place = { readonly from: number; readonly to: number; readonly overruled: number };

/** A unit that was given up while nobody knew whether its batch was committed. */
type Open = { readonly batch: number; readonly place: Place };

const NO_PLACES: readonly number[] = [];
const NONE_LOST: RecordResult = { lostLeases: 0 };

/** Appends attempts and moves their deliveries on. */
export function createRecord(context: HotContext): RunBatch<RecordUnit, RecordResult> {
  const { batches, directory } = context;
  /** The engine comes with the same unit again, which must not be recorded twice. */
  const open = new WeakMap<RecordUnit, Open>();
  const spare: RecordBatch[] = [];

  async function load(units: readonly RecordUnit[]): Promise<void> {
    const unknown = new Set<string>();
    for (const { outcomes, health } of units) {
      for (const { attempt } of outcomes) {
        if (directory.endpoint(attempt.endpointId) === null) unknown.add(attempt.endpointId);
      }
      for (const { endpointId } of health) if (directory.endpoint(endpointId) === null) unknown.add(endpointId);
    }
    if (unknown.size > 0) await directory.load(unknown, new Set());
  }

  /** What units that come again were answered without anybody hearing of it; null for those that were not committed. */
  async function findAnswers(units: readonly RecordUnit[]): Promise<ReadonlyMap<RecordUnit, RecordResult>> {
    const answers = new Map<RecordUnit, RecordResult>();
    for (const unit of units) {
      const known = open.get(unit);
      if (known === undefined) continue;
      const left = await batches.settleSurely(known.batch);
      open.delete(unit);
      if (left !== null) answers.set(unit, resultOf(known.place, left.numbers));
    }
    return answers;
  }

  async function send(units: readonly RecordUnit[]): Promise<readonly RecordResult[]> {
    const batch = spare.pop() ?? new RecordBatch(directory);
    try {
      return await sendAs(batch, units);
    } finally {
      spare.push(batch);
    }
  }

  async function sendAs(batch: RecordBatch, units: readonly RecordUnit[]): Promise<readonly RecordResult[]> {
    const places = encode(units, batch);
    let lost: readonly number[];
    try {
      const values = batch.values(context.now());
      const sent = await batches.send({ statement: RECORD, values });
      if (sent.kind === 'recovered') lost = sent.left.numbers;
      else {
        const [row] = sent.rows;
        const busyAt = numberOrNull(row?.[1] ?? null);
        if (busyAt !== null) context.onBusy(busyAt);
        lost = row?.[0] === '' ? NO_PLACES : splitNumbers(row?.[0]);
      }
    } catch (error) {
      if (error instanceof OpenBatch) {
        for (const [at, unit] of units.entries()) {
          const place = places[at];
          if (place !== undefined) open.set(unit, { batch: error.batch, place });
        }
      }
      throw error;
    }
    return places.map((place) => resultOf(place, lost));
  }

  function encode(units: readonly RecordUnit[], batch: RecordBatch): readonly Place[] {
    batch.begin();
    const places: Place[] = [];
    let at = 0;
    try {
      for (const { outcomes, health, incarnation } of units) {
        const overruled = overruledOf(outcomes);
        for (const outcome of outcomes) {
          batch.addOutcome(overruled?.has(outcome) === true ? asUnchanged(outcome) : outcome, incarnation);
        }
        for (const change of health) batch.addHealth(change);
        places.push({ from: at + 1, to: at + outcomes.length, overruled: overruled?.size ?? 0 });
        at += outcomes.length;
      }
    } catch (error) {
      throw brokenBy(error);
    }
    return places;
  }

  async function commit(units: readonly RecordUnit[]): Promise<readonly RecordResult[]> {
    await load(units);
    const answers = await findAnswers(units);
    if (answers.size === 0) return await send(units);
    const rest = units.filter((unit) => !answers.has(unit));
    const results = rest.length === 0 ? [] : await send(rest);
    return units.map((unit) => answers.get(unit) ?? results[rest.indexOf(unit)] ?? { lostLeases: 0 });
  }

  return inTurns(takingApart(commit));
}

/** Units that decide about one delivery go one after the other: what the first does decides what the second may do. */
function inTurns(run: RunBatch<RecordUnit, RecordResult>): RunBatch<RecordUnit, RecordResult> {
  return async function runInTurns(units): Promise<readonly Settled<RecordResult>[]> {
    const end = togetherEnd(units);
    if (end === units.length) return await run(units);
    return [...(await settledOf(run, units.slice(0, end))), ...(await settledOf(runInTurns, units.slice(end)))];
  };
}

/** How many of the first units decide about each delivery in one of them at most. */
function togetherEnd(units: readonly RecordUnit[]): number {
  if (units.length === 1) return 1;
  const decidedBy = new Map<string, RecordUnit>();
  for (const [index, unit] of units.entries()) {
    for (const { attempt, next } of unit.outcomes) {
      if (next.kind === 'unchanged') continue;
      const other = decidedBy.get(attempt.deliveryId);
      if (other === undefined) decidedBy.set(attempt.deliveryId, unit);
      else if (other !== unit) return index;
    }
  }
  return units.length;
}

/**
 * Of several outcomes of one unit that decide about one delivery, the first counts, or the first success: a statement can
 * apply one. The others are attempts that change nothing. Null, usually: there are none.
 */
function overruledOf(outcomes: readonly Outcome[]): ReadonlySet<Outcome> | null {
  const deciding = new Map<string, Outcome>();
  let overruled: Set<Outcome> | null = null;
  for (const outcome of outcomes) {
    if (outcome.next.kind === 'unchanged') continue;
    const { deliveryId } = outcome.attempt;
    const before = deciding.get(deliveryId);
    if (before === undefined) {
      deciding.set(deliveryId, outcome);
      continue;
    }
    overruled ??= new Set();
    const isBetter = outcome.next.kind === 'succeeded' && before.next.kind !== 'succeeded';
    overruled.add(isBetter ? before : outcome);
    if (isBetter) deciding.set(deliveryId, outcome);
  }
  return overruled;
}

function asUnchanged({ attempt }: Outcome): Outcome {
  return { attempt, next: { kind: 'unchanged' } };
}

function resultOf({ from, to, overruled }: Place, lost: readonly number[]): RecordResult {
  if (lost.length === 0 && overruled === 0) return NONE_LOST;
  return { lostLeases: overruled + lost.filter((place) => place >= from && place <= to).length };
}
