import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { createSigner, signingKey, standardWebhooks, VERIFICATION_CODES } from '../src/node/index.ts';
import { statusFor } from './readme-example.ts';

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');

describe('the README', () => {
  it('shows an example that is compiled and works', () => {
    const source = readFileSync(new URL('./readme-example.ts', import.meta.url), 'utf8');
    expect(/```ts\n(.*?)```/s.exec(readme)?.[1]).toBe(source);

    const text = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
    const key = signingKey(text, 'hmac-sha256', 'base64');
    const body = Buffer.from('{}');
    const flat = createSigner(standardWebhooks, [{ id: 's', algorithm: 'hmac-sha256', key }]).headers({
      id: 'evt_1',
      timestampSeconds: Math.floor(Date.now() / 1000),
      body,
    });
    const headers = new Headers();
    for (let i = 0; i < flat.length; i += 2) headers.set(flat[i]!, flat[i + 1]!);
    expect(statusFor(headers, body, [text])).toBe(204);
    expect(statusFor(headers, Buffer.from('{ }'), [text])).toBe(400);
  });

  it('lists exactly the codes there are', () => {
    const table = readme.slice(readme.indexOf('| code '), readme.indexOf('## Signing'));
    const listed = [...table.matchAll(/^\| `([a-z_]+)` +\|/gm)].map((match) => match[1]);
    expect(listed).toEqual(VERIFICATION_CODES);
  });
});
