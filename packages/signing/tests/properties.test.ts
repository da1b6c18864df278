import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Algorithm,
  createSigner,
  generateSecret,
  parseSignatureHeader,
  type SignatureProfile,
  signingKey,
  standardWebhooks,
  stripeStyle,
  validateProfile,
  verify,
} from '../src/node/index.ts';
import { entryPoints } from './entry-points.ts';
import { profileVectors } from './vectors.ts';

const RUNS = 150;
const separator = fc.constantFrom('.', ':', '|', ';', ',', '/', '~', ' ', '\n');
const headerName = fc.stringMatching(/^x-[a-z]{1,12}$/);

const listed: fc.Arbitrary<SignatureProfile> = fc
  .record({
    names: fc.uniqueArray(headerName, { minLength: 5, maxLength: 5 }),
    content: fc
      .tuple(separator, separator, fc.boolean())
      .map(([a, b, last]) => (last ? `{id}${a}{timestamp}${b}{body}` : `{body}${a}{timestamp}${b}{id}`)),
    joiner: fc.constantFrom(' ', ',', ';', '||'),
    digest: fc.constantFrom('base64' as const, 'hex' as const),
    secretDecoding: fc.constantFrom('base64' as const, 'utf8' as const, 'hex' as const),
  })
  .map(({ names, ...rest }) => ({
    ...rest,
    headers: { id: names[0]!, timestamp: names[1]!, signature: names[2]!, eventType: names[3]!, keyIds: names[4]! },
    elements: { 'hmac-sha256': 'v1:{signature}', ed25519: 'v1a:{signature}' },
    leadElement: null,
  }));
const stripe = fc
  .tuple(headerName, separator, fc.constantFrom('base64' as const, 'hex' as const))
  .map(([name, between, digest]) => stripeStyle(name, { separator: between, digest }));
const anyProfile = fc.oneof(listed, stripe, fc.constantFrom(...Object.values(profileVectors)));

const message = fc.record({
  id: fc.stringMatching(/^[A-Za-z0-9_-]{1,64}$/),
  timestampSeconds: fc.integer({ min: 0, max: 999_999_999_999 }),
  body: fc.uint8Array({ maxLength: 300 }),
});

function secretFor(profile: SignatureProfile, algorithm: Algorithm, bytes: Uint8Array): string {
  if (algorithm === 'ed25519') {
    return generateSecret({ algorithm, spelling: 'whsk', random: (length) => bytes.slice(0, length) }).text;
  }
  const spelling = profile.secretDecoding === 'hex' ? 'hex' : 'whsec';
  return generateSecret({ algorithm, spelling, byteLength: bytes.length, random: () => bytes }).text;
}

const signed = fc
  .record({
    profile: anyProfile,
    message,
    keys: fc.array(fc.tuple(fc.boolean(), fc.uint8Array({ minLength: 32, maxLength: 64 })), {
      minLength: 1,
      maxLength: 3,
    }),
  })
  .map(({ profile, message: sent, keys }) => {
    const secrets = keys.map(([wantsPair, bytes], index) => {
      const algorithm: Algorithm = wantsPair && profile.elements.ed25519 !== null ? 'ed25519' : 'hmac-sha256';
      return { id: `sec_${index}`, algorithm, text: secretFor(profile, algorithm, bytes) };
    });
    return { profile, message: sent, secrets };
  });

