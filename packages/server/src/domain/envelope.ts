import { Buffer } from 'node:buffer';
import { ENVELOPE_LITERAL_LENGTH_MAX, ENVELOPE_MEMBERS_MAX, ENVELOPE_NAME_LENGTH_MAX } from './limits.ts';

export type TimeFormat = 'iso8601' | 'unixSeconds' | 'unixMilliseconds';

/** What stands in one member. `timestamp` is the time of the attempt: the one that is signed. */
export type EnvelopeValue =
  | { readonly kind: 'payload' }
  | { readonly kind: 'eventId' | 'eventType' | 'deliveryId' }
  | { readonly kind: 'occurredAt' | 'timestamp'; readonly format: TimeFormat }
  | { readonly kind: 'literal'; readonly value: string | number | boolean | null };

export type EnvelopeMember = { readonly name: string; readonly value: EnvelopeValue };

/** The object that an endpoint wants around each payload: its members in order, exactly one of them the payload. */
export type Envelope = { readonly members: readonly EnvelopeMember[] };

export type EnvelopeContext = {
  readonly payload: Uint8Array;
  readonly contentType: string;
  readonly eventId: string;
  readonly eventType: string;
  readonly deliveryId: string;
  /** Epoch milliseconds. */
  readonly occurredAt: number;
  /** Epoch milliseconds. */
  readonly timestamp: number;
};

export type EnvelopeIssue = { readonly pointer: string; readonly detail: string };
export type EnvelopeValidation =
  | { readonly ok: true; readonly envelope: Envelope }
  | { readonly ok: false; readonly issues: readonly EnvelopeIssue[] };

/** An envelope with all that never changes already written: texts, and between them what each delivery fills in. */
type Template = { readonly before: readonly Part[]; readonly after: readonly Part[] };
type Part = string | Exclude<EnvelopeValue, { kind: 'payload' | 'literal' }>;

