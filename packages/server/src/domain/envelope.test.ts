import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Envelope,
  type EnvelopeContext,
  isJsonContentType,
  spliceEnvelope,
  validateEnvelope,
} from './envelope.ts';

const context: EnvelopeContext = {
  payload: new TextEncoder().encode('{ "amount": 12345678901234567890 }'),
  contentType: 'application/json',
  eventId: 'evt_1',
  eventType: 'loan.created',
  deliveryId: 'dlv_1',
  occurredAt: 1_764_000_000_123,
  timestamp: 1_764_000_060_999,
};

const dinie: Envelope = {
  members: [
    { name: 'api_version', value: { kind: 'literal', value: '2026-03-01' } },
    { name: 'created_at', value: { kind: 'occurredAt', format: 'iso8601' } },
    { name: 'data', value: { kind: 'payload' } },
    { name: 'delivery_id', value: { kind: 'deliveryId' } },
    { name: 'id', value: { kind: 'eventId' } },
    { name: 'timestamp', value: { kind: 'timestamp', format: 'unixSeconds' } },
    { name: 'type', value: { kind: 'eventType' } },
  ],
};

function textOf(body: Uint8Array): string {
  return new TextDecoder().decode(body);
}

describe('splicing an envelope', () => {
  it('writes the members in their order around the untouched payload', () => {
    expect(textOf(spliceEnvelope(dinie, context))).toBe(
      '{"api_version":"2026-03-01","created_at":"2025-11-24T16:00:00.123Z",' +
        '"data":{ "amount": 12345678901234567890 },"delivery_id":"dlv_1","id":"evt_1","timestamp":1764000060,"type":"loan.created"}',
    );
  });

  it('does not remember one delivery in the next', () => {
    spliceEnvelope(dinie, context);
    const next = JSON.parse(textOf(spliceEnvelope(dinie, { ...context, eventId: 'evt_2', timestamp: 0 })));
    expect(next).toMatchObject({ id: 'evt_2', timestamp: 0 });
  });

  it('escapes names and texts, and writes milliseconds and literals', () => {
    const envelope: Envelope = {
      members: [
        { name: '"é\n', value: { kind: 'literal', value: '"\\' } },
        { name: 'a', value: { kind: 'literal', value: null } },
        { name: 'b', value: { kind: 'literal', value: false } },
        { name: 'c', value: { kind: 'literal', value: 1.5 } },
        { name: 't', value: { kind: 'occurredAt', format: 'unixMilliseconds' } },
        { name: 'type', value: { kind: 'eventType' } },
        { name: 'data', value: { kind: 'payload' } },
      ],
    };
    const body = JSON.parse(textOf(spliceEnvelope(envelope, { ...context, eventType: 'é"\ud800' })));
    expect(body).toMatchObject({ '"é\n': '"\\', a: null, b: false, c: 1.5, t: 1_764_000_000_123, type: 'é"\ud800' });
  });

  it('keeps any payload byte for byte between what stands around it', () => {
    fc.assert(
      fc.property(fc.json(), fc.string(), (payload, eventType) => {
        const bytes = new TextEncoder().encode(payload);
        const text = textOf(spliceEnvelope(dinie, { ...context, payload: bytes, eventType }));
        expect(text).toContain(`"data":${payload},"delivery_id"`);
        expect(JSON.parse(text)).toMatchObject({ data: JSON.parse(payload), type: eventType });
      }),
    );
  });

  it('stays JSON around a payload that is not', () => {
    const payload = Uint8Array.of(0, 255, 34);
    const body = textOf(spliceEnvelope(dinie, { ...context, payload, contentType: 'application/octet-stream' }));
    expect(JSON.parse(body).data).toBe('AP8i');
  });
});

describe('telling JSON media types', () => {
  it.each([
    'application/json',
    'Application/JSON; charset=utf-8',
    'application/cloudevents+json',
    'text/json',
    ' application/json ',
  ])('takes %j', (type) => expect(isJsonContentType(type)).toBe(true));
  it.each([
    '',
    'text/plain',
    'application/jsonl',
    'application/json-seq',
    'json',
    '+json',
    'text/plain; a=application/json',
  ])('does not take %j', (type) => expect(isJsonContentType(type)).toBe(false));
});

describe('validating an envelope', () => {
  it('copies a valid one', () => {
    const input = structuredClone(dinie);
    const validation = validateEnvelope(input);
    expect(validation).toEqual({ ok: true, envelope: dinie });
    expect(validation.ok && validation.envelope).not.toBe(input);
  });

  const data = { name: 'data', value: { kind: 'payload' } };
  const literal = (value: unknown) => ({ name: 'x', value: { kind: 'literal', value } });
  it.each<[string, unknown, string]>([
    ['null', null, '/members'],
    ['a list', [], '/members'],
    ['no members', { members: [] }, '/members'],
    ['two payloads', { members: [data, { ...data, name: 'other' }] }, '/members'],
    ['too many members', { members: Array.from({ length: 33 }, () => data) }, '/members'],
    ['a repeated name', { members: [data, { name: 'data', value: { kind: 'eventId' } }] }, '/members/1/name'],
    ['an empty name', { members: [{ ...data, name: '' }] }, '/members/0/name'],
    ['a long name', { members: [{ ...data, name: 'x'.repeat(65) }] }, '/members/0/name'],
    ['a name that is no text', { members: [{ ...data, name: 1 }] }, '/members/0/name'],
    ['an unknown kind', { members: [{ name: 'a', value: { kind: 'secret' } }] }, '/members/0/value/kind'],
    ['an inherited kind', { members: [{ name: 'a', value: { kind: 'toString' } }] }, '/members/0/value/kind'],
    [
      'a time without format',
      { members: [data, { name: 'a', value: { kind: 'timestamp' } }] },
      '/members/1/value/format',
    ],
    ['a long literal', { members: [data, literal('x'.repeat(257))] }, '/members/1/value/value'],
    ['an object literal', { members: [data, literal({})] }, '/members/1/value/value'],
    ['a literal that JSON cannot write', { members: [data, literal(Number.NaN)] }, '/members/1/value/value'],
    ['another member', { members: [data], more: 1 }, ''],
    [
      'another member in a value',
      { members: [{ name: 'data', value: { kind: 'payload', a: 1 } }] },
      '/members/0/value',
    ],
    ['a member that is no object', { members: [data, 7] }, '/members/1'],
  ])('refuses %s and points at it', (_, input, pointer) => {
    const validation = validateEnvelope(input);
    expect(validation).toMatchObject({ ok: false, issues: [{ pointer }] });
  });

  it('never throws, and what it accepts can be spliced', () => {
    const value = fc.oneof(
      fc.record({ kind: fc.constantFrom('payload', 'eventId', 'deliveryId') }),
      fc.record({ kind: fc.constant('timestamp'), format: fc.constantFrom('iso8601', 'unixSeconds') }),
      fc.record({ kind: fc.constant('literal'), value: fc.anything() }),
      fc.anything(),
    );
    const members = fc.array(fc.oneof(fc.record({ name: fc.string(), value }), fc.anything()), { maxLength: 4 });
    fc.assert(
      fc.property(fc.oneof(fc.record({ members }), fc.anything()), (input) => {
        const validation = validateEnvelope(input);
        if (validation.ok) JSON.parse(textOf(spliceEnvelope(validation.envelope, context)));
      }),
      { numRuns: 500 },
    );
  });
});
