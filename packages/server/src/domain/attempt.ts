import type { AttemptId, DeliveryId, EndpointId } from './ids.ts';

/** Milliseconds of each phase of a request; null: not reached, or the connection was reused. */
export type AttemptPhases = {
  readonly dnsMs: number | null;
  readonly connectMs: number | null;
  readonly tlsMs: number | null;
  readonly firstByteMs: number | null;
  readonly totalMs: number;
};

/** One HTTP request of one delivery. Append-only. */
export type Attempt = {
  readonly id: AttemptId;
  readonly deliveryId: DeliveryId;
  readonly endpointId: EndpointId;
  /** From 1. */
  readonly number: number;
  /** When the request was signed, epoch milliseconds. */
  readonly startedAt: number;
  /** null: no response. */
  readonly responseStatus: number | null;
  /** Why there was no response, or null. */
  readonly errorKind: string | null;
  readonly errorDetail: string | null;
  readonly phases: AttemptPhases;
  /** Ids of the secrets that signed it, in the order of the signatures, joined by single spaces. */
  readonly keyIds: string;
  readonly ringVersion: number;
  /** Kept for failures only. */
  readonly responseHeaders: readonly (readonly [string, string])[] | null;
  readonly responseExcerpt: Uint8Array | null;
};

/**
 * What an attempt came to: a 2xx is a success; a failure is dead when it was the last one of a delivery that ended dead or
 * cancelled, and a retry otherwise.
 */
export const ATTEMPT_OUTCOMES = ['success', 'retry', 'dead'] as const;
export type AttemptOutcome = (typeof ATTEMPT_OUTCOMES)[number];