const KINDS = ['payload', 'eventId', 'eventType', 'deliveryId', 'occurredAt', 'timestamp', 'literal'] as const;
const FORMATS: readonly TimeFormat[] = ['iso8601', 'unixSeconds', 'unixMilliseconds'];
const JSON_TYPE = /^(?:application\/json|text\/json|[\w!#$&^.+-]+\/[\w!#$&^.+-]*\+json)$/i;

// A pure function's results, kept as long as the envelope itself.
const templates = new WeakMap<Envelope, Template>();

/**
 * Writes the body of one attempt: the envelope's members in order, with the payload's own bytes untouched among them.
 * A payload that is not JSON is refused when it is accepted; one that meets an envelope set afterwards is written as a
 * base64 string, so that the body stays JSON.
 */
export function spliceEnvelope(envelope: Envelope, context: EnvelopeContext): Uint8Array {
  let template = templates.get(envelope);
  if (template === undefined) {
    template = compile(envelope);
    templates.set(envelope, template);
  }
  const before = write(template.before, context);
  const after = write(template.after, context);
  if (!isJsonContentType(context.contentType)) {
    const { buffer, byteOffset, byteLength } = context.payload;
    const text = Buffer.from(buffer, byteOffset, byteLength).toString('base64');
    return Buffer.from(`${before}"${text}"${after}`);
  }
  const beforeBytes = Buffer.byteLength(before);
  const payloadEnd = beforeBytes + context.payload.length;
  const body = Buffer.allocUnsafe(payloadEnd + Buffer.byteLength(after));
  body.write(before, 0);
  body.set(context.payload, beforeBytes);
  body.write(after, payloadEnd);
  return body;
}

/** Says whether bodies of this media type are JSON texts: `application/json`, `text/json`, and every `…+json`. */
export function isJsonContentType(contentType: string): boolean {
  if (contentType === 'application/json') return true;
  const semicolon = contentType.indexOf(';');
  return JSON_TYPE.test((semicolon < 0 ? contentType : contentType.slice(0, semicolon)).trim());
}

/** Checks an envelope that came from outside and copies it, so that nothing else of the input is kept. */
export function validateEnvelope(input: unknown): EnvelopeValidation {
  const issues: EnvelopeIssue[] = [];
  if (!isRecord(input) || !Array.isArray(input['members'])) {
    return { ok: false, issues: [{ pointer: '/members', detail: 'Must be a list of members.' }] };
  }
  refuseOthers(input, ['members'], '', issues);
  const given: readonly unknown[] = input['members'];
  if (given.length > ENVELOPE_MEMBERS_MAX) {
    return {
      ok: false,
      issues: [{ pointer: '/members', detail: `Must have at most ${ENVELOPE_MEMBERS_MAX} members.` }],
    };
  }
  const members: EnvelopeMember[] = [];
  const names = new Set<string>();
  for (const [index, each] of given.entries()) {
    const pointer = `/members/${index}`;
    const member = validateMember(each, pointer, issues);
    if (member === null) continue;
    if (names.has(member.name)) issues.push({ pointer: `${pointer}/name`, detail: 'Must not repeat a name.' });
    names.add(member.name);
    members.push(member);
  }
  const payloads = members.filter((member) => member.value.kind === 'payload').length;
  if (issues.length === 0 && payloads !== 1) {
    issues.push({ pointer: '/members', detail: 'Must have exactly one member of the kind payload.' });
  }
  return issues.length > 0 ? { ok: false, issues } : { ok: true, envelope: { members } };
}

function validateMember(input: unknown, pointer: string, issues: EnvelopeIssue[]): EnvelopeMember | null {
  if (!isRecord(input)) {
    issues.push({ pointer, detail: 'Must be an object with a name and a value.' });
    return null;
  }
  refuseOthers(input, ['name', 'value'], pointer, issues);
  const name = input['name'];
  const value = validateValue(input['value'], `${pointer}/value`, issues);
  if (typeof name !== 'string' || name.length === 0 || name.length > ENVELOPE_NAME_LENGTH_MAX) {
    issues.push({ pointer: `${pointer}/name`, detail: `Must be 1 to ${ENVELOPE_NAME_LENGTH_MAX} characters long.` });
    return null;
  }
  return value === null ? null : { name, value };
}

function validateValue(input: unknown, pointer: string, issues: EnvelopeIssue[]): EnvelopeValue | null {
  const kind = isRecord(input) ? KINDS.find((each) => each === input['kind']) : undefined;
  if (!isRecord(input) || kind === undefined) {
    issues.push({ pointer: `${pointer}/kind`, detail: `Must be one of ${KINDS.join(', ')}.` });
    return null;
  }
  switch (kind) {
    case 'literal': {
      refuseOthers(input, ['kind', 'value'], pointer, issues);
      const value = input['value'];
      if (isLiteral(value)) return { kind, value };
      const detail = `Must be null, a boolean, a finite number or a string of at most ${ENVELOPE_LITERAL_LENGTH_MAX} characters.`;
      issues.push({ pointer: `${pointer}/value`, detail });
      return null;
    }
    case 'occurredAt':
    case 'timestamp': {
      refuseOthers(input, ['kind', 'format'], pointer, issues);
      const format = FORMATS.find((each) => each === input['format']);
      if (format !== undefined) return { kind, format };
      issues.push({ pointer: `${pointer}/format`, detail: `Must be one of ${FORMATS.join(', ')}.` });
      return null;
    }
    default:
      refuseOthers(input, ['kind'], pointer, issues);
      return { kind };
  }
}

function isLiteral(value: unknown): value is string | number | boolean | null {
  if (typeof value === 'string') return value.length <= ENVELOPE_LITERAL_LENGTH_MAX;
  return value === null || typeof value === 'boolean' || (typeof value === 'number' && Number.isFinite(value));
}

function isRecord(input: unknown): input is Record<string, unknown> {
  return typeof input === 'object' && input !== null && !Array.isArray(input);
}

/** One issue is enough however many other members there are. */
function refuseOthers(
  input: Record<string, unknown>,
  known: readonly string[],
  pointer: string,
  issues: EnvelopeIssue[],
): void {
  if (Object.keys(input).some((name) => !known.includes(name))) {
    issues.push({ pointer, detail: `Must have no other members than ${known.join(', ')}.` });
  }
}

function compile(envelope: Envelope): Template {
  const before: Part[] = [];
  const after: Part[] = [];
  let parts = before;
  let text = '{';
  for (const [index, { name, value }] of envelope.members.entries()) {
    text += `${index === 0 ? '' : ','}${JSON.stringify(name)}:`;
    if (value.kind === 'literal') {
      text += JSON.stringify(value.value);
    } else {
      parts.push(text);
      text = '';
      if (value.kind === 'payload') parts = after;
      else parts.push(value);
    }
  }
  parts.push(`${text}}`);
  return { before, after };
}

function write(parts: readonly Part[], context: EnvelopeContext): string {
  let text = '';
  for (const part of parts) text += typeof part === 'string' ? part : writeValue(part, context);
  return text;
}

function writeValue(value: Exclude<Part, string>, context: EnvelopeContext): string {
  switch (value.kind) {
    case 'eventId':
      return JSON.stringify(context.eventId);
    case 'eventType':
      return JSON.stringify(context.eventType);
    case 'deliveryId':
      return JSON.stringify(context.deliveryId);
    case 'occurredAt':
      return writeTime(context.occurredAt, value.format);
    case 'timestamp':
      return writeTime(context.timestamp, value.format);
  }
}

function writeTime(time: number, format: TimeFormat): string {
  if (format === 'iso8601') return `"${new Date(time).toISOString()}"`;
  return String(Math.floor(format === 'unixSeconds' ? time / 1_000 : time));
}
