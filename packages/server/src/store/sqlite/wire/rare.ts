import type { EndpointId } from '../../../domain/ids.ts';
import { changesOf } from '../../changes-of.ts';
import type {
  Applied,
  Change,
  Command,
  HousekeepingResult,
  HousekeepingStep,
  Pruned,
  PruneUnit,
  ResealUnit,
} from '../../port.ts';
import { UNIT, type UnitCodec } from './batch.ts';

/** Units that are too rare to be worth flat cells travel as JSON: they hold plain data only. */

/** The position of the command that did not fit, or this when all were applied. */
export const ALL_APPLIED = -1;

export type ApplyOutcome = {
  readonly applied: Applied;
  /** Told to listeners when the commands were applied. */
  readonly changes: readonly Change[];
};

export const applyCodec: UnitCodec<readonly Command[], ApplyOutcome> = {
  slabBytes: () => 0,

  encode(commands, { cells }) {
    cells.push(UNIT.apply, JSON.stringify(commands));
  },

  decode(commands, { cells }) {
    const conflict = cells.number();
    const wokenCount = cells.number();
    const woken: EndpointId[] = [];
    // The writer names endpoints that the commands named.
    for (let index = 0; index < wokenCount; index += 1) woken.push(cells.text() as EndpointId);
    const failed = commands[conflict];
    if (failed !== undefined) return { applied: { kind: 'conflict', command: failed.kind }, changes: [] };
    return { applied: { kind: 'applied' }, changes: changesOf(commands, woken) };
  },
};

export type HousekeepUnit = { readonly step: HousekeepingStep; readonly now: number };

export const housekeepCodec: UnitCodec<HousekeepUnit, HousekeepingResult> = {
  slabBytes: () => 0,

  encode(unit, { cells }) {
    cells.push(UNIT.housekeep, JSON.stringify(unit));
  },

  decode(_unit, { cells }) {
    return { changed: cells.number(), more: cells.number() === 1 };
  },
};

export type TimedPruneUnit = PruneUnit & { readonly now: number };

export const pruneCodec: UnitCodec<TimedPruneUnit, Pruned> = {
  slabBytes: () => 0,

  encode(unit, { cells }) {
    cells.push(UNIT.prune, JSON.stringify(unit));
  },

  decode(_unit, { cells }) {
    const removed = { events: cells.number(), deliveries: cells.number(), attempts: cells.number() };
    return { removed, after: cells.textOrNull(), more: cells.number() === 1 };
  },
};

export type ResealOutcome = { readonly changed: number; readonly changes: readonly Change[] };

export const resealCodec: UnitCodec<ResealUnit, ResealOutcome> = {
  slabBytes: () => 0,

  encode(unit, { cells }) {
    cells.push(UNIT.reseal, JSON.stringify(unit));
  },

  decode(unit, { cells }) {
    const owners = new Set(unit.secrets.map(({ owner }) => owner));
    return { changed: cells.number(), changes: [...owners].map((owner) => ({ kind: 'resealed', owner })) };
  },
};

export const pingCodec: UnitCodec<{ readonly now: number }, undefined> = {
  slabBytes: () => 0,

  encode(unit, { cells }) {
    cells.push(UNIT.ping, unit.now);
  },

  decode: () => undefined,
};
