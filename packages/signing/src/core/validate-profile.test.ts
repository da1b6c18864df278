import { describe, expect, it } from 'vitest';
import { profileVectors } from '../../tests/vectors.ts';
import { nativeWebhooks, standardWebhooks, stripeStyle } from './built-in-profiles.ts';
import { validateProfile } from './validate-profile.ts';

function problemsOf(value: unknown): readonly string[] {
  const result = validateProfile(value);
  return result.ok ? [] : result.problems.map((problem) => problem.pointer);
}

const headers = standardWebhooks.headers;
const stripe = stripeStyle('X-Signature');

describe('validateProfile', () => {
  it.each(Object.entries(profileVectors))('accepts %s and answers with an equal frozen copy', (_name, profile) => {
    const result = validateProfile(profile);
    expect(result).toEqual({ ok: true, profile });
    if (result.ok) expect([result.profile, result.profile.headers].every((part) => Object.isFrozen(part))).toBe(true);
  });

  it('agrees with the built-in profiles', () => {
    expect(standardWebhooks).toEqual(profileVectors['standardWebhooks']);
    expect(nativeWebhooks).toEqual(profileVectors['nativeWebhooks']);
    expect(stripeStyle('X-Moonborn-Signature')).toEqual(profileVectors['moonborn']);
    const agentMessage = stripeStyle('X-AmCore-Signature', { separator: '\n', secretDecoding: 'base64' });
    expect(agentMessage).toEqual(profileVectors['agentMessage']);
  });

  it('fills what may be left out with null', () => {
    const { eventType, keyIds, ...rest } = headers;
    const { ed25519, ...elements } = standardWebhooks.elements;
    expect([eventType, keyIds, ed25519]).toEqual([null, null, 'v1a,{signature}']);
    const result = validateProfile({ ...standardWebhooks, headers: rest, elements, leadElement: undefined });
    expect(result).toMatchObject({ ok: true, profile: { headers, elements: { ed25519: null }, leadElement: null } });
  });

  it.each([
    'Host',
    'content-type',
    'Content-Length',
    'content-anything',
    'Authorization',
    'cookie',
    'Set-Cookie',
    'connection',
    'Transfer-Encoding',
    'te',
    'upgrade',
    'expect',
    'user-agent',
    '',
    'a b',
    'a:b',
    'a\r\nb',
    'é',
    'x'.repeat(65),
    7,
    {},
  ])('refuses %j as a header name', (name) => {
    expect(problemsOf({ ...standardWebhooks, headers: { ...headers, signature: name } })).toContain(
      '/headers/signature',
    );
    expect(problemsOf({ ...standardWebhooks, headers: { ...headers, id: name } })).toContain('/headers/id');
  });

  it.each([
    ['not an object', null, ''],
    ['a list', [], ''],
    ['an unknown property', { ...stripe, colour: 'red' }, '/colour'],
    ['an unknown property with a slash', { ...stripe, 'a/b~': 1 }, '/a~1b~0'],
    ['an unknown header', { ...stripe, headers: { ...stripe.headers, other: 'x' } }, '/headers/other'],
    ['headers that are no object', { ...stripe, headers: 'x' }, '/headers'],
    ['no signature header', { ...stripe, headers: { ...stripe.headers, signature: null } }, '/headers/signature'],
    [
      'one name for two headers',
      { ...standardWebhooks, headers: { ...headers, keyIds: 'WEBHOOK-ID' } },
      '/headers/keyIds',
    ],
    ['no algorithm', { ...stripe, elements: { 'hmac-sha256': null, ed25519: null } }, '/elements'],
    ['an unknown algorithm', { ...stripe, elements: { ...stripe.elements, md5: 'x{signature}' } }, '/elements/md5'],
    ['an element without its placeholder', { ...stripe, elements: { 'hmac-sha256': 'v1=' } }, '/elements/hmac-sha256'],
    [
      'an element with text behind',
      { ...stripe, elements: { 'hmac-sha256': '{signature};' } },
      '/elements/hmac-sha256',
    ],
    ['an element with a space', { ...stripe, elements: { 'hmac-sha256': 'v 1={signature}' } }, '/elements/hmac-sha256'],
    [
      'an element with two placeholders',
      { ...stripe, elements: { 'hmac-sha256': '{signature}{signature}' } },
      '/elements/hmac-sha256',
    ],
    [
      'an element that is too long',
      { ...stripe, elements: { 'hmac-sha256': `${'v'.repeat(33)}{signature}` } },
      '/elements/hmac-sha256',
    ],
    ['an element that is a number', { ...stripe, elements: { 'hmac-sha256': 1 } }, '/elements/hmac-sha256'],
    [
      'an element with the joiner',
      { ...stripe, elements: { 'hmac-sha256': 'v1,{signature}' } },
      '/elements/hmac-sha256',
    ],
    [
      'two elements that begin alike',
      { ...standardWebhooks, elements: { 'hmac-sha256': 'v{signature}', ed25519: 'v1{signature}' } },
      '/elements/ed25519',
    ],
    ['a lead that begins like an element', { ...stripe, elements: { 'hmac-sha256': '{signature}' } }, '/leadElement'],
    ['a lead with another placeholder', { ...stripe, leadElement: 't={id}' }, '/leadElement'],
    ['an empty joiner', { ...stripe, joiner: '' }, '/joiner'],
    ['a joiner that a signature can hold', { ...stripe, joiner: '=' }, '/joiner'],
    ['a joiner of a control character', { ...stripe, joiner: '\n' }, '/joiner'],
    ['a joiner that is too long', { ...stripe, joiner: ',,,,,' }, '/joiner'],
    ['content without the body', { ...standardWebhooks, content: '{id}.{timestamp}' }, '/content'],
    ['content with the body twice', { ...stripe, content: '{timestamp}.{body}.{body}' }, '/content'],
    ['content with an unknown placeholder', { ...stripe, content: '{timestamp}.{url}.{body}' }, '/content'],
    ['content with a stray brace', { ...stripe, content: '{timestamp}.{body}}' }, '/content'],
    ['content without a separator', { ...stripe, content: '{timestamp}{body}' }, '/content'],
    ['content with a digit as separator', { ...stripe, content: '{timestamp}0{body}' }, '/content'],
    ['content beyond ASCII', { ...stripe, content: 'é{timestamp}.{body}' }, '/content'],
    ['content that is too long', { ...stripe, content: `${'x'.repeat(120)}{timestamp}.{body}` }, '/content'],
    ['content that is a number', { ...stripe, content: 5 }, '/content'],
    ['an id that is signed and not sent', { ...stripe, content: '{id}.{timestamp}.{body}' }, '/content'],
    ['a timestamp that is signed and not sent', { ...stripe, leadElement: null }, '/content'],
    ['a timestamp that is sent and not signed', { ...stripe, content: '{body}' }, '/content'],
    [
      'a timestamp that is sent twice',
      { ...stripe, headers: { ...stripe.headers, timestamp: 'x-time' } },
      '/leadElement',
    ],
    ['an unknown digest', { ...stripe, digest: 'base32' }, '/digest'],
    ['an unknown decoding', { ...stripe, secretDecoding: null }, '/secretDecoding'],
  ])('refuses %s', (_name, value, pointer) => {
    expect(problemsOf(value)[0]).toBe(pointer);
  });

  it('stops counting problems at a bound', () => {
    const many = Object.fromEntries(Array.from({ length: 500 }, (_, index) => [`p${index}`, 1]));
    expect(problemsOf(many)).toHaveLength(20);
  });

  it('lets a program that defines a bad profile fail at once', () => {
    expect(() => stripeStyle('Host')).toThrow(TypeError);
    expect(() => stripeStyle('X-Signature', { separator: '' })).toThrow(TypeError);
  });
});
