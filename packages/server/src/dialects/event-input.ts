import { type Refusal, refused } from '../app/outcome.ts';
import type { FieldError } from '../domain/error-registry.ts';
import { JSON_CONTENT_TYPE } from '../domain/event.ts';
import { type EventDocument, type EventDocumentReading, readEventDocument } from '../domain/event-document.ts';
import { checkJson } from '../domain/json-document.ts';
import type { IncomingEvent } from '../engine/engine.ts';
import { duplicateKey, unreadable } from '../http/body.ts';
import { checkContentType, JSON_MEDIA_TYPE, parseContentType } from '../http/content-type.ts';
import type { RawBody } from '../http/route.ts';
import { escapePointer, refuseFields, unknownField } from '../http/validation.ts';
import { parseTime } from './time.ts';

export type EventInput =
  | { readonly ok: true; readonly isBatch: boolean; readonly events: readonly IncomingEvent[] }
  | Refusal;

export type EventQuery = {
  readonly type?: string;
  readonly raw?: boolean;
  readonly id?: string;
  readonly occurredAt?: string;
};

/** It becomes a header of every delivery, so it must be one that any client can send. */
const RAW_CONTENT_TYPE = /^[\x20-\x7e]{1,200}$/;
const BINARY = 'application/octet-stream';
const EVENT_MEMBERS = ['type', 'payload', 'id', 'occurredAt'];
const JSON_ONLY = [JSON_MEDIA_TYPE];

/** One event, a batch, or a body that is the payload itself: which one, the query and the content type say. */
export function readEventInput(query: EventQuery, body: RawBody): EventInput {
  const { contentType } = body;
  const isJson =
    contentType === JSON_CONTENT_TYPE ||
    (contentType !== null && parseContentType(contentType)?.mediaType === JSON_MEDIA_TYPE);
  if (query.raw === true || (!isJson && query.type !== undefined)) return readRaw(query, body, isJson);
  const wrongType = checkContentType(contentType ?? undefined, JSON_ONLY);
  if (wrongType !== null) return wrongType;
  for (const name of ['type', 'id', 'occurredAt'] as const) {
    if (query[name] === undefined) continue;
    const detail = 'belongs into the JSON body; with raw=true the whole body is the payload';
    return refuseFields([{ pointer: `?${name}`, detail, code: 'not_allowed' }]);
  }
  return readDocument(body.bytes);
}

function readRaw(query: EventQuery, body: RawBody, isJson: boolean): EventInput {
  const { type, id = null } = query;
  if (type === undefined)
    return refuseFields([{ pointer: '?type', detail: 'is required with raw=true', code: 'required' }]);
  const contentType = body.contentType ?? BINARY;
  if (!RAW_CONTENT_TYPE.test(contentType) || parseContentType(contentType) === null) {
    return refused('unsupported_media_type', 'the Content-Type header is not a media type');
  }
  const occurredAt = query.occurredAt === undefined ? null : parseTime(query.occurredAt);
  if (query.occurredAt !== undefined && occurredAt === null) return refuseFields([wrongTime('?occurredAt')]);
  if (isJson) {
    const check = checkJson(body.bytes);
    if (!check.ok) return unreadable(check);
  }
  return { ok: true, isBatch: false, events: [{ id, type, payload: body.bytes, contentType, occurredAt }] };
}

function readDocument(bytes: Uint8Array): EventInput {
  const reading = readEventDocument(bytes);
  if (!reading.ok) return refuseDocument(reading);
  const errors: FieldError[] = [];
  if (reading.kind === 'single') {
    const event = readEvent(bytes, reading.event, '', errors);
    return event === null ? refuseFields(errors) : { ok: true, isBatch: false, events: [event] };
  }
  for (const name of reading.unknown) errors.push(unknownField(`/${escapePointer(name)}`, name, ['events']));
  const events: IncomingEvent[] = [];
  for (const [index, document] of reading.events.entries()) {
    const event = readEvent(bytes, document, `/events/${index}`, errors);
    if (event !== null) events.push(event);
  }
  return errors.length > 0 ? refuseFields(errors) : { ok: true, isBatch: true, events };
}

/** Null when something is wrong with it, which `errors` then says. */
function readEvent(
  bytes: Uint8Array,
  document: EventDocument,
  pointer: string,
  errors: FieldError[],
): IncomingEvent | null {
  const { members, payload, unknown } = document;
  const { type, id, occurredAt } = members;
  const before = errors.length;
  for (const name of unknown) errors.push(unknownField(`${pointer}/${escapePointer(name)}`, name, EVENT_MEMBERS));
  if (type === undefined) errors.push({ pointer: `${pointer}/type`, detail: 'is required', code: 'required' });
  else if (typeof type !== 'string') errors.push(notString(`${pointer}/type`));
  if (id !== undefined && typeof id !== 'string') errors.push(notString(`${pointer}/id`));
  if (payload === null)
    errors.push({
      pointer: `${pointer}/payload`,
      detail: 'is required; it may be any JSON value, null too',
      code: 'required',
    });
  const time = typeof occurredAt === 'string' ? parseTime(occurredAt) : null;
  if (occurredAt !== undefined && time === null) errors.push(wrongTime(`${pointer}/occurredAt`));
  if (errors.length > before || payload === null || typeof type !== 'string') return null;
  return {
    id: typeof id === 'string' ? id : null,
    type,
    // The very bytes that were sent: never parsed, never written again.
    payload: bytes.subarray(payload.start, payload.end),
    contentType: JSON_CONTENT_TYPE,
    occurredAt: time,
  };
}

function refuseDocument(reading: Extract<EventDocumentReading, { ok: false }>): Refusal {
  switch (reading.code) {
    case 'duplicate_key':
      return duplicateKey(reading.pointer, reading.name);
    case 'not_an_object':
      return refuseFields([{ pointer: reading.pointer, detail: 'must be an object', code: 'wrong_type' }]);
    case 'not_an_array':
      return refuseFields([{ pointer: reading.pointer, detail: 'must be an array', code: 'wrong_type' }]);
    case 'member_too_large':
      return refuseFields([
        { pointer: reading.pointer, detail: `must be at most ${reading.maxBytes} bytes`, code: 'too_long' },
      ]);
    case 'too_many_events':
      return refuseFields([
        { pointer: reading.pointer, detail: `must hold at most ${reading.max} events`, code: 'too_many' },
      ]);
    default:
      return unreadable(reading);
  }
}

function notString(pointer: string): FieldError {
  return { pointer, detail: 'must be a string', code: 'wrong_type' };
}

function wrongTime(pointer: string): FieldError {
  return { pointer, detail: 'must be a date-time such as "2026-01-31T12:00:00Z"', code: 'wrong_format' };
}
