import { Webhook } from 'standardwebhooks';
import { describe, expect, it } from 'vitest';
import { standardWebhooks } from '../src/node/index.ts';
import { entryPoints } from './entry-points.ts';

// The reference library reads the real clock and cannot be told another time.
const now = Date.now();
const timestampSeconds = Math.floor(now / 1000);
const body = '{"type":"user.created","data":{"name":"Zoë"}}';

describe.each(entryPoints)('the $name entry point and the reference library', (entry) => {
  it('accept each other’s signatures', async () => {
    const { text } = await entry.generateSecret({ algorithm: 'hmac-sha256', spelling: 'whsec' });
    const reference = new Webhook(text);
    const signer = await entry.signer(standardWebhooks, [{ id: 's', algorithm: 'hmac-sha256', text }]);
    const signature = await signer.sign({ id: 'msg_1', timestampSeconds, body: Buffer.from(body) });
    const headers = {
      'webhook-id': 'msg_1',
      'webhook-timestamp': String(timestampSeconds),
      'webhook-signature': signature,
    };
    expect(reference.verify(body, headers)).toEqual(JSON.parse(body));

    const theirs = {
      ...headers,
      'webhook-signature': reference.sign('msg_1', new Date(timestampSeconds * 1000), body),
    };
    expect(theirs['webhook-signature']).toBe(signature);
    expect(await entry.verify({ secrets: [text], headers: theirs, body, now })).toMatchObject({ ok: true });
  });

  it('agree while a rotation is on, with the old and with the new secret', async () => {
    const make = async (): Promise<string> =>
      (await entry.generateSecret({ algorithm: 'hmac-sha256', spelling: 'whsec' })).text;
    const [next, old, stranger] = [await make(), await make(), await make()];
    const pair = await entry.generateSecret({ algorithm: 'ed25519', spelling: 'whsk' });
    const signer = await entry.signer(standardWebhooks, [
      { id: 'next', algorithm: 'hmac-sha256', text: next },
      { id: 'pair', algorithm: 'ed25519', text: pair.text },
      { id: 'old', algorithm: 'hmac-sha256', text: old },
    ]);
    const flat = await signer.headers({ id: 'msg_2', timestampSeconds, body: Buffer.from(body) });
    const headers = Object.fromEntries([0, 2, 4].map((at) => [flat[at]!, flat[at + 1]!]));
    for (const text of [next, old]) expect(new Webhook(text).verify(body, headers)).toEqual(JSON.parse(body));
    expect(() => new Webhook(stranger).verify(body, headers)).toThrow();
  });
});
