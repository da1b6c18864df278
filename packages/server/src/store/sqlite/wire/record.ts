import type { Outcome, RecordResult, RecordUnit } from '../../port.ts';
import { UNIT, type UnitCodec } from './batch.ts';

export const NEXT = { succeeded: 0, retry: 1, dead: 2, cancelled: 3, unchanged: 4 } as const;
/** Length of an excerpt that is null. */
export const NO_BYTES = -1;

export const recordCodec: UnitCodec<RecordUnit, RecordResult> = {
  slabBytes(unit) {
    let sum = 0;
    for (const { attempt } of unit.outcomes) sum += attempt.responseExcerpt?.length ?? 0;
    return sum;
  },

  encode(unit, out) {
    const { cells } = out;
    cells.push(UNIT.record, unit.incarnation, unit.outcomes.length, unit.health.length);
    for (const { attempt, next } of unit.outcomes) {
      const { phases, responseHeaders, responseExcerpt } = attempt;
      cells.push(
        NEXT[next.kind],
        timeOf(next),
        next.kind === 'dead' ? next.reason : null,
        attempt.id,
        attempt.deliveryId,
        attempt.endpointId,
        attempt.number,
        attempt.startedAt,
        attempt.responseStatus,
        attempt.errorKind,
        attempt.errorDetail,
        phases.dnsMs,
        phases.connectMs,
        phases.tlsMs,
        phases.firstByteMs,
        phases.totalMs,
        attempt.ringVersion,
        attempt.keyIds,
        responseHeaders === null ? null : JSON.stringify(responseHeaders),
        responseExcerpt === null ? NO_BYTES : responseExcerpt.length,
      );
      if (responseExcerpt !== null) out.putBytes(responseExcerpt);
    }
    for (const change of unit.health) {
      cells.push(change.endpointId, change.successAt, change.failureAt, change.failures, change.firstFailureAt);
    }
  },

  decode(_unit, { cells }) {
    return { lostLeases: cells.number() };
  },
};

function timeOf(next: Outcome['next']): number {
  if (next.kind === 'unchanged') return 0;
  return next.kind === 'retry' ? next.dueAt : next.at;
}
