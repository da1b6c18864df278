import type { AttemptPhases } from '../domain/attempt.ts';

export type SendRequest = {
  /** The sender remembers what it derives from this object: never change one that was sent to. */
  readonly url: URL;
  /** Flat: name, value, name, value. Without host, content-length, connection, transfer-encoding and accept-encoding. */
  readonly headers: readonly string[];
  readonly body: Uint8Array;
  /** Milliseconds for the whole attempt: DNS, connection, TLS, headers and body. */
  readonly deadlineMs: number;
  /** For which responses headers and excerpt are kept: all, or those that are no 2xx. */
  readonly capture: 'failures' | 'always';
};

/** Why there is no response. */
export type SendFailure =
  | 'timeout'
  | 'dns'
  | 'blocked_address'
  | 'connect'
  | 'tls'
  | 'reset'
  | 'protocol'
  | 'response_too_large'
  /** The request could not be written: a header that HTTP does not allow. */
  | 'invalid_request'
  /** The sender was closed. Says nothing about the receiver. */
  | 'closed';

export type ResponseResult = {
  readonly kind: 'response';
  readonly status: number;
  /** As the receiver wrote it. */
  readonly retryAfter: string | null;
  readonly verifiedKey: string | null;
  readonly headers: readonly (readonly [string, string])[] | null;
  readonly excerpt: Uint8Array | null;
  readonly phases: AttemptPhases;
};

export type FailureResult = {
  readonly kind: 'failure';
  readonly failure: SendFailure;
  /** Safe to show to a tenant: names no address that a host resolved to. */
  readonly detail: string;
  /**
   * The request went out on a kept connection that died without one byte of an answer. Most often the receiver closed it
   * while it was idle and never saw the request, but only the engine may decide to send again.
   */
  readonly staleConnection: boolean;
  readonly phases: AttemptPhases;
};

export type SendResult = ResponseResult | FailureResult;

/** The one door to the outside. */
export interface Sender {
  /** Never rejects for anything that a network or a receiver does. */
  send(request: SendRequest): Promise<SendResult>;
  /** Takes no new request, lets those in flight end, closes the idle connections. */
  close(): Promise<void>;
  /** Ends everything now. */
  destroy(): Promise<void>;
}
