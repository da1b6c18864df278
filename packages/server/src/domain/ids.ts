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

export type IdByPrefix = {
  org: OrganizationId;
  ep: EndpointId;
  sec: SecretId;
  evt: EventKey;
  dlv: DeliveryId;
  att: AttemptId;
  key: ApiKeyId;
};
export type IdPrefix = keyof IdByPrefix;

const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';
const SUFFIX_LENGTH = 26;
const UUID_BYTES = 16;
const COUNTER_MAX = 0xfff;
const RANDOM_POOL_BYTES = 8_192;

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
  const uuid = new Uint8Array(UUID_BYTES);
  let at = RANDOM_POOL_BYTES;
  let lastTime = 0;
  let counter = 0;

  function advance(): void {
    const now = Math.floor(options.now());
    if (now > lastTime) {
      lastTime = now;
      counter = 0;
    } else if (counter === COUNTER_MAX) {
      lastTime += 1;
      counter = 0;
    } else {
      counter += 1;
    }
  }

  return {
    next(prefix) {
      advance();
      if (at + 8 > RANDOM_POOL_BYTES) {
        options.fillRandom(pool);
        at = 0;
      }
      for (let index = 5, rest = lastTime; index >= 0; index -= 1) {
        uuid[index] = rest % 256;
        rest = Math.floor(rest / 256);
      }
      uuid[6] = 0x70 | (counter >>> 8);
      uuid[7] = counter & 0xff;
      for (let index = 8; index < UUID_BYTES; index += 1) uuid[index] = pool[at++] ?? 0;
      uuid[8] = 0x80 | ((uuid[8] ?? 0) & 0x3f);
      const suffix = encodeUuid(uuid);
      return `${prefix}_${suffix}` as IdByPrefix[typeof prefix]; // Template of the same prefix.
    },
  };
}
