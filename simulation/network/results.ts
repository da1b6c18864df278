import type { AttemptPhases } from '../../packages/server/src/domain/attempt.ts';
import type { SendFailure, SendResult } from '../../packages/server/src/net/sender.ts';

/** Answers are made once for each length of time, since there are so many of them. */
const PHASES_KEPT = 64;

const EXCERPT = new TextEncoder().encode('said the receiver');
const HEADERS: readonly (readonly [string, string])[] = [['content-type', 'text/plain']];
const kept: AttemptPhases[] = [];
const accepted = new Map<number, SendResult>();

function phasesOf(totalMs: number): AttemptPhases {
  if (totalMs >= PHASES_KEPT) return { dnsMs: null, connectMs: null, tlsMs: null, firstByteMs: totalMs, totalMs };
  return (kept[totalMs] ??= { dnsMs: null, connectMs: null, tlsMs: null, firstByteMs: totalMs, totalMs });
}

export function responded(status: number, tookMs: number, retryAfter: string | null): SendResult {
  const is2xx = status >= 200 && status < 300;
  const key = tookMs * 1_000 + status;
  if (is2xx && tookMs < PHASES_KEPT) {
    const known = accepted.get(key);
    if (known !== undefined) return known;
  }
  const result: SendResult = {
    kind: 'response',
    status,
    retryAfter,
    verifiedKey: null,
    headers: is2xx ? null : HEADERS,
    excerpt: is2xx ? null : EXCERPT,
    phases: phasesOf(tookMs),
  };
  if (is2xx && tookMs < PHASES_KEPT) accepted.set(key, result);
  return result;
}

export function failed(failure: SendFailure, tookMs: number, staleConnection = false): SendResult {
  return { kind: 'failure', failure, detail: 'as the simulation will', staleConnection, phases: phasesOf(tookMs) };
}
