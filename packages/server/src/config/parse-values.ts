import { RETRIES_MAX, RETRY_DELAY_SECONDS_MAX } from '../domain/limits.ts';
import { decimalNumber, parts } from './parse.ts';
import type { Parsed } from './setting.ts';
import { parsed, problem } from './setting.ts';

const MASTER_KEY_BYTES = 32;
const MASTER_KEYS_MAX = 16;
const BOOTSTRAP_KEY_LENGTH_MIN = 32;
const BOOTSTRAP_KEY_LENGTH_MAX = 512;
const RATE_LIMIT_REQUESTS_MAX = 1_000_000_000;
const WINDOW_SECONDS = { s: 1, m: 60, h: 3_600 } as const;

/** The id of a master key that was given without one. */
export const UNNAMED_MASTER_KEY_ID = 'default';

export type MasterKey = { readonly id: string; readonly key: Uint8Array };

/** `base64` or `id:base64,id:base64`; the first one seals, all of them open. */
export function parseMasterKeys(text: string): Parsed<readonly MasterKey[]> {
  const list = parts(text);
  if (!list.ok) return list;
  if (list.value.length > MASTER_KEYS_MAX) return problem(`has more than ${MASTER_KEYS_MAX} keys`);
  const keys: MasterKey[] = [];
  for (const [index, entry] of list.value.entries()) {
    const colon = entry.indexOf(':');
    if (colon === -1 && list.value.length > 1) return problem(`has no id: before the base64 of key ${index + 1}`);
    const id = colon === -1 ? UNNAMED_MASTER_KEY_ID : entry.slice(0, colon);
    if (!/^[A-Za-z0-9_-]{1,32}$/.test(id)) {
      return problem(`has an id that is not 1 to 32 letters, digits, - or _ (key ${index + 1})`);
    }
    if (keys.some((key) => key.id === id)) return problem(`has two keys with the same id (key ${index + 1})`);
    const base64 = entry.slice(colon + 1);
    const key = Buffer.from(base64, 'base64');
    if (!/^[A-Za-z0-9+/_-]+={0,2}$/.test(base64) || key.length !== MASTER_KEY_BYTES) {
      return problem(`is not the base64 of ${MASTER_KEY_BYTES} bytes (key ${index + 1})`);
    }
    keys.push({ id, key: new Uint8Array(key) });
  }
  return parsed(keys);
}

export function parseBootstrapKey(text: string): Parsed<string> {
  if (text.length < BOOTSTRAP_KEY_LENGTH_MIN || text.length > BOOTSTRAP_KEY_LENGTH_MAX) {
    return problem(
      `has ${text.length} characters; it needs ${BOOTSTRAP_KEY_LENGTH_MIN} to ${BOOTSTRAP_KEY_LENGTH_MAX}`,
    );
  }
  // It travels in an Authorization header.
  if (!/^[\x21-\x7e]+$/.test(text)) return problem('may only hold visible ASCII characters, no blanks');
  return parsed(text);
}

const parseDelay = decimalNumber({ min: 0, max: RETRY_DELAY_SECONDS_MAX });

/** Seconds before each retry; `none`: one attempt only. */
export function parseRetrySchedule(text: string): Parsed<readonly number[]> {
  if (text === 'none') return parsed([]);
  const list = parts(text);
  if (!list.ok) return list;
  if (list.value.length > RETRIES_MAX) return problem(`has more than ${RETRIES_MAX} delays`);
  const delays: number[] = [];
  for (const entry of list.value) {
    const delay = parseDelay(entry);
    if (!delay.ok) return problem(`has a delay of ${JSON.stringify(entry)}; each ${delay.problem} (seconds)`);
    delays.push(delay.value);
  }
  return parsed(delays);
}

/** At most so many requests of one caller in a window. */
export type RateLimit = { readonly requests: number; readonly windowSeconds: number };

export function parseRateLimit(text: string): Parsed<RateLimit> {
  const match = /^([0-9]{1,10})(?:\/([smh]))?$/.exec(text);
  const requests = Number(match?.[1]);
  if (match === null || requests < 1 || requests > RATE_LIMIT_REQUESTS_MAX) {
    return problem('must be a number of requests, alone (per second) or followed by /s, /m or /h');
  }
  const unit = match[2] === 'm' || match[2] === 'h' ? match[2] : 's';
  return parsed({ requests, windowSeconds: WINDOW_SECONDS[unit] });
}