describe('a signature', () => {
  it.each(entryPoints)('verifies under any profile with any of its secrets ($name)', async (entry) => {
    await fc.assert(
      fc.asyncProperty(signed, async ({ profile, message: sent, secrets }) => {
        const checked = validateProfile(JSON.parse(JSON.stringify(profile)));
        if (!checked.ok) throw new Error(JSON.stringify(checked.problems));
        const headers = await (await entry.signer(checked.profile, secrets)).headers(sent);
        for (const { text } of secrets) {
          const now = sent.timestampSeconds * 1000;
          const result = await entry.verify({
            profile: checked.profile,
            secrets: [text],
            headers,
            body: sent.body,
            now,
          });
          expect(result).toMatchObject({ ok: true });
        }
      }),
      { numRuns: RUNS },
    );
  });

  it('fails after any single bit of the body is flipped', () => {
    fc.assert(
      fc.property(signed, fc.nat(), fc.nat(7), ({ profile, message: sent, secrets }, at, bit) => {
        fc.pre(sent.body.length > 0);
        const headers = createSigner(profile, keysOf(profile, secrets)).headers(sent);
        const body = sent.body.slice();
        body[at % body.length]! ^= 1 << bit;
        const now = sent.timestampSeconds * 1000;
        const result = verify({ profile, secrets: secrets.map(({ text }) => text), headers, body, now });
        expect(result).toMatchObject({ ok: false, code: 'signature_mismatch' });
      }),
      { numRuns: RUNS },
    );
  });

  it('fails after any single bit of the signature header is flipped', () => {
    fc.assert(
      fc.property(signed, fc.nat(), fc.nat(6), ({ profile, message: sent, secrets }, at, bit) => {
        const one = secrets.slice(0, 1);
        const value = createSigner(profile, keysOf(profile, one)).sign(sent);
        const index = at % value.length;
        const flipped = String.fromCharCode(value.charCodeAt(index) ^ (1 << bit));
        const headers: Record<string, string> = {
          [profile.headers.signature]: value.slice(0, index) + flipped + value.slice(index + 1),
        };
        if (profile.headers.id !== null) headers[profile.headers.id] = sent.id;
        if (profile.headers.timestamp !== null) headers[profile.headers.timestamp] = String(sent.timestampSeconds);
        const now = sent.timestampSeconds * 1000;
        const result = verify({ profile, secrets: [one[0]!.text], headers, body: sent.body, now });
        expect(result.ok).toBe(false);
      }),
      { numRuns: 600 },
    );
  });
});

describe('the header of the standard profile', () => {
  // The Python reference splits at single spaces and then demands exactly one comma in every entry.
  it('has entries of exactly one comma, joined by single spaces', () => {
    const rings = signed.filter(
      ({ profile }) => profile.elements.ed25519 !== null && profile.secretDecoding === 'base64',
    );
    fc.assert(
      fc.property(rings, ({ message: sent, secrets }) => {
        const value = createSigner(standardWebhooks, keysOf(standardWebhooks, secrets)).sign(sent);
        const entries = value.split(' ');
        expect(entries).toHaveLength(secrets.length);
        for (const entry of entries) {
          expect(entry).toMatch(/^v1(,[A-Za-z0-9+/]{43}=|a,[A-Za-z0-9+/]{86}==)$/);
          expect(entry.split(',')).toHaveLength(2);
        }
      }),
      { numRuns: 60 },
    );
  });
});

describe('parsing', () => {
  it('never throws, whatever the header holds', () => {
    const pieces = fc.constantFrom('v1,', 'v1a,', 'v1=', 't=', ',', ' ', '=', 'AAAA', '\u0000', '🪝', '\ud800');
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.array(pieces, { maxLength: 60 }).map((all) => all.join('')),
    );
    fc.assert(
      fc.property(anyProfile, text, (profile, value) => {
        const parsed = parseSignatureHeader(profile, value);
        if (parsed.ok) for (const { signature } of parsed.candidates) expect([32, 64]).toContain(signature.length);
      }),
      { numRuns: 500 },
    );
  });

  it('never verifies arbitrary headers, and never throws at them', () => {
    const value = fc.oneof(fc.string({ unit: 'binary' }), fc.constant(undefined), fc.array(fc.string()));
    const headers = fc.record({
      'webhook-id': value,
      'webhook-timestamp': fc.oneof(value, fc.constant('1')),
      'webhook-signature': value,
    });
    fc.assert(
      fc.property(headers, fc.anything(), (given, body) => {
        // A caller in plain JavaScript may pass anything as the body.
        const request = { headers: given, body: body as string, now: 1000 };
        expect(verify({ ...request, secrets: ['whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'] }).ok).toBe(false);
      }),
      { numRuns: 500 },
    );
  });

  it('of a profile never throws and finds a reason for everything that is not one', () => {
    fc.assert(
      fc.property(fc.anything(), (value) => {
        const result = validateProfile(value);
        expect(result.ok).toBe(false);
        if (!result.ok) expect(result.problems.length).toBeGreaterThan(0);
      }),
      { numRuns: 300 },
    );
  });
});

function keysOf(
  profile: SignatureProfile,
  secrets: readonly { readonly id: string; readonly algorithm: Algorithm; readonly text: string }[],
): Parameters<typeof createSigner>[1] {
  return secrets.map(({ id, algorithm, text }) => ({
    id,
    algorithm,
    key: signingKey(text, algorithm, profile.secretDecoding),
  }));
}
