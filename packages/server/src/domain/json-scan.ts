/**
 * A JSON validator over bytes that never builds a value: each function takes a position and answers the position after
 * what it read, or, when the text breaks the grammar of RFC 8259, the bitwise complement of the offset where it broke.
 * So `result < 0` means invalid and `~result` is where. UTF-8 is checked elsewhere, natively and once.
 */

const TAB = 0x09;
const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const SPACE = 0x20;
const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_BRACKET = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

const TRUE = [0x74, 0x72, 0x75, 0x65] as const;
const FALSE = [0x66, 0x61, 0x6c, 0x73, 0x65] as const;
const NULL = [0x6e, 0x75, 0x6c, 0x6c] as const;

/** One level of nesting is one bit; this many fit a small integer before they spill into an array. */
const LEVELS_PER_WORD = 30;

/** Answers the first offset from `from` that holds no JSON whitespace, or `end`. */
export function skipSpace(bytes: Uint8Array, from: number, end: number): number {
  let at = from;
  while (at < end) {
    const byte = bytes[at] ?? 0;
    if (byte > SPACE || (byte !== SPACE && byte !== LINE_FEED && byte !== CARRIAGE_RETURN && byte !== TAB)) return at;
    at += 1;
  }
  return at;
}

/** Reads a string whose opening quote must be at `from`. */
export function skipString(bytes: Uint8Array, from: number, end: number): number {
  if (from >= end || bytes[from] !== QUOTE) return ~from;
  let at = from + 1;
  while (at < end) {
    const byte = bytes[at] ?? 0;
    // Most bytes of a text are lower-case letters, which lie above all that matters here.
    if (byte > BACKSLASH) {
      at += 1;
    } else if (byte === QUOTE) {
      return at + 1;
    } else if (byte === BACKSLASH) {
      at = skipEscape(bytes, at, end);
      if (at < 0) return at;
    } else if (byte < SPACE) {
      return ~at;
    } else {
      at += 1;
    }
  }
  return ~end;
}

function skipEscape(bytes: Uint8Array, from: number, end: number): number {
  const at = from + 1;
  if (at >= end) return ~end;
  switch (bytes[at]) {
    case 0x22: // "
    case 0x5c: // \
    case 0x2f: // /
    case 0x62: // b
    case 0x66: // f
    case 0x6e: // n
    case 0x72: // r
    case 0x74: // t
      return at + 1;
    case 0x75: // u
      for (let digit = at + 1; digit <= at + 4; digit += 1) {
        if (digit >= end) return ~end;
        if (!isHexDigit(bytes[digit] ?? 0)) return ~digit;
      }
      return at + 5;
    default:
      return ~at;
  }
}

function isHexDigit(byte: number): boolean {
  const letter = byte | 0x20;
  return isDigit(byte) || (letter >= 0x61 && letter <= 0x66);
}

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}

function skipDigits(bytes: Uint8Array, from: number, end: number): number {
  let at = from;
  while (at < end && isDigit(bytes[at] ?? 0)) at += 1;
  return at === from ? ~from : at;
}

function skipNumber(bytes: Uint8Array, from: number, end: number): number {
  let at = from;
  if (bytes[at] === 0x2d) at += 1;
  if (at < end && bytes[at] === 0x30) {
    at += 1;
  } else {
    at = skipDigits(bytes, at, end);
    if (at < 0) return at;
  }
  if (at < end && bytes[at] === 0x2e) {
    at = skipDigits(bytes, at + 1, end);
    if (at < 0) return at;
  }
  if (at < end && ((bytes[at] ?? 0) | 0x20) === 0x65) {
    at += 1;
    if (at < end && (bytes[at] === 0x2b || bytes[at] === 0x2d)) at += 1;
    at = skipDigits(bytes, at, end);
  }
  return at;
}

function skipWord(bytes: Uint8Array, from: number, end: number, word: readonly number[]): number {
  for (let index = 1; index < word.length; index += 1) {
    if (from + index >= end || bytes[from + index] !== word[index]) return ~Math.min(from + index, end);
  }
  return from + word.length;
}

/** Reads a value that holds no other value; `from` must lie before `end`. */
function skipScalar(bytes: Uint8Array, from: number, end: number): number {
  switch (bytes[from]) {
    case QUOTE:
      return skipString(bytes, from, end);
    case TRUE[0]:
      return skipWord(bytes, from, end, TRUE);
    case FALSE[0]:
      return skipWord(bytes, from, end, FALSE);
    case NULL[0]:
      return skipWord(bytes, from, end, NULL);
    default:
      return skipNumber(bytes, from, end);
  }
}

/** Reads `"key" :` with the whitespace around both, and answers where the value begins. */
function skipKey(bytes: Uint8Array, from: number, end: number): number {
  const keyEnd = skipString(bytes, skipSpace(bytes, from, end), end);
  return keyEnd < 0 ? keyEnd : skipColon(bytes, keyEnd, end);
}

/** Reads a colon with the whitespace around it. */
export function skipColon(bytes: Uint8Array, from: number, end: number): number {
  const at = skipSpace(bytes, from, end);
  return at < end && bytes[at] === COLON ? skipSpace(bytes, at + 1, end) : ~at;
}

/**
 * Reads one whole value that begins exactly at `from`. Nesting is held in bits, not on the call stack, so its depth is
 * bounded by the input alone.
 */
export function skipValue(bytes: Uint8Array, from: number, end: number): number {
  let at = from;
  let depth = 0;
  // The innermost container is the lowest bit: 1 for an object, 0 for an array.
  let kinds = 0;
  let spilled: number[] | null = null;

  for (;;) {
    if (at >= end) return ~end;
    const first = bytes[at];
    if (first === OPEN_BRACE || first === OPEN_BRACKET) {
      const isObject = first === OPEN_BRACE;
      at = skipSpace(bytes, at + 1, end);
      if (at < end && bytes[at] === (isObject ? CLOSE_BRACE : CLOSE_BRACKET)) {
        at += 1;
      } else {
        if (depth > 0 && depth % LEVELS_PER_WORD === 0) {
          spilled ??= [];
          spilled.push(kinds);
          kinds = 0;
        }
        depth += 1;
        kinds = (kinds << 1) | (isObject ? 1 : 0);
        if (isObject) at = skipKey(bytes, at, end);
        if (at < 0) return at;
        continue;
      }
    } else {
      at = skipScalar(bytes, at, end);
      if (at < 0) return at;
    }

    for (;;) {
      if (depth === 0) return at;
      at = skipSpace(bytes, at, end);
      if (at >= end) return ~end;
      const isObject = (kinds & 1) === 1;
      const next = bytes[at];
      if (next === COMMA) {
        at = isObject ? skipKey(bytes, at + 1, end) : skipSpace(bytes, at + 1, end);
        if (at < 0) return at;
        break;
      }
      if (next !== (isObject ? CLOSE_BRACE : CLOSE_BRACKET)) return ~at;
      at += 1;
      depth -= 1;
      kinds = depth > 0 && depth % LEVELS_PER_WORD === 0 ? (spilled?.pop() ?? 0) : kinds >> 1;
    }
  }
}
