import { describe, expect, it } from 'vitest';
import { idempotencyRequest } from './idempotency.ts';

const BASE = { method: 'POST', key: 'k', body: Buffer.from('{"a":1}') };

function fingerprinted(target: string, contentType?: string): string {
  const { route, body } = idempotencyRequest({ ...BASE, target, contentType });
  return `${route} ${Buffer.from(body).toString()}`;
}

describe('what makes two requests the same', () => {
  it('is the path and the body', () => {
    expect(fingerprinted('/v1/endpoints')).toBe('POST /v1/endpoints {"a":1}');
    expect(fingerprinted('/v1/endpoints', 'application/json')).toBe(
      fingerprinted('/v1/endpoints', 'application/merge-patch+json'),
    );
  });

  it('is the query too, and beside it what the raw body is said to be', () => {
    const text = fingerprinted('/v1/events?type=a', 'text/plain');
    expect(text.startsWith('POST /v1/events ')).toBe(true);
    expect(text).not.toBe(fingerprinted('/v1/events?type=b', 'text/plain'));
    expect(text).not.toBe(fingerprinted('/v1/events?type=a', 'text/html'));
    expect(text).toBe(fingerprinted('/v1/events?type=a', 'text/plain'));
  });
});
