import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type EventInput, type EventQuery, readEventInput } from './event-input.ts';

const JSON_TYPE = 'application/json';

function read(body: string | Buffer, query: EventQuery = {}, contentType: string | null = JSON_TYPE): EventInput {
  return readEventInput(query, { bytes: Buffer.from(body), contentType });
}

function payloads(input: EventInput): string[] {
  if (!input.ok) throw new Error(`refused: ${input.problem.code} ${input.problem.detail}`);
  return input.events.map((event) => Buffer.from(event.payload).toString('latin1'));
}

function refusal(input: EventInput): [string, string | undefined] {
  if (input.ok) throw new Error('it was taken');
  return [input.problem.code, input.problem.errors?.[0]?.pointer];
}

describe('one event', () => {
  it('keeps the bytes of any payload as they were written', () => {
    fc.assert(
      fc.property(fc.json(), fc.constantFrom('', ' ', '\n\t '), (payload, space) => {
        const body = `{${space}"type":"a.b",${space}"payload":${space}${payload}${space}}`;
        expect(payloads(read(body))).toEqual([Buffer.from(payload).toString('latin1')]);
      }),
    );
  });

  it('keeps what a parser would change: numbers, escapes, repeated keys inside', () => {
    const payload = String.raw`{"big":12345678901234567890,"one":1.0,"e":"\u00e9","x":1,"x":2}`;
    expect(payloads(read(`{"payload":${payload},"type":"a"}`))).toEqual([payload]);
  });

  it('takes null as a payload and not its absence', () => {
    expect(payloads(read('{"type":"a","payload":null}'))).toEqual(['null']);
    expect(refusal(read('{"type":"a"}'))).toEqual(['validation_failed', '/payload']);
  });

  it.each([
    ['{"payload":1}', 'validation_failed', '/type'],
    ['{"type":1,"payload":1}', 'validation_failed', '/type'],
    ['{"type":"a","payload":1,"id":7}', 'validation_failed', '/id'],
    ['{"type":"a","payload":1,"id":null}', 'validation_failed', '/id'],
    ['{"type":"a","payload":1,"occurredAt":"yesterday"}', 'validation_failed', '/occurredAt'],
    ['{"type":"a","payload":1,"occurredAt":1}', 'validation_failed', '/occurredAt'],
    ['{"type":"a","payload":1,"occuredAt":"2026-01-01T00:00:00Z"}', 'validation_failed', '/occuredAt'],
    ['{"type":"a","payload":1,"payload":2}', 'duplicate_key', '/payload'],
    [String.raw`{"type":"a","payload":1,"\u0074ype":"b"}`, 'duplicate_key', '/type'],
    ['[]', 'validation_failed', ''],
    ['"text"', 'validation_failed', ''],
  ])('%s is refused with %s at %s', (body, code, pointer) => {
    expect(refusal(read(body))).toEqual([code, pointer]);
  });

  it.each(['', '{', '{"type":"a","payload":}', '{"type":"a","payload":01}', '\ufeff{}', '{"type":"a","payload":1}x'])(
    '%j cannot be read',
    (body) => {
      expect(refusal(read(body))[0]).toBe('invalid_body');
    },
  );
});

describe('a batch', () => {
  it('is several events in order', () => {
    const input = read('{"events":[{"type":"a","payload":1},{"type":"b","payload":[2]}]}');
    expect(payloads(input)).toEqual(['1', '[2]']);
    expect(input).toMatchObject({ isBatch: true, events: [{ type: 'a' }, { type: 'b' }] });
  });

  it.each([
    ['{"events":[{"type":"a","payload":1},{"type":"b"}]}', 'validation_failed', '/events/1/payload'],
    ['{"events":{}}', 'validation_failed', '/events'],
    ['{"events":[1]}', 'validation_failed', '/events/0'],
    ['{"events":[],"type":"a"}', 'validation_failed', '/type'],
    ['{"events":[],"events":[]}', 'duplicate_key', '/events'],
    ['{"events":[{"type":"a","type":"a","payload":1}]}', 'duplicate_key', '/events/0/type'],
  ])('%s is refused with %s at %s', (body, code, pointer) => {
    expect(refusal(read(body))).toEqual([code, pointer]);
  });

  it('is refused when it has more events than a batch may', () => {
    const events = Array.from({ length: 1_001 }, () => '{"type":"a","payload":1}').join();
    expect(refusal(read(`{"events":[${events}]}`))).toEqual(['validation_failed', '/events']);
  });
});

describe('a raw body', () => {
  it('is the payload when the query names a type and the content type is another', () => {
    const bytes = Buffer.from([0, 1, 255, 254]);
    const input = read(bytes, { type: 'a.b', id: 'x', occurredAt: '2026-01-31T12:00:00Z' }, 'image/png');
    expect(input).toMatchObject({
      isBatch: false,
      events: [{ id: 'x', type: 'a.b', contentType: 'image/png', occurredAt: 1_769_860_800_000 }],
    });
    expect(payloads(input)).toEqual([bytes.toString('latin1')]);
  });

  it('is the payload with raw=true, also when it is JSON that looks like an event', () => {
    const body = '{"type":"a","payload":1}';
    expect(payloads(read(body, { type: 'b', raw: true }))).toEqual([body]);
  });

  it('without a content type is bytes', () => {
    expect(read('x', { type: 'a' }, null)).toMatchObject({ events: [{ contentType: 'application/octet-stream' }] });
  });

  it.each<[string, EventQuery, string | null, string, string, string | undefined]>([
    ['raw without a type', { raw: true }, JSON_TYPE, '{}', 'validation_failed', '?type'],
    ['JSON that is broken', { raw: true, type: 'a' }, JSON_TYPE, '{', 'invalid_body', undefined],
    ['a time that is none', { type: 'a', occurredAt: 'x' }, 'text/plain', 'x', 'validation_failed', '?occurredAt'],
    ['a content type that is none', { type: 'a' }, 'text', 'x', 'unsupported_media_type', undefined],
    [
      'a content type that no header can carry',
      { type: 'a' },
      'text/plain; a="é"',
      'x',
      'unsupported_media_type',
      undefined,
    ],
    ['another content type without a type', {}, 'text/plain', 'x', 'unsupported_media_type', undefined],
    ['a type beside a JSON event', { type: 'a' }, JSON_TYPE, '{"type":"a","payload":1}', 'validation_failed', '?type'],
  ])('is refused: %s', (_name, query, contentType, body, code, pointer) => {
    expect(refusal(read(body, query, contentType))).toEqual([code, pointer]);
  });
});
