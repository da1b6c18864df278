/**
 * Ids are TypeIDs (typeid spec 0.3): a prefix, `_`, and a UUIDv7 in 26 characters of Crockford base32.
 * One endpoint has one UUID; a dialect may render it in another way.
 */
export type OrganizationId = `org_${string}`;
export type EndpointId = `ep_${string}`;
export type SecretId = `sec_${string}`;
/** The engine's own key of an event; a client may give the event another public id. */
export type EventKey = `evt_${string}`;
export type DeliveryId = `dlv_${string}`;
export type AttemptId = `att_${string}`;
export type ApiKeyId = `key_${string}`;
/** Of one row of the audit log. */
export type AuditId = `aud_${string}`;

export type IdByPrefix = {
  org: OrganizationId;
  ep: EndpointId;
  sec: SecretId;
  evt: EventKey;
  dlv: DeliveryId;
  att: AttemptId;
  key: ApiKeyId;
  aud: AuditId;
};
export type IdPrefix = keyof IdByPrefix;

const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';
const SUFFIX_LENGTH = 26;
const UUID_BYTES = 16;
const COUNTER_MAX = 0xfff;
const RANDOM_POOL_BYTES = 8_192;
/** 16-bit words of randomness that one id uses. */
const WORDS_PER_ID = 6;
const PAIRS = Array.from({ length: 1_024 }, (_, bits) => `${ALPHABET[bits >>> 5]}${ALPHABET[bits & 31]}`);

const valueOfCode = new Int8Array(128).fill(-1);
for (let value = 0; value < ALPHABET.length; value += 1) valueOfCode[ALPHABET.charCodeAt(value)] = value;

/** Encodes 16 bytes as 26 characters; the first character carries only 3 bits, so it is at most `7`. */
export function encodeUuid(bytes: Uint8Array): string {
  let text = '';
  let bits = 0;
  let buffer = 0;
  // 128 bits fill 26 characters of 5 bits after two leading zero bits.
  bits = 2;
  for (let index = 0; index < UUID_BYTES; index += 1) {
    buffer = (buffer << 8) | (bytes[index] ?? 0);
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      text += ALPHABET[(buffer >>> bits) & 31];
    }
    buffer &= (1 << bits) - 1;
  }
  return text;
}

/** The 16 bytes of an id's suffix, or null when it is not one. */
export function decodeUuid(suffix: string): Uint8Array | null {
  if (suffix.length !== SUFFIX_LENGTH) return null;
  const bytes = new Uint8Array(UUID_BYTES);
  let buffer = 0;
  let bits = -2;
  let at = 0;
  for (let index = 0; index < SUFFIX_LENGTH; index += 1) {
    const code = suffix.charCodeAt(index);
    const value = code < 128 ? (valueOfCode[code] ?? -1) : -1;
    if (value < 0 || (index === 0 && value > 7)) return null;
    buffer = (buffer << 5) | value;
    bits += 5;
    if (bits >= 8) {
      bits -= 8;
      bytes[at] = (buffer >>> bits) & 0xff;
      at += 1;
      buffer &= (1 << bits) - 1;
    }
  }
  return bytes;
}

export function isId<P extends IdPrefix>(prefix: P, text: string): text is IdByPrefix[P] {
  return text.length === prefix.length + 1 + SUFFIX_LENGTH && parseId(prefix, text) !== null;
}

/** Returns the id when `text` is a well-formed one of that kind, else null. */
export function parseId<P extends IdPrefix>(prefix: P, text: string): IdByPrefix[P] | null {
  if (!text.startsWith(`${prefix}_`) || decodeUuid(text.slice(prefix.length + 1)) === null) return null;
  return text as IdByPrefix[P]; // The prefix and the suffix were just checked.
}

export function idFromUuid<P extends IdPrefix>(prefix: P, uuid: Uint8Array): IdByPrefix[P] {
  return `${prefix}_${encodeUuid(uuid)}` as IdByPrefix[P]; // Template of the same prefix.
}

/** The UUID of an id as lower-case hex with hyphens. */
export function uuidOf(id: string): string {
  const bytes = decodeUuid(id.slice(id.lastIndexOf('_') + 1));
  if (bytes === null) throw new TypeError('not a TypeID');
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

/** Milliseconds since the epoch at which an id was made. */
export function timeOfId(id: string): number {
  const bytes = decodeUuid(id.slice(id.lastIndexOf('_') + 1));
  if (bytes === null) throw new TypeError('not a TypeID');
  let time = 0;
  for (let index = 0; index < 6; index += 1) time = time * 256 + (bytes[index] ?? 0);
  return time;
}

export type IdSource = { next<P extends IdPrefix>(prefix: P): IdByPrefix[P] };

/**
 * Makes ids that sort in the order in which they were made, also within one millisecond and when the clock steps back
 * (RFC 9562, section 6.2, method 1: a 12-bit counter after the time).
 */
export function createIdSource(options: { now: () => number; fillRandom: (bytes: Uint8Array) => void }): IdSource {
  const pool = new Uint8Array(RANDOM_POOL_BYTES);
  const words = new Uint16Array(pool.buffer);
  let at = words.length;
  let lastTime = 0;
  let timeText = encodeTime(lastTime);
  let counter = 0;

  function setTime(time: number): void {
    lastTime = time;
    timeText = encodeTime(time);
    counter = 0;
  }

  function random(): number {
    return words[at++] ?? 0;
  }

  return {
    next(prefix) {
      const now = Math.floor(options.now());
      if (now > lastTime) setTime(now);
      else if (counter === COUNTER_MAX) setTime(lastTime + 1);
      else counter += 1;
      if (at + WORDS_PER_ID > words.length) {
        options.fillRandom(pool);
        at = 0;
      }
      // The version 7 before the counter, the variant 2 behind it, then 62 random bits.
      const first = random();
      const head = pair(0x1c0 | (counter >>> 6)) + pair(((counter & 0x3f) << 4) | 0x8 | (first >>> 14));
      const tail = pair(first) + pair(random()) + pair(random()) + pair(random()) + pair(random()) + pair(random());
      return `${prefix}_${timeText}${head}${tail}` as IdByPrefix[typeof prefix]; // Template of the same prefix.
    },
  };
}

/** The 48 bits of time are exactly the first ten characters, the first of which holds three of them. */
function encodeTime(time: number): string {
  let text = '';
  for (let index = 0, rest = time; index < 5; index += 1) {
    text = pair(rest % 1_024) + text;
    rest = Math.floor(rest / 1_024);
  }
  return text;
}

/** The two characters of the lowest ten bits. */
function pair(bits: number): string {
  return PAIRS[bits & 1_023] ?? '';
}
