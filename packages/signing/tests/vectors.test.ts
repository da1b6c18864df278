import { describe, expect, it } from 'vitest';
import { entryPoints } from './entry-points.ts';
import { bodyOf, profileNamed, rotationVectors, signatureVectors, verificationVectors } from './vectors.ts';

function headersFor(profileName: string, id: string, timestamp: number, signature: string): Record<string, string> {
  const { headers } = profileNamed(profileName);
  const made: Record<string, string> = { [headers.signature]: signature };
  if (headers.id !== null) made[headers.id] = id;
  if (headers.timestamp !== null) made[headers.timestamp] = String(timestamp);
  return made;
}

describe.each(entryPoints)('the $name entry point', (entry) => {
  describe('signs and verifies', () => {
    it.each(signatureVectors)('$profile: $name', async (vector) => {
      const profile = profileNamed(vector.profile);
      const body = bodyOf(vector);
      const { id, timestamp, algorithm, secret, publicKey, signature } = vector;
      const signer = await entry.signer(profile, [{ id: 'sec_1', algorithm, text: secret }]);
      expect(await signer.sign({ id, timestampSeconds: timestamp, body })).toBe(signature);

      const headers = headersFor(vector.profile, id, timestamp, signature);
      const request = { profile, headers, body, now: timestamp * 1000 };
      const result = await entry.verify({ ...request, secrets: [publicKey ?? secret] });
      expect(result).toMatchObject({ ok: true, signatureIndex: 0, secretIndex: 0 });
      expect(await entry.verify({ ...request, secrets: [secret] })).toMatchObject({ ok: true });

      const longer = new Uint8Array([...body, 0]);
      const changed = await entry.verify({ ...request, body: longer, secrets: [secret] });
      expect(changed).toMatchObject({ ok: false, code: 'signature_mismatch' });
    });
  });

  describe('signs with every secret in the order given', () => {
    it.each(rotationVectors)('$profile: $name', async (vector) => {
      const profile = profileNamed(vector.profile);
      const { id, timestamp, secrets, signature, body } = vector;
      const signer = await entry.signer(profile, secrets);
      const bytes = Buffer.from(body);
      expect(await signer.sign({ id, timestampSeconds: timestamp, body: bytes })).toBe(signature);

      const headers = headersFor(vector.profile, id, timestamp, signature);
      for (const [index, secret] of secrets.entries()) {
        const result = await entry.verify({ profile, secrets: [secret.text], headers, body, now: timestamp * 1000 });
        expect(result).toMatchObject({ ok: true, signatureIndex: index, secretIndex: 0 });
      }
    });
  });

  describe('judges', () => {
    it.each(verificationVectors)('$profile: $name', async (vector) => {
      const { secrets, headers, body, nowSeconds, toleranceSeconds, expect: expected } = vector;
      const result = await entry.verify({
        profile: profileNamed(vector.profile),
        secrets,
        headers,
        body,
        now: nowSeconds * 1000 + 999,
        ...(toleranceSeconds === undefined ? {} : { toleranceSeconds }),
      });
      expect(result).toMatchObject(expected);
      if (!result.ok) for (const secret of secrets) if (secret !== '') expect(result.message).not.toContain(secret);
    });
  });
});
