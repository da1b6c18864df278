import { describe, expect, it } from 'vitest';
import type { DeliveryState } from '../public.ts';
import { endOf, failureOf } from './failure-sentences.ts';

const KINDS = [
  'timeout',
  'dns',
  'blocked_address',
  'connect',
  'tls',
  'reset',
  'protocol',
  'response_too_large',
  'invalid_request',
  'signing',
];

describe('the sentence of a failure', () => {
  it('differs for every kind, and is there for one that nobody knows', () => {
    const sentences = [...KINDS, 'something new'].map((kind) => failureOf(kind, null));
    expect(new Set(sentences).size).toBe(KINDS.length + 1);
    for (const sentence of sentences) expect(sentence).toMatch(/^The .+\.$|^No .+\.$/);
  });

  it('names the status of an answer that is no 2xx, and is absent without a failure', () => {
    for (const status of [302, 404, 500]) {
      expect(failureOf(null, status)).toBe(`The endpoint answered with status ${status}.`);
    }
    expect([failureOf(null, 200), failureOf(null, 299), failureOf(null, null)]).toEqual([null, null, null]);
  });
});

describe('the sentence of an end', () => {
  it('is there where no attempt decided it', () => {
    const dead = (reason: Extract<DeliveryState, { kind: 'dead' }>['reason']) => endOf({ kind: 'dead', at: 1, reason });
    expect(dead('held_too_long')).toBe('The endpoint was paused for too long.');
    expect(dead('payload_missing')).toBe('The payload is kept no longer.');
    expect(dead('endpoint_archived')).toBe('The endpoint was deleted.');
    expect(endOf({ kind: 'cancelled', at: 1 })).toBe('The endpoint was deleted.');
    expect(dead('retries_exhausted')).toBeNull();
    expect(endOf({ kind: 'retrying', dueAt: 1 })).toBeNull();
  });
});
