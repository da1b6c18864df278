import { checkText, invalidJson, type JsonFailure, type Span, textOf } from './json-document.ts';
import { skipColon, skipSpace, skipString, skipValue } from './json-scan.ts';

export type MembersReading =
  | { readonly ok: true; readonly members: ReadonlyMap<string, Span> }
  | { readonly ok: false; readonly code: 'duplicate_key'; readonly name: string }
  | { readonly ok: false; readonly code: 'not_an_object' }
  | JsonFailure;

export type ElementsReading =
  | { readonly ok: true; readonly elements: readonly Span[] }
  | { readonly ok: false; readonly code: 'too_many_elements'; readonly max: number }
  | { readonly ok: false; readonly code: 'not_an_array' }
  | JsonFailure;

/**
 * Reads the value that begins at `valueStart` and answers the position after it (or the complement of where it breaks).
 * The key lies between `keyStart` and `keyEnd`, without its quotes and still escaped.
 */
export type MemberVisitor = { member(keyStart: number, keyEnd: number, valueStart: number): number };
export type ElementVisitor = { element(valueStart: number): number };

const QUOTE = 0x22;
const COMMA = 0x2c;
const OPEN_BRACKET = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

/**
 * The spans of an object's own members. Keys are compared as the strings they stand for, so `"\u0061"` repeats `"a"`;
 * the names live in a Map, so `__proto__` is a key like any other.
 */
export function readMembers(bytes: Uint8Array, start = 0, end: number = bytes.length): MembersReading {
  const part = wholeOrPart(bytes, start, end);
  const members = new Map<string, Span>();
  let duplicate: string | null = null;
  const unreadable = readContainer(part, OPEN_BRACE, (from) =>
    walkMembers(part, from, part.length, {
      member(keyStart, keyEnd, valueStart) {
        const valueEnd = skipValue(part, valueStart, part.length);
        if (valueEnd < 0) return valueEnd;
        const name = keyText(part, keyStart, keyEnd);
        if (members.has(name)) duplicate ??= name;
        else members.set(name, { start: start + valueStart, end: start + valueEnd });
        return valueEnd;
      },
    }),
  );
  if (unreadable === 'other_kind') return { ok: false, code: 'not_an_object' };
  if (unreadable !== null) return unreadable;
  return duplicate === null ? { ok: true, members } : { ok: false, code: 'duplicate_key', name: duplicate };
}

/** The spans of an array's own elements, at most `max` of them. */
export function readElements(bytes: Uint8Array, start: number, end: number, max: number): ElementsReading {
  const part = wholeOrPart(bytes, start, end);
  const elements: Span[] = [];
  let count = 0;
  const unreadable = readContainer(part, OPEN_BRACKET, (from) =>
    walkElements(part, from, part.length, {
      element(valueStart) {
        const valueEnd = skipValue(part, valueStart, part.length);
        count += 1;
        if (valueEnd >= 0 && count <= max) elements.push({ start: start + valueStart, end: start + valueEnd });
        return valueEnd;
      },
    }),
  );
  if (unreadable === 'other_kind') return { ok: false, code: 'not_an_array' };
  if (unreadable !== null) return unreadable;
  return count > max ? { ok: false, code: 'too_many_elements', max } : { ok: true, elements };
}

/** Walks the object whose brace opens at `from`; the visitor reads the values. Answers as the scanner does. */
export function walkMembers(bytes: Uint8Array, from: number, end: number, visitor: MemberVisitor): number {
  let at = skipSpace(bytes, from + 1, end);
  if (at < end && bytes[at] === CLOSE_BRACE) return at + 1;
  for (;;) {
    const keyStart = at + 1;
    const keyEnd = skipString(bytes, at, end);
    if (keyEnd < 0) return keyEnd;
    at = skipColon(bytes, keyEnd, end);
    if (at < 0) return at;
    at = visitor.member(keyStart, keyEnd - 1, at);
    if (at < 0) return at;
    at = skipSpace(bytes, at, end);
    if (at >= end) return ~end;
    if (bytes[at] === CLOSE_BRACE) return at + 1;
    if (bytes[at] !== COMMA) return ~at;
    at = skipSpace(bytes, at + 1, end);
  }
}

/** Walks the array whose bracket opens at `from`; the visitor reads the values. Answers as the scanner does. */
export function walkElements(bytes: Uint8Array, from: number, end: number, visitor: ElementVisitor): number {
  let at = skipSpace(bytes, from + 1, end);
  if (at < end && bytes[at] === CLOSE_BRACKET) return at + 1;
  for (;;) {
    at = visitor.element(at);
    if (at < 0) return at;
    at = skipSpace(bytes, at, end);
    if (at >= end) return ~end;
    if (bytes[at] === CLOSE_BRACKET) return at + 1;
    if (bytes[at] !== COMMA) return ~at;
    at = skipSpace(bytes, at + 1, end);
  }
}

/** The string that a key stands for, from the bytes between its quotes. */
export function keyText(bytes: Uint8Array, start: number, end: number): string {
  for (let at = start; at < end; at += 1) {
    if (bytes[at] === BACKSLASH) return String(JSON.parse(textOf(bytes, start - 1, end + 1)));
  }
  return textOf(bytes, start, end);
}

/** The value of a span that the scanner has read; a string without escapes needs no parser. */
export function valueOf(bytes: Uint8Array, start: number, end: number): unknown {
  if (bytes[start] === QUOTE) return keyText(bytes, start + 1, end - 1);
  const value: unknown = JSON.parse(textOf(bytes, start, end));
  return value;
}

function wholeOrPart(bytes: Uint8Array, start: number, end: number): Uint8Array {
  return start === 0 && end === bytes.length ? bytes : bytes.subarray(start, end);
}

function readContainer(
  bytes: Uint8Array,
  opening: number,
  walk: (from: number) => number,
): JsonFailure | 'other_kind' | null {
  const unreadable = checkText(bytes);
  if (unreadable !== null) return unreadable;
  const end = bytes.length;
  const from = skipSpace(bytes, 0, end);
  const isThatKind = bytes[from] === opening;
  const after = isThatKind ? walk(from) : skipValue(bytes, from, end);
  if (after < 0) return invalidJson(bytes, ~after);
  const last = skipSpace(bytes, after, end);
  if (last !== end) return invalidJson(bytes, last);
  return isThatKind ? null : 'other_kind';
}
