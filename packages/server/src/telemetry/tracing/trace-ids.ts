import { decodeUuid } from '../../domain/ids.ts';

/**
 * A trace is one event: its id is the UUIDv7 of the event's key. Every attempt, also one that another process makes days
 * later, finds its trace and its parent from the key alone, and nothing is stored for it.
 */
export type TraceIds = {
  /** 32 lower-case hex digits. */
  readonly traceId: string;
  /** Of the span that accepted the event, which is the root. */
  readonly acceptSpanId: string;
};

const UUID_CHARACTERS = 26;
const SPAN_ID_AT = 16;

export function traceIdsOf(eventKey: string): TraceIds {
  const traceId = uuidHex(eventKey);
  return { traceId, acceptSpanId: traceId.slice(SPAN_ID_AT) };
}

/** The last 64 bits of a UUIDv7: unique as a span's id, and never zero because of its variant. */
export function spanIdOf(id: string): string {
  return uuidHex(id).slice(SPAN_ID_AT);
}

/** Beside the span that accepted: the same with a variant that no UUID of ours has. */
export function commitSpanIdOf({ acceptSpanId }: TraceIds): string {
  return `${(Number.parseInt(acceptSpanId.charAt(0), 16) | 4).toString(16)}${acceptSpanId.slice(1)}`;
}

/** For spans of no event, and for the second acceptance of one. */
export function randomHex(random: () => number, digits: 16 | 32): string {
  let text = '';
  while (text.length < digits)
    text += Math.floor(random() * 0x1_0000_0000)
      .toString(16)
      .padStart(8, '0');
  // All zeros would be no id.
  return `${text.slice(1)}1`;
}

function uuidHex(id: string): string {
  const bytes = decodeUuid(id.slice(-UUID_CHARACTERS));
  if (bytes === null) throw new TypeError('not a TypeID');
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex');
}
