import { readdirSync, readFileSync } from 'node:fs';
import type { IncomingHttpHeaders } from 'node:http';
import { describe, expect, it } from 'vitest';
import * as node from '../src/node/index.ts';
import * as web from '../src/web/index.ts';
import { entryPoints } from './entry-points.ts';
import { profileVectors, secretVectors, signatureVectors, verificationVectors } from './vectors.ts';

const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const sound = verificationVectors.find((vector) => vector.expect.ok)!;
const asymmetric = signatureVectors.find((vector) => vector.algorithm === 'ed25519')!;

describe('the two entry points', () => {
  it('export the same names', () => {
    expect(Object.keys(web).sort()).toEqual(Object.keys(node).sort());
  });

  it('keep Node out of the web one', () => {
    for (const folder of ['core', 'web']) {
      const files = readdirSync(new URL(`../src/${folder}/`, import.meta.url)).filter(
        (name) => !name.endsWith('.test.ts'),
      );
      expect(files.length).toBeGreaterThan(3);
      for (const name of files) {
        const text = readFileSync(new URL(`../src/${folder}/${name}`, import.meta.url), 'utf8');
        expect(text, name).not.toMatch(/from 'node:|\bBuffer\b|\bprocess\.|\/node\//);
      }
    }
  });

  it('accept each other’s signatures', async () => {
    const body = new Uint8Array([0, 255, 1]);
    const [one, other] = [entryPoints[0]!, entryPoints[1]!];
    for (const [from, to] of [
      [one, other],
      [other, one],
    ] as const) {
      const both = [
        await from.generateSecret({ algorithm: 'hmac-sha256', spelling: 'whsec' }),
        await from.generateSecret({ algorithm: 'ed25519', spelling: 'whsk' }),
      ];
      const signer = await from.signer(node.standardWebhooks, [
        { id: 'a', algorithm: 'hmac-sha256', text: both[0]!.text },
        { id: 'b', algorithm: 'ed25519', text: both[1]!.text },
      ]);
      const headers = await signer.headers({ id: 'evt_1', timestampSeconds: 1_700_000_000, body });
      for (const secret of [both[0]!.text, both[1]!.publicText!]) {
        expect(await to.verify({ secrets: [secret], headers, body, now: 1_700_000_000_000 })).toMatchObject({
          ok: true,
        });
      }
    }
  });
});

describe.each(entryPoints)('the $name entry point', (entry) => {
  it.each(secretVectors)(
    'reads a secret strictly: $name',
    async ({ text, algorithm, decoding, keyHex, publicKey, problem }) => {
      if (problem !== undefined) {
        const refused = entry.readKey(text, algorithm, decoding);
        await expect(refused).rejects.toBeInstanceOf(node.SecretFormatError);
        await expect(refused).rejects.toMatchObject({ reason: problem });
        if (text !== '') await expect(refused).rejects.not.toThrow(text);
        return;
      }
      await entry.readKey(text, algorithm, decoding);
      if (publicKey !== undefined) expect(await entry.publicKeyText(text)).toBe(publicKey);
      if (keyHex !== undefined) {
        const body = new Uint8Array([1, 2, 3]);
        const message = { id: 'x', timestampSeconds: 1, body };
        const sign = async (secret: string, secretDecoding: node.SecretDecoding): Promise<string> => {
          const profile = { ...node.standardWebhooks, secretDecoding };
          return (await entry.signer(profile, [{ id: 's', algorithm, text: secret }])).sign(message);
        };
        expect(await sign(text, decoding)).toBe(await sign(keyHex, 'hex'));
      }
    },
  );

  it('makes secrets from the random bytes it is given', async () => {
    const random = (byteLength: number): Uint8Array => new Uint8Array(byteLength).fill(7);
    const make = async (spelling: node.HmacSpelling): Promise<string> =>
      (await entry.generateSecret({ algorithm: 'hmac-sha256', spelling, random })).text;
    expect(await make('hex')).toBe('07'.repeat(32));
    expect(await make('base64')).toBe('BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=');
    expect(await make('whsec')).toBe('whsec_BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=');
    const pair = await entry.generateSecret({ algorithm: 'ed25519', spelling: 'whsk', random });
    expect(pair.text).toMatch(/^whsk_BwcH/);
    expect(pair.publicText).toBe(await entry.publicKeyText(pair.text));
  });

  it('makes another secret each time by default, of 32 bytes', async () => {
    const texts = new Set<string>();
    for (let i = 0; i < 20; i++) {
      const { text } = await entry.generateSecret({ algorithm: 'hmac-sha256', spelling: 'whsec' });
      expect(node.checkImportedSecret(text, 'base64')).toEqual({ ok: true, byteLength: 32 });
      texts.add(text);
    }
    expect(texts.size).toBe(20);
  });

  it('refuses to make a secret of a length out of bounds or from a source that runs short', async () => {
    const make = async (options: node.GenerateOptions): Promise<unknown> => entry.generateSecret(options);
    for (const byteLength of [0, 23, 65, 32.5, Number.NaN]) {
      await expect(make({ algorithm: 'hmac-sha256', spelling: 'hex', byteLength })).rejects.toThrow(RangeError);
    }
    const random = (): Uint8Array => new Uint8Array(8);
    await expect(make({ algorithm: 'ed25519', spelling: 'whsk', random })).rejects.toThrow(RangeError);
  });

  it('lays out all headers of a profile, names and values in turn', async () => {
    const secrets = [
      { id: 'sec_new', algorithm: 'hmac-sha256', text: SECRET },
      { id: 'sec_old', algorithm: 'ed25519', text: asymmetric.secret },
    ] as const;
    const message = { id: 'evt_1', timestampSeconds: 1_700_000_000, body: new Uint8Array(3) };
    const native = await entry.signer(node.nativeWebhooks, secrets);
    const signature = await native.sign(message);
    const shared = ['webhook-id', 'evt_1', 'webhook-timestamp', '1700000000', 'webhook-signature', signature];
    expect(await native.headers({ ...message, eventType: 'user.created' })).toEqual([
      ...shared,
      'webhook-event-type',
      'user.created',
      'webhook-key-ids',
      'sec_new sec_old',
    ]);
    expect(await native.headers(message)).toEqual([...shared, 'webhook-key-ids', 'sec_new sec_old']);
    expect(await (await entry.signer(node.standardWebhooks, secrets)).headers(message)).toEqual(shared);
    const stripe = await entry.signer(profileVectors['moonborn']!, secrets.slice(0, 1));
    expect(await stripe.headers(message)).toEqual(['X-Moonborn-Signature', await stripe.sign(message)]);
  });

  it('refuses to sign what a header or the signed content could not carry', async () => {
    const signer = await entry.signer(node.nativeWebhooks, [{ id: 's', algorithm: 'hmac-sha256', text: SECRET }]);
    const sign = async (id: string, timestampSeconds: number): Promise<unknown> =>
      signer.sign({ id, timestampSeconds, body: new Uint8Array(0) });
    for (const id of ['', 'a.b', 'a b', 'a\r\nx: y', 'é', 'a'.repeat(257)])
      await expect(sign(id, 1)).rejects.toThrow(RangeError);
    for (const seconds of [-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 1e12]) {
      await expect(sign('evt_1', seconds)).rejects.toThrow(RangeError);
    }
    const message = { id: 'evt_1', timestampSeconds: 1, body: new Uint8Array(0), eventType: 'a\nb' };
    await expect((async () => signer.headers(message))()).rejects.toThrow(RangeError);
  });

  it('refuses a signer without secrets, with too many, or with one the profile cannot write', async () => {
    const one = { id: 's', algorithm: 'hmac-sha256', text: SECRET } as const;
    await expect(entry.signer(node.standardWebhooks, [])).rejects.toThrow(RangeError);
    await expect(
      entry.signer(
        node.standardWebhooks,
        Array.from({ length: 17 }, () => one),
      ),
    ).rejects.toThrow(RangeError);
    await expect(entry.signer(node.standardWebhooks, [{ ...one, id: 'a b' }])).rejects.toThrow(RangeError);
    const pair = { id: 's', algorithm: 'ed25519', text: asymmetric.secret } as const;
    await expect(entry.signer(node.stripeStyle('X-Signature'), [pair])).rejects.toThrow(TypeError);
  });

  it('throws an error with the code, and none when all is well', async () => {
    const request = { secrets: sound.secrets, headers: sound.headers, body: sound.body, now: sound.nowSeconds * 1000 };
    expect(await entry.verifyOrThrow(request)).toMatchObject({
      ok: true,
      timestamp: 1614265330,
      id: 'msg_p5jXN8AQM9LWM0D4loKWxJek',
    });
    const refused = entry.verifyOrThrow({ ...request, body: 'x' });
    await expect(refused).rejects.toBeInstanceOf(node.WebhookVerificationError);
    await expect(refused).rejects.toMatchObject({ name: 'WebhookVerificationError', code: 'signature_mismatch' });
  });

  it('reads headers of every common shape', async () => {
    const pairs = Object.entries(sound.headers) as [string, string][];
    const incoming: IncomingHttpHeaders = Object.fromEntries(pairs);
    const shapes = [new Headers(pairs), new Map(pairs), pairs, pairs.flat(), incoming];
    for (const headers of shapes) {
      const result = await entry.verify({
        secrets: sound.secrets,
        headers,
        body: sound.body,
        now: sound.nowSeconds * 1000,
      });
      expect(result).toMatchObject({ ok: true });
    }
  });

  it('takes the body as text, as bytes, or as an ArrayBuffer', async () => {
    const bytes = new TextEncoder().encode(sound.body);
    const padded = new Uint8Array(bytes.length + 10).fill(1);
    padded.set(bytes, 5);
    for (const body of [sound.body, bytes, bytes.buffer, padded.subarray(5, 5 + bytes.length), Buffer.from(bytes)]) {
      const result = await entry.verify({
        secrets: sound.secrets,
        headers: sound.headers,
        body,
        now: sound.nowSeconds * 1000,
      });
      expect(result).toMatchObject({ ok: true });
    }
  });

  it('says so when the body was parsed before', async () => {
    // What a caller in plain JavaScript does by mistake.
    const body = JSON.parse(sound.body) as string;
    const result = await entry.verify({
      secrets: sound.secrets,
      headers: sound.headers,
      body,
      now: sound.nowSeconds * 1000,
    });
    expect(result).toMatchObject({ ok: false, code: 'body_not_raw' });
  });

  it('never verifies with a broken clock or tolerance', async () => {
    const request = { secrets: sound.secrets, headers: sound.headers, body: sound.body };
    const run = async (now: number, toleranceSeconds: number): Promise<unknown> =>
      entry.verify({ ...request, now, toleranceSeconds });
    await expect(run(Number.NaN, 300)).rejects.toThrow(RangeError);
    for (const tolerance of [Number.NaN, -1, Number.POSITIVE_INFINITY]) {
      await expect(run(sound.nowSeconds * 1000, tolerance)).rejects.toThrow(RangeError);
    }
  });
});

describe('verifiers that are kept', () => {
  const request = { headers: sound.headers, body: sound.body, now: sound.nowSeconds * 1000 };

  it('read their secrets once', async () => {
    expect(node.createVerifier({ secrets: [SECRET] }).verify(request)).toMatchObject({ ok: true });
    expect(await (await web.createVerifier({ secrets: [SECRET] })).verify(request)).toMatchObject({ ok: true });
  });

  it('cannot be made from secrets that cannot be read', async () => {
    expect(() => node.createVerifier({ secrets: [''] })).toThrow(node.WebhookVerificationError);
    await expect(web.createVerifier({ secrets: [] })).rejects.toMatchObject({ code: 'secret_missing' });
  });

  it('take ready keys, and refuse one of another kind', async () => {
    const algorithm = 'hmac-sha256';
    const key = node.signingKey(SECRET, algorithm, 'base64');
    expect(node.verify({ ...request, secrets: [{ algorithm, key }] })).toMatchObject({ ok: true });
    expect(node.verify({ ...request, secrets: [{ algorithm: 'ed25519', key }] })).toMatchObject({
      code: 'secret_invalid',
    });
    const webKey = await web.signingKey(SECRET, algorithm, 'base64');
    expect(await web.verify({ ...request, secrets: [{ algorithm, key: webKey }] })).toMatchObject({ ok: true });
    const wrong = await web.verify({ ...request, secrets: [{ algorithm: 'ed25519', key: webKey }] });
    expect(wrong).toMatchObject({ code: 'secret_invalid' });
  });

  it('take a private ed25519 key as well, under Node', () => {
    const headers = {
      'webhook-id': asymmetric.id,
      'webhook-timestamp': String(asymmetric.timestamp),
      'webhook-signature': asymmetric.signature,
    };
    const key = node.signingKey(asymmetric.secret, 'ed25519', 'base64');
    const now = asymmetric.timestamp * 1000;
    const result = node.verify({ headers, body: asymmetric.body!, now, secrets: [{ algorithm: 'ed25519', key }] });
    expect(result).toMatchObject({ ok: true });
    expect(node.publicKeyText(key)).toBe(asymmetric.publicKey);
  });

  it('use the algorithm that is named, whatever the text begins with', () => {
    const profile = node.stripeStyle('X-Signature');
    const text = 'whsk_this is the key, word for word';
    const signer = node.createSigner(profile, [
      { id: 's', algorithm: 'hmac-sha256', key: node.signingKey(text, 'hmac-sha256', 'utf8') },
    ]);
    const body = new Uint8Array([1]);
    const headers = signer.headers({ id: '', timestampSeconds: 5, body });
    expect(node.verify({ profile, headers, body, now: 5000, secrets: [text] })).toMatchObject({ ok: true });
    const named = { algorithm: 'hmac-sha256', text } as const;
    expect(node.verify({ profile, headers, body, now: 5000, secrets: [named] })).toMatchObject({ ok: true });
  });
});

describe('createSigner', () => {
  it('refuses a key that does not fit its algorithm', async () => {
    const hmac = node.signingKey(SECRET, 'hmac-sha256', 'base64');
    expect(() => node.createSigner(node.standardWebhooks, [{ id: 's', algorithm: 'ed25519', key: hmac }])).toThrow(
      TypeError,
    );
    const webHmac = await web.signingKey(SECRET, 'hmac-sha256', 'base64');
    expect(() => web.createSigner(node.standardWebhooks, [{ id: 's', algorithm: 'ed25519', key: webHmac }])).toThrow(
      TypeError,
    );
  });
});
