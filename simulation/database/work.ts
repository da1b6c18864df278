import type {
  AcceptResult,
  AcceptUnit,
  Claimed,
  ClaimUnit,
  Command,
  DueTaken,
  HousekeepingResult,
  Incarnation,
  Pruned,
  RecordResult,
  RecordUnit,
  ReleaseUnit,
  ResealUnit,
  TakeDueUnit,
} from '../../packages/server/src/store/port.ts';
import { acceptCodec } from '../../packages/server/src/store/sqlite/wire/accept.ts';
import type { AnswerReader, BatchEncoder } from '../../packages/server/src/store/sqlite/wire/batch.ts';
import { claimCodec, releaseCodec, takeDueCodec } from '../../packages/server/src/store/sqlite/wire/claim.ts';
import {
  type ApplyOutcome,
  applyCodec,
  type HousekeepUnit,
  housekeepCodec,
  pingCodec,
  pruneCodec,
  type ResealOutcome,
  resealCodec,
  type TimedPruneUnit,
} from '../../packages/server/src/store/sqlite/wire/rare.ts';
import { recordCodec } from '../../packages/server/src/store/sqlite/wire/record.ts';

type Job<Kind extends string, Unit, Result> = {
  readonly kind: Kind;
  readonly unit: Unit;
  /** The run that asked. */
  readonly incarnation: Incarnation;
  result: Result | null;
  error: Error | null;
};

/** A unit on its way to the database, with what became of it. */
export type Work =
  | Job<'accept', AcceptUnit, AcceptResult>
  | Job<'record', RecordUnit, RecordResult>
  | Job<'claim', ClaimUnit, Claimed>
  | Job<'takeDue', TakeDueUnit, DueTaken>
  | Job<'release', ReleaseUnit, 'released'>
  | (Job<'apply', readonly Command[], ApplyOutcome> & { readonly notAfter: number | null })
  | Job<'housekeep', HousekeepUnit, HousekeepingResult>
  | Job<'prune', TimedPruneUnit, Pruned>
  | Job<'reseal', ResealUnit, ResealOutcome>
  | Job<'ping', { readonly now: number }, 'pong'>;

export type WorkKind = Work['kind'];
export type WorkOf<Kind extends WorkKind> = Extract<Work, { readonly kind: Kind }>;
export type ResultOf<Kind extends WorkKind> = NonNullable<WorkOf<Kind>['result']>;

export function slabBytesOf(work: Work): number {
  if (work.kind === 'accept') return acceptCodec.slabBytes(work.unit);
  return work.kind === 'record' ? recordCodec.slabBytes(work.unit) : 0;
}

export function encodeWork(work: Work, out: BatchEncoder): void {
  switch (work.kind) {
    case 'accept':
      return acceptCodec.encode(work.unit, out);
    case 'record':
      return recordCodec.encode(work.unit, out);
    case 'claim':
      return claimCodec.encode(work.unit, out);
    case 'takeDue':
      return takeDueCodec.encode(work.unit, out);
    case 'release':
      return releaseCodec.encode(work.unit, out);
    case 'apply':
      return applyCodec.encode(work.unit, out);
    case 'housekeep':
      return housekeepCodec.encode(work.unit, out);
    case 'prune':
      return pruneCodec.encode(work.unit, out);
    case 'reseal':
      return resealCodec.encode(work.unit, out);
    case 'ping':
      return pingCodec.encode(work.unit, out);
  }
}

export function decodeWork(work: Work, answer: AnswerReader): void {
  switch (work.kind) {
    case 'accept':
      work.result = acceptCodec.decode(work.unit, answer);
      return;
    case 'record':
      work.result = recordCodec.decode(work.unit, answer);
      return;
    case 'claim':
      work.result = claimCodec.decode(work.unit, answer);
      return;
    case 'takeDue':
      work.result = takeDueCodec.decode(work.unit, answer);
      return;
    case 'release':
      work.result = 'released';
      return;
    case 'apply':
      work.result = applyCodec.decode(work.unit, answer);
      return;
    case 'housekeep':
      work.result = housekeepCodec.decode(work.unit, answer);
      return;
    case 'prune':
      work.result = pruneCodec.decode(work.unit, answer);
      return;
    case 'reseal':
      work.result = resealCodec.decode(work.unit, answer);
      return;
    case 'ping':
      work.result = 'pong';
      return;
  }
}
