import { expect, it } from 'vitest';
import type { Envelope } from '../domain/envelope.ts';
import { headerOf } from '../engine/testing/scripted-sender.ts';
import { sendTest, type TestContent } from './test-send.ts';
import { inAppWorld, valueOf } from './testing/app-world.ts';

const OWN: Envelope = { members: [{ name: 'own', value: { kind: 'payload' } }] };
const ONCE: Envelope = {
  members: [
    { name: 'type', value: { kind: 'eventType' } },
    { name: 'data', value: { kind: 'payload' } },
  ],
};

it(
  'a test goes out as its dialect says: in the envelope of the endpoint, in another one, or in none',
  inAppWorld(async ({ world, app, caller }) => {
    const { id, url } = await world.addEndpoint({ envelope: OWN });
    const payload = Buffer.from('{"a": 1}');
    const send = async (content: TestContent) => {
      const sending = sendTest(app, caller(), id, content, null, 'shown');
      await world.time.advance(5);
      expect(valueOf(await sending).url).toBe(url);
      const seen = world.sender.seen.at(-1);
      if (seen === undefined) throw new Error('nothing was sent');
      return [Buffer.from(seen.body).toString(), headerOf(seen, 'webhook-event-type')];
    };
    expect(await send({ payload })).toEqual(['{"own":{"a": 1}}', 'webhook.test']);
    expect(await send({ payload, envelope: ONCE, type: 'test_ping' })).toEqual([
      '{"type":"test_ping","data":{"a": 1}}',
      'test_ping',
    ]);
    expect(await send({ payload, envelope: null })).toEqual(['{"a": 1}', 'webhook.test']);
    expect((await send({ payload: null, envelope: null }))[0]).toBe('{"message":"This is a test. Nothing happened."}');
    expect((await world.currentEndpoint(id)).envelope).toEqual(OWN);
  }),
);
