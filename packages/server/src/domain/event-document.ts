import { checkText, invalidJson, type JsonFailure, type Span } from './json-document.ts';
import {
  type ElementVisitor,
  keyText,
  type MemberVisitor,
  valueOf,
  walkElements,
  walkMembers,
} from './json-members.ts';
import { skipSpace, skipValue } from './json-scan.ts';
import { BATCH_EVENTS_MAX, EVENT_MEMBER_BYTES_MAX, UNKNOWN_MEMBERS_REPORTED_MAX } from './limits.ts';

/** The small members of an event, parsed but not yet validated; one that was not sent is not there. */
export type EventMembers = { type?: unknown; id?: unknown; occurredAt?: unknown };

/** One event as it was written: its small members, and where its payload stands. */
export type EventDocument = {
  /** Has no prototype. */
  readonly members: Readonly<EventMembers>;
  /** null: there is no such member. */
  readonly payload: Span | null;
  /** Names that an event does not have, the first few; a schema refuses them. */
  readonly unknown: readonly string[];
};

/** Readable JSON that is not an event. `pointer` is a JSON pointer to the object that it is about. */
export type EventDocumentRefusal = { readonly ok: false; readonly pointer: string } & (
  | { readonly code: 'not_an_object' | 'not_an_array' }
  | { readonly code: 'duplicate_key'; readonly name: string }
  | { readonly code: 'member_too_large'; readonly name: string; readonly maxBytes: number }
  | { readonly code: 'too_many_events'; readonly max: number }
);

export type EventDocumentReading =
  | { readonly ok: true; readonly kind: 'single'; readonly event: EventDocument }
  | {
      readonly ok: true;
      readonly kind: 'batch';
      readonly events: readonly EventDocument[];
      /** Names beside `events`. */
      readonly unknown: readonly string[];
    }
  | EventDocumentRefusal
  | JsonFailure;

type MemberName = keyof EventMembers | 'payload' | 'events';

const OPEN_BRACKET = 0x5b;
const OPEN_BRACE = 0x7b;

/** Every member name has a length of its own, so that the length alone says which one a key can be. */
const NAMES_BY_LENGTH: readonly (MemberName | null)[] = ((): (MemberName | null)[] => {
  const names: MemberName[] = ['id', 'type', 'events', 'payload', 'occurredAt'];
  const byLength: (MemberName | null)[] = Array.from({ length: 11 }, () => null);
  for (const name of names) byLength[name.length] = name;
  return byLength;
})();

/**
 * Reads `{type, payload, id?, occurredAt?}` or `{events: […]}` in one pass that also validates the whole text. Payloads
 * are never turned into values. A body that is not JSON is told so before anything else that is wrong with it.
 */
export function readEventDocument(bytes: Uint8Array, eventsMax: number = BATCH_EVENTS_MAX): EventDocumentReading {
  const unreadable = checkText(bytes);
  if (unreadable !== null) return unreadable;
  const end = bytes.length;
  const from = skipSpace(bytes, 0, end);
  const top = new TopObject(bytes, eventsMax);
  const isObject = bytes[from] === OPEN_BRACE;
  const after = isObject ? walkMembers(bytes, from, end, top) : skipValue(bytes, from, end);
  if (after < 0) return invalidJson(bytes, ~after);
  const last = skipSpace(bytes, after, end);
  if (last !== end) return invalidJson(bytes, last);
  if (!isObject) return { ok: false, code: 'not_an_object', pointer: '' };
  return top.reading();
}

/** Collects one event while its object is walked. */
class EventObject implements MemberVisitor, EventDocument {
  readonly members: EventMembers = Object.create(null);
  payload: Span | null = null;
  unknown: string[] = [];
  refusal: EventDocumentRefusal | null = null;
  protected readonly bytes: Uint8Array;
  protected readonly pointer: string;
  #unknownSeen: Set<string> | null = null;

  constructor(bytes: Uint8Array, pointer: string) {
    this.bytes = bytes;
    this.pointer = pointer;
  }

