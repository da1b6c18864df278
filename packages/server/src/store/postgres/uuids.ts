import { decodeUuid, type IdByPrefix, type IdPrefix, idFromUuid } from '../../domain/ids.ts';
import { text } from '../cells.ts';

/** Below and above every id that is made of a time. */
export const UUID_MIN = '00000000-0000-0000-0000-000000000000';
export const UUID_MAX = 'ffffffff-ffff-ffff-ffff-ffffffffffff';

const TIME_MAX = 2 ** 48 - 1;
const TIME_HEX_LENGTH = 12;
const UUID_HEX_LENGTH = 32;

/** As PostgreSQL writes it; null when the text is no id of ours, so that nothing can have it. */
export function uuidTextOf(id: string): string | null {
  const bytes = decodeUuid(id.slice(id.lastIndexOf('_') + 1));
  return bytes === null ? null : hyphenated(Buffer.from(bytes).toString('hex'));
}

export function idOf<P extends IdPrefix>(prefix: P, uuid: unknown): IdByPrefix[P] {
  return idFromUuid(prefix, Buffer.from(text(uuid).replaceAll('-', ''), 'hex'));
}

export function idOrNullOf<P extends IdPrefix>(prefix: P, uuid: unknown): IdByPrefix[P] | null {
  return uuid === null ? null : idOf(prefix, uuid);
}

/** The smallest id that can have been made at a time. */
export function uuidAt(ms: number): string {
  const time = Math.min(Math.max(0, Math.floor(ms)), TIME_MAX);
  return hyphenated(time.toString(16).padStart(TIME_HEX_LENGTH, '0').padEnd(UUID_HEX_LENGTH, '0'));
}

/** Milliseconds since the epoch at which an id was made. */
export function timeOfUuid(uuid: string): number {
  return Number.parseInt(uuid.replaceAll('-', '').slice(0, TIME_HEX_LENGTH), 16);
}

/**
 * What follows from something is made after it, on another node perhaps, whose clock is a little behind, and whose ids
 * run ahead when many are made in a millisecond.
 */
const MADE_EARLIER_MS_MAX = 600_000;

/** From here on lie the ids of whatever follows from that id: where a search need not begin earlier. */
export function uuidsSince(uuid: string): string {
  return uuidAt(timeOfUuid(uuid) - MADE_EARLIER_MS_MAX);
}

function hyphenated(hex: string): string {
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
