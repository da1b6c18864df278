import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type EventDocument, readEventDocument } from './event-document.ts';

function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function read(text: string) {
  return readEventDocument(bytesOf(text));
}

function single(text: string): EventDocument {
  const reading = read(text);
  if (!reading.ok || reading.kind !== 'single') throw new Error(JSON.stringify(reading));
  return reading.event;
}

function payloadText(text: string, event: EventDocument): string | null {
  return event.payload && new TextDecoder().decode(bytesOf(text).subarray(event.payload.start, event.payload.end));
}

describe('reading one event', () => {
  it.each([
    '{"b": 1 ,  "a":2}',
    '12345678901234567890123',
    '1.10e+2',
    '"\\u00e9\\/ é 😀"',
    'null',
    '[ ]',
    '{"a":1,"a":2}',
  ])('keeps the payload %s byte for byte', (payload) => {
    const text = ` {"type" : "a.b",\n"payload":\t${payload} , "id":"x"} `;
    const event = single(text);
    expect(payloadText(text, event)).toBe(payload);
    expect(event.members).toEqual({ type: 'a.b', id: 'x' });
    expect(event.unknown).toEqual([]);
  });

  it('keeps any payload byte for byte, in any order of members', () => {
    const order = fc.shuffledSubarray(['type', 'payload', 'id', 'occurredAt'] as const);
    fc.assert(
      fc.property(fc.json(), order, fc.string(), fc.nat({ max: 3 }), (payload, names, other, indent) => {
        const space = ' '.repeat(indent);
        const small = { type: other.slice(0, 50), id: null, occurredAt: { deep: [1] } };
        const members = names.map((name) => {
          const written = name === 'payload' ? payload : JSON.stringify(small[name], null, indent);
          return `${space}"${name}"${space}:${space}${written}${space}`;
        });
        const text = `{${members.join(',')}}`;
        const event = single(text);
        expect(payloadText(text, event)).toBe(names.includes('payload') ? payload : null);
        const expected = Object.fromEntries(
          names.filter((name) => name !== 'payload').map((name) => [name, small[name as 'id']]),
        );
        expect({ ...event.members }).toEqual(expected);
      }),
    );
  });

  it('tells a payload of null from none', () => {
    expect(single('{"type":"a","payload":null}').payload).toEqual({ start: 22, end: 26 });
    expect(single('{"type":"a"}').payload).toBeNull();
  });

  it('reads names and values that are written with escapes', () => {
    const text = '{"\\u0074ype":"a\\u002eb","p\\u0061yload":1}';
    expect(single(text).members).toEqual({ type: 'a.b' });
    expect(payloadText(text, single(text))).toBe('1');
  });

  it('gives the members no prototype', () => {
    const { members } = single('{"__proto__":{"type":"a"},"constructor":1}');
    expect(Object.getPrototypeOf(members)).toBeNull();
    expect('type' in members).toBe(false);
  });

  it('reports unknown names, a few of many', () => {
    expect(single('{"typ":1,"Payload":2,"__proto__":3,"ids":4,"evente":5}').unknown).toEqual([
      'typ',
      'Payload',
      '__proto__',
      'ids',
      'evente',
    ]);
    const many = Array.from({ length: 500 }, (_, index) => `"n${index}":0`).join(',');
    expect(single(`{${many}}`).unknown).toHaveLength(16);
  });

  it.each([
    ['{"type":"a","type":"b","payload":1}', 'type'],
    ['{"payload":1,"\\u0070ayload":1}', 'payload'],
    ['{"id":1,"payload":1,"i\\u0064":1}', 'id'],
    ['{"x":1,"payload":1,"\\u0078":1}', 'x'],
    ['{"events":[],"\\u0065vents":[]}', 'events'],
  ])('refuses %s, which repeats a name', (text, name) => {
    expect(read(text)).toEqual({ ok: false, code: 'duplicate_key', pointer: '', name });
  });

  it('finds a repeated name among more unknown ones than it reports', () => {
    const many = Array.from({ length: 50 }, (_, index) => `"n${index}":0`).join(',');
    expect(read(`{${many},"n49":1}`)).toMatchObject({ code: 'duplicate_key', name: 'n49' });
  });

  it('refuses a small member that is large', () => {
    const fits = `"${'x'.repeat(1_022)}"`;
    expect(single(`{"id":${fits},"payload":1}`).members.id).toHaveLength(1_022);
    expect(read(`{"id":${fits.slice(0, -1)}y","payload":1}`)).toEqual({
      ok: false,
      code: 'member_too_large',
      pointer: '/id',
      name: 'id',
      maxBytes: 1_024,
    });
  });

  it('says that a body is broken before it says what else is wrong', () => {
    expect(read('{"type":1,"type":2')).toMatchObject({ code: 'invalid_json', offset: 18 });
    expect(read('{"type":1,"type":2} x')).toMatchObject({ code: 'invalid_json', offset: 20 });
    expect(read('[1,]')).toMatchObject({ code: 'invalid_json' });
    expect(read('\ufeff{}')).toMatchObject({ code: 'bom' });
    expect(read('')).toMatchObject({ code: 'empty' });
    expect(readEventDocument(Uint8Array.of(0x7b, 0xff, 0x7d))).toMatchObject({ code: 'invalid_utf8' });
    expect(read('[]')).toEqual({ ok: false, code: 'not_an_object', pointer: '' });
  });

  it('takes a payload a hundred thousand levels deep', () => {
    const payload = '['.repeat(100_000) + ']'.repeat(100_000);
    expect(single(`{"payload":${payload}}`).payload).toEqual({ start: 11, end: 200_011 });
  });
});

