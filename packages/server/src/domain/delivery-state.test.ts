import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type DeliveryState, isTerminal, SHOWN_STATUSES } from './delivery.ts';
import {
  classify,
  type DeliveryEvent,
  deliveryAfter,
  isHeldTooLong,
  isWaiting,
  shownStatus,
} from './delivery-state.ts';

const HOUR = 3_600_000;

describe('the class of an attempt', () => {
  it('is a success for a 2xx only', () => {
    for (let status = 100; status <= 599; status += 1) {
      const success = status >= 200 && status <= 299;
      expect([status, classify({ status }) === 'success']).toEqual([status, success]);
    }
    expect(classify({ failure: 'timeout' })).toBe('retry');
  });

  it('tells gone and slow down from other failures', () => {
    expect([410, 429, 503, 500, 404, 301, 304].map((status) => classify({ status }))).toEqual([
      'gone',
      'slow_down',
      'slow_down',
      'retry',
      'retry',
      'retry',
      'retry',
    ]);
  });
});

const pending: DeliveryState = { kind: 'pending', dueAt: 1 };
const retrying: DeliveryState = { kind: 'retrying', dueAt: 2 };
const inFlight: DeliveryState = { kind: 'in_flight' };

function attempted(more: Partial<Extract<DeliveryEvent, { kind: 'attempted' }>> = {}): DeliveryEvent {
  return { kind: 'attempted', outcome: 'retry', retryAt: 99, endpointStatus: 'active', ...more };
}

describe('a delivery', () => {
  it('is leased, sent, retried and ends', () => {
    expect(deliveryAfter(pending, { kind: 'leased' }, 5)).toEqual(inFlight);
    expect(deliveryAfter(inFlight, attempted(), 5)).toEqual({ kind: 'retrying', dueAt: 99 });
    expect(deliveryAfter(retrying, { kind: 'leased' }, 5)).toEqual(inFlight);
    expect(deliveryAfter(inFlight, attempted({ outcome: 'success' }), 5)).toEqual({ kind: 'succeeded', at: 5 });
    expect(deliveryAfter(inFlight, attempted({ retryAt: null }), 5)).toEqual({
      kind: 'dead',
      at: 5,
      reason: 'retries_exhausted',
    });
  });

  it('goes back unsent as what it was', () => {
    expect(deliveryAfter(inFlight, { kind: 'released', attemptCount: 0, dueAt: 7 }, 5)).toEqual({
      kind: 'pending',
      dueAt: 7,
    });
    expect(deliveryAfter(inFlight, { kind: 'released', attemptCount: 1, dueAt: 7 }, 5)).toEqual({
      kind: 'retrying',
      dueAt: 7,
    });
    expect(deliveryAfter(pending, { kind: 'released', attemptCount: 0, dueAt: 7 }, 5)).toEqual({
      kind: 'refused',
      reason: 'not_in_flight',
    });
  });

  it('stays due after a 410: whoever resumes the endpoint gets it', () => {
    expect(deliveryAfter(inFlight, attempted({ outcome: 'gone', endpointStatus: 'suspended' }), 5)).toEqual({
      kind: 'retrying',
      dueAt: 99,
    });
  });

  it('is cancelled with its endpoint, unless it is being sent: then its result decides', () => {
    expect(deliveryAfter(retrying, { kind: 'endpoint_archived' }, 5)).toEqual({ kind: 'cancelled', at: 5 });
    expect(deliveryAfter(inFlight, { kind: 'endpoint_archived' }, 5)).toEqual({ kind: 'refused', reason: 'in_flight' });
    expect(deliveryAfter(inFlight, attempted({ endpointStatus: 'archived' }), 5)).toEqual({
      kind: 'dead',
      at: 5,
      reason: 'endpoint_archived',
    });
    expect(deliveryAfter(inFlight, attempted({ endpointStatus: 'archived', outcome: 'success' }), 5)).toEqual({
      kind: 'succeeded',
      at: 5,
    });
  });

  it('dies of waiting or of a lost payload', () => {
    expect(deliveryAfter(pending, { kind: 'held_too_long' }, 5)).toMatchObject({
      kind: 'dead',
      reason: 'held_too_long',
    });
    expect(deliveryAfter(inFlight, { kind: 'held_too_long' }, 5)).toEqual({ kind: 'refused', reason: 'in_flight' });
    expect(deliveryAfter(inFlight, { kind: 'payload_missing' }, 5)).toMatchObject({
      kind: 'dead',
      reason: 'payload_missing',
    });
  });

  it('takes a late success after its lease was lost, but not a late failure', () => {
    expect(deliveryAfter(retrying, attempted({ outcome: 'success' }), 5)).toEqual({ kind: 'succeeded', at: 5 });
    expect(deliveryAfter(retrying, attempted(), 5)).toEqual({ kind: 'refused', reason: 'not_in_flight' });
  });

  it('never leaves an end', () => {
    const anyEvent: fc.Arbitrary<DeliveryEvent> = fc.oneof(
      fc.constantFrom<DeliveryEvent>(
        { kind: 'leased' },
        { kind: 'endpoint_archived' },
        { kind: 'held_too_long' },
        { kind: 'payload_missing' },
      ),
      fc.nat(3).map((attemptCount): DeliveryEvent => ({ kind: 'released', attemptCount, dueAt: 9 })),
      fc.record({
        kind: fc.constant('attempted' as const),
        outcome: fc.constantFrom('success', 'retry', 'gone', 'slow_down'),
        retryAt: fc.option(fc.nat()),
        endpointStatus: fc.constantFrom('active', 'suspended', 'archived'),
      }),
    );
    fc.assert(
      fc.property(fc.array(anyEvent, { maxLength: 30 }), (events) => {
        let state: DeliveryState = pending;
        let end: DeliveryState | null = null;
        for (const [now, event] of events.entries()) {
          const next = deliveryAfter(state, event, now);
          if (end !== null) expect(next).toEqual({ kind: 'refused', reason: 'terminal' });
          if (next.kind !== 'refused') state = next;
          if (isTerminal(state)) end = state;
        }
      }),
    );
  });
});

describe('what a reader is shown', () => {
  it('is held or cancelled while it waits for an endpoint that does not receive', () => {
    expect([pending, retrying, inFlight].map((state) => shownStatus(state, 'active'))).toEqual([
      'pending',
      'retrying',
      'in_flight',
    ]);
    expect([pending, retrying, inFlight].map((state) => shownStatus(state, 'suspended'))).toEqual([
      'held',
      'held',
      'in_flight',
    ]);
    expect([pending, retrying, inFlight].map((state) => shownStatus(state, 'archived'))).toEqual([
      'cancelled',
      'cancelled',
      'in_flight',
    ]);
    expect(shownStatus({ kind: 'succeeded', at: 1 }, 'archived')).toBe('succeeded');
  });

  it('is waiting before and during its first try, and while it is held', () => {
    expect(SHOWN_STATUSES.filter(isWaiting)).toEqual(['pending', 'in_flight', 'held']);
  });
});

describe('a held delivery', () => {
  it('has waited too long 72 hours after it was due and its endpoint was suspended', () => {
    expect(isHeldTooLong(0, 10 * HOUR, 82 * HOUR)).toBe(true);
    expect(isHeldTooLong(0, 10 * HOUR, 82 * HOUR - 1)).toBe(false);
    expect(isHeldTooLong(20 * HOUR, 10 * HOUR, 91 * HOUR)).toBe(false);
  });
});
