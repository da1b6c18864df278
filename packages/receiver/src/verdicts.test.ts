import { verify } from '@hookring/signing';
import { Webhook } from 'standardwebhooks';
import { describe, expect, it } from 'vitest';
import { inSequence, respond } from './behaviour.ts';
import { type Receiver, startReceiver } from './receiver.ts';
import { headerRecord, keyIdAt } from './request.ts';
import { Verdicts, type Verify } from './verdicts.ts';

const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const OTHER_SECRET = 'whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD';
const BODY = '{"test": 2432232314}';

const byReference: Verify = (request) => {
  new Webhook(SECRET).verify(Buffer.from(request.body), headerRecord(request));
  return { ok: true };
};

const byHookring: Verify = (request) => {
  const { headers, body } = { headers: headerRecord(request), body: request.body };
  const result = verify({ secrets: [SECRET], headers, body, now: Date.now() });
  if (!result.ok) return { ok: false, reason: result.code };
  return { ok: true, keyId: keyIdAt(request, result.signatureIndex) };
};

async function deliver(receiver: Receiver, options: { id?: string; secret?: string; path?: string } = {}) {
  const id = options.id ?? 'evt_1';
  const now = new Date();
  const response = await fetch(receiver.url(options.path), {
    method: 'POST',
    headers: {
      'webhook-id': id,
      'webhook-timestamp': String(Math.floor(now.getTime() / 1_000)),
      'webhook-signature': new Webhook(options.secret ?? SECRET).sign(id, now, BODY),
      'webhook-key-ids': 'sec_1',
    },
    body: BODY,
  });
  await response.arrayBuffer();
  return response.status;
}

describe.each([
  ['the reference library', byReference],
  ['@hookring/signing', byHookring],
])('verifying with %s', (_, verify) => {
  it('counts and answers what verifies, and refuses the rest with a reason', async () => {
    await using receiver = await startReceiver({ verify, otherwise: respond(200) });
    expect(await deliver(receiver)).toBe(200);
    expect(await deliver(receiver, { id: 'evt_2', secret: OTHER_SECRET, path: '/p' })).toBe(401);
    expect(receiver.verdicts()).toMatchObject({
      verified: 1,
      rejected: 1,
      duplicates: 0,
      rejections: [{ number: 2, path: '/p', id: 'evt_2', reason: expect.stringMatching(/signature/i) }],
    });
  });
});

describe('counting verdicts', () => {
  it('tells by which secret, when the sender names it', async () => {
    await using receiver = await startReceiver({ verify: byHookring });
    await deliver(receiver);
    await deliver(receiver);
    expect(receiver.verdicts().verifiedByKeyId).toEqual({ sec_1: 2 });
  });

  it('counts an id again only on the same path, verified or not', async () => {
    await using receiver = await startReceiver({ verify: byReference });
    await deliver(receiver, { id: 'a', path: '/one' });
    await deliver(receiver, { id: 'a', path: '/two' });
    await deliver(receiver, { id: 'b', path: '/one' });
    expect(receiver.verdicts().duplicates).toBe(0);
    await deliver(receiver, { id: 'a', path: '/one', secret: OTHER_SECRET });
    expect(receiver.verdicts().duplicates).toBe(1);
  });

  it('plays another script for the rejected, and leaves the sequence to the verified', async () => {
    const otherwise = inSequence([respond(500)], respond(200));
    await using receiver = await startReceiver({ verify: byReference, otherwise, rejected: respond(400) });
    expect(await deliver(receiver, { secret: OTHER_SECRET })).toBe(400);
    expect(await deliver(receiver)).toBe(500);
    expect(await deliver(receiver)).toBe(200);
  });

  it('keeps the first rejections and remembers the last ids only', () => {
    const verdicts = new Verdicts({ rejectionsKeptMax: 2, idsRememberedMax: 2 });
    const fixed = { number: 1, method: 'POST', path: '/', target: '/', at: 0, connection: 1, body: new Uint8Array() };
    const request = (id: string) => ({
      ...fixed,
      headers: [['Webhook-Id', id]] as const,
    });
    for (const reason of ['one', 'two', 'three']) verdicts.count(request('x'), { ok: false, reason });
    expect(verdicts.counts().rejections.map((each) => each.reason)).toEqual(['one', 'two']);
    expect(verdicts.counts().rejected).toBe(3);
    for (const id of ['a', 'b', 'c', 'a', 'c']) verdicts.countId(request(id));
    expect(verdicts.counts().duplicates).toBe(1);
  });
});
