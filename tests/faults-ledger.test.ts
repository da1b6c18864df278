import { Webhook } from 'standardwebhooks';
import { describe, expect, it } from 'vitest';
import type { Arrival } from '../faults/customer.ts';
import { Ledger } from '../faults/ledger.ts';

const [FIRST, SECOND, FOREIGN] = ['first', 'second', 'foreign'].map(
  (word) => `whsec_${Buffer.from(word.padEnd(32, '.')).toString('base64')}`,
) as [string, string, string];

/** The library looks at its own clock, so the story is told around now. */
const NOW = Math.floor(Date.now() / 1_000) * 1_000;

function arrival(at: number, secrets: readonly string[], changes: Partial<Arrival> = {}): Arrival {
  const [eventId, body] = ['evt_1', '{"a":1}'];
  const signature = secrets.map((secret) => new Webhook(secret).sign(eventId, new Date(at), body)).join(' ');
  return { eventId, body, signature, timestamp: String(Math.floor(at / 1_000)), at, takenAt: at, ...changes };
}

/** A rotation for 10 s before now, answered a second later; the old secret lives for 5 s. */
function rotated(marginMs = 0): Ledger {
  const ledger = new Ledger(FIRST, marginMs);
  ledger.rotated(SECOND, { effectiveAt: NOW - 10_000, oldExpiresAt: NOW - 5_000, answeredAt: NOW - 9_000 });
  return ledger;
}

const reason = (ledger: Ledger, one: Arrival): string | null => ledger.judge(one)?.reason ?? null;

describe('what a customer was given', () => {
  it('is all that may sign, and must', () => {
    const ledger = rotated();
    expect(reason(ledger, arrival(NOW - 12_000, [FIRST]))).toBeNull();
    expect(reason(ledger, arrival(NOW - 7_000, [SECOND, FIRST]))).toBeNull();
    expect(reason(ledger, arrival(NOW - 3_000, [SECOND]))).toBeNull();

    expect(reason(ledger, arrival(NOW - 7_000, [FIRST]))).toContain('secret 2 of 2 did not sign');
    expect(reason(ledger, arrival(NOW - 7_000, [SECOND]))).toContain('secret 1 of 2 did not sign');
    expect(reason(ledger, arrival(NOW - 12_000, [SECOND, FIRST]))).toContain('secret 2 of 2 signed');
    expect(reason(ledger, arrival(NOW - 3_000, [SECOND, FIRST]))).toContain('secret 1 of 2 signed');
    expect(reason(ledger, arrival(NOW - 3_000, [FIRST]))).not.toBeNull();
    expect(reason(ledger, arrival(NOW - 3_000, [FOREIGN]))).not.toBeNull();
    expect(reason(ledger, arrival(NOW - 3_000, [SECOND, FOREIGN]))).toContain('nobody was given');
  });

  it('may be either in the second in which it changes, and until the answer is out', () => {
    const ledger = rotated();
    expect(reason(ledger, arrival(NOW - 9_500, [FIRST]))).toBeNull();
    expect(reason(ledger, arrival(NOW - 9_500, [SECOND, FIRST]))).toBeNull();
    expect(reason(rotated(100), arrival(NOW - 5_000, [SECOND, FIRST]))).toBeNull();
    expect(reason(rotated(0), arrival(NOW - 5_000, [SECOND, FIRST]))).toContain('secret 1 of 2 signed');
  });

  it('does not verify another body, another event, or a time of its own', () => {
    const ledger = rotated();
    const good = arrival(NOW - 3_000, [SECOND]);
    expect(reason(ledger, { ...good, body: '{"a":2}' })).not.toBeNull();
    expect(reason(ledger, { ...good, eventId: 'evt_2' })).not.toBeNull();
    expect(reason(ledger, { ...good, timestamp: String(Math.floor(NOW / 1_000) - 4) })).not.toBeNull();
    expect(reason(ledger, { ...good, timestamp: '' })).toBe('no time');
    expect(reason(ledger, arrival(NOW + 60_000, [SECOND], { at: NOW }))).toBe('signed in the future');
  });
});