  member(keyStart: number, keyEnd: number, valueStart: number): number {
    const valueEnd = skipValue(this.bytes, valueStart, this.bytes.length);
    if (valueEnd < 0) return valueEnd;
    const name = memberName(this.bytes, keyStart, keyEnd);
    if (name === null || name === 'events') {
      this.#addUnknown(name ?? keyText(this.bytes, keyStart, keyEnd));
    } else if (name === 'payload') {
      if (this.payload !== null) this.refuseDuplicate(name);
      this.payload = { start: valueStart, end: valueEnd };
    } else if (name in this.members) {
      this.refuseDuplicate(name);
    } else if (valueEnd - valueStart > EVENT_MEMBER_BYTES_MAX) {
      this.members[name] = undefined;
      this.refusal ??= {
        ok: false,
        code: 'member_too_large',
        pointer: `${this.pointer}/${name}`,
        name,
        maxBytes: EVENT_MEMBER_BYTES_MAX,
      };
    } else {
      this.members[name] = valueOf(this.bytes, valueStart, valueEnd);
    }
    return valueEnd;
  }

  refuseDuplicate(name: string): void {
    this.refusal ??= { ok: false, code: 'duplicate_key', pointer: this.pointer, name };
  }

  #addUnknown(name: string): void {
    this.#unknownSeen ??= new Set();
    if (this.#unknownSeen.has(name)) this.refuseDuplicate(name);
    this.#unknownSeen.add(name);
    if (this.unknown.length < UNKNOWN_MEMBERS_REPORTED_MAX) this.unknown.push(name);
  }
}

/** The outermost object: an event, or a list of events. */
class TopObject extends EventObject implements ElementVisitor {
  readonly #eventsMax: number;
  readonly #events: EventObject[] = [];
  #eventsCount = 0;
  #eventsSeen = false;

  constructor(bytes: Uint8Array, eventsMax: number) {
    super(bytes, '');
    this.#eventsMax = eventsMax;
  }

  override member(keyStart: number, keyEnd: number, valueStart: number): number {
    if (memberName(this.bytes, keyStart, keyEnd) !== 'events') return super.member(keyStart, keyEnd, valueStart);
    const end = this.bytes.length;
    if (this.#eventsSeen) {
      this.refuseDuplicate('events');
      return skipValue(this.bytes, valueStart, end);
    }
    this.#eventsSeen = true;
    if (this.bytes[valueStart] === OPEN_BRACKET) return walkElements(this.bytes, valueStart, end, this);
    this.refusal ??= { ok: false, code: 'not_an_array', pointer: '/events' };
    return skipValue(this.bytes, valueStart, end);
  }

  element(valueStart: number): number {
    const end = this.bytes.length;
    const index = this.#eventsCount;
    this.#eventsCount += 1;
    if (index >= this.#eventsMax) {
      this.refusal ??= { ok: false, code: 'too_many_events', pointer: '/events', max: this.#eventsMax };
      return skipValue(this.bytes, valueStart, end);
    }
    if (this.bytes[valueStart] !== OPEN_BRACE) {
      this.refusal ??= { ok: false, code: 'not_an_object', pointer: `/events/${index}` };
      return skipValue(this.bytes, valueStart, end);
    }
    const event = new EventObject(this.bytes, `/events/${index}`);
    this.#events.push(event);
    const after = walkMembers(this.bytes, valueStart, end, event);
    if (event.refusal !== null) this.refusal ??= event.refusal;
    return after;
  }

  reading(): EventDocumentReading {
    if (this.refusal !== null) return this.refusal;
    if (!this.#eventsSeen) return { ok: true, kind: 'single', event: documentOf(this) };
    const beside: string[] = [...Object.keys(this.members), ...this.unknown];
    if (this.payload !== null) beside.push('payload');
    return { ok: true, kind: 'batch', events: this.#events.map(documentOf), unknown: beside };
  }
}

function documentOf(event: EventObject): EventDocument {
  return { members: event.members, payload: event.payload, unknown: event.unknown };
}

/** Which known member a key names, or null. A key written with escapes is compared as the string it stands for. */
function memberName(bytes: Uint8Array, start: number, end: number): MemberName | null {
  const candidate = NAMES_BY_LENGTH[end - start] ?? null;
  if (candidate !== null) {
    let at = 0;
    while (at < candidate.length && bytes[start + at] === candidate.charCodeAt(at)) at += 1;
    if (at === candidate.length) return candidate;
  }
  for (let at = start; at < end; at += 1) {
    if (bytes[at] !== 0x5c) continue;
    const name = keyText(bytes, start, end);
    const escaped = NAMES_BY_LENGTH[name.length] ?? null;
    return escaped === name ? escaped : null;
  }
  return null;
}