describe('reading a batch', () => {
  it('finds every payload in the whole body', () => {
    fc.assert(
      fc.property(fc.array(fc.json(), { maxLength: 5 }), (payloads) => {
        const text = `{"events": [${payloads.map((each) => ` {"type":"a","payload": ${each}}`).join(' ,')}] }`;
        const reading = read(text);
        if (!reading.ok || reading.kind !== 'batch') throw new Error(JSON.stringify(reading));
        expect(reading.events.map((event) => payloadText(text, event))).toEqual(payloads);
        expect(reading.events.every((event) => event.members.type === 'a')).toBe(true);
        expect(reading.unknown).toEqual([]);
      }),
    );
  });

  it('reports everything beside the events as unknown, and events inside an event', () => {
    const reading = read('{"type":"a","events":[{"events":[],"payload":1}],"payload":1,"x":2}');
    if (!reading.ok || reading.kind !== 'batch') throw new Error(JSON.stringify(reading));
    expect(reading.unknown.toSorted()).toEqual(['payload', 'type', 'x']);
    expect(reading.events[0]?.unknown).toEqual(['events']);
  });

  it('points at the event that is wrong', () => {
    expect(read('{"events":[{"id":1},{"id":1,"id":2}]}')).toMatchObject({
      code: 'duplicate_key',
      pointer: '/events/1',
    });
    expect(read('{"events":[{},7]}')).toEqual({ ok: false, code: 'not_an_object', pointer: '/events/1' });
    expect(read('{"events":{}}')).toEqual({ ok: false, code: 'not_an_array', pointer: '/events' });
    const long = JSON.stringify('x'.repeat(2_000));
    expect(read(`{"events":[{"type":${long}}]}`)).toMatchObject({
      code: 'member_too_large',
      pointer: '/events/0/type',
    });
  });

  it('refuses more events than allowed, but broken JSON first', () => {
    const reading = readEventDocument(bytesOf('{"events":[{},{},{}]}'), 2);
    expect(reading).toEqual({ ok: false, code: 'too_many_events', pointer: '/events', max: 2 });
    expect(readEventDocument(bytesOf('{"events":[{},{},{]}'), 2)).toMatchObject({ code: 'invalid_json' });
    expect(readEventDocument(bytesOf('{"events":[{},{}]}'), 2)).toMatchObject({ ok: true });
  });

  it('agrees with JSON.parse on what is valid, and never throws', () => {
    const parts = ['{', '}', '[', ']', ':', ',', '"events"', '"payload"', '"type"', '"\\u0069d"', '1', ' ', '"', '\\'];
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...parts), { maxLength: 14 }), fc.boolean(), (tokens, wrapped) => {
        const text = wrapped ? `{"events":[{${tokens.join('')}}]}` : tokens.join('');
        const reading = read(text);
        let valid = true;
        try {
          JSON.parse(text);
        } catch {
          valid = false;
        }
        const unreadable = !reading.ok && (reading.code === 'invalid_json' || reading.code === 'empty');
        expect(unreadable).toBe(!valid);
      }),
      { numRuns: 3_000 },
    );
  });
});
