import type { IncomingHttpHeaders } from 'node:http';
import type { Dispatcher } from 'undici';
import type { AttemptPhases } from '../domain/attempt.ts';
import { EXCERPT_BYTES_MAX, RESPONSE_HEADERS_KEPT_MAX } from '../domain/limits.ts';
import { classifyError } from './classify-error.ts';
import type { WheelDriver, WheelEntry } from './deadline-wheel.ts';
import type { ConnectAttempt, ConnectContext } from './guarded-connector.ts';
import { NetRefusal } from './net-refusal.ts';
import type { Connection } from './origin-pools.ts';
import type { SendFailure, SendRequest, SendResult } from './sender.ts';

/** A body up to this size is read to its end to keep the connection; past it a new connection is cheaper. */
const DRAIN_BYTES_MAX = 64 * 1024;
const RESPONSE_HEADERS_KEPT_BYTES_MAX = 8 * 1024;
const VERIFIED_KEY_LENGTH_MAX = 128;
/** One error for all: it is never shown, and a stack per given-up request would cost. */
const GIVEN_UP = new NetRefusal('timeout', 'The request was given up.');

export type ExchangeTools = {
  readonly wheel: WheelDriver;
  readonly context: ConnectContext;
  readonly monotonic: () => number;
};

/**
 * One request and its answer: undici's handler and the deadline's entry in one object.
 *
 * It is *waiting* for a connection, *sent*, *answered* once a final status is known, and *settled* exactly once.
 * The status alone decides the outcome: a body that is cut off, too long or endless does not turn an answer into a
 * failure. After a 2xx the receiver has the event, and calling it a failure would send it a second time.
 */
export class Exchange implements Dispatcher.DispatchHandler, WheelEntry {
  wheelPrevious: WheelEntry | null = null;
  wheelNext: WheelEntry | null = null;
  wheelTick = 0;

  /** The connection being opened for this request; null once it is sent on a kept one. */
  attempt: ConnectAttempt | null = null;
  /** What the request goes out on; null once it was given back or dropped. */
  connection: Connection | null = null;
  readonly startedAt: number;
  readonly #tools: ExchangeTools;
  readonly #request: SendRequest;
  readonly #resolve: (result: SendResult) => void;

  #controller: Dispatcher.DispatchController | null = null;
  #sentAt = 0;
  #firstByteAt = 0;
  #status = 0;
  #retryAfter: string | null = null;
  #verifiedKey: string | null = null;
  #headers: [string, string][] | null = null;
  #excerpt: Uint8Array | null = null;
  #excerptLength = 0;
  #bodyLength = 0;
  /** The receiver said that it closes the connection after this answer. */
  #isLast = false;
  #isSettled = false;

  constructor(tools: ExchangeTools, request: SendRequest, resolve: (result: SendResult) => void) {
    this.#tools = tools;
    this.#request = request;
    this.#resolve = resolve;
    this.startedAt = tools.monotonic();
    tools.wheel.add(this, this.startedAt, request.deadlineMs);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    // Nothing is written yet. A request that was given up, or that undici wants to write twice, must not go out.
    if (this.#isSettled || this.#controller !== null) {
      controller.abort(GIVEN_UP);
      return;
    }
    this.#controller = controller;
    this.attempt = this.#tools.context.ending;
    this.#sentAt = this.#tools.monotonic();
  }

  onResponseStarted(): void {
    if (this.#firstByteAt === 0) this.#firstByteAt = this.#tools.monotonic();
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number, headers: IncomingHttpHeaders): void {
    if (status < 200) return;
    const { reading } = this.#tools.context;
    if (reading !== null) reading.isHeadRead = true;
    this.#status = status;
    this.#retryAfter = firstValue(headers['retry-after']);
    const { connection } = headers;
    if (connection !== undefined && connection !== 'keep-alive') this.#isLast = /\bclose\b/i.test(connection);
    const verifiedKey = firstValue(headers['webhook-verified-key']);
    if (verifiedKey !== null && verifiedKey.length <= VERIFIED_KEY_LENGTH_MAX) this.#verifiedKey = verifiedKey;
    if (this.#isCaptured()) this.#headers = boundedHeaders(controller.rawHeaders);
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Uint8Array): void {
    if (this.#isSettled) return;
    this.#bodyLength += chunk.byteLength;
    if (this.#isCaptured() && this.#excerptLength < EXCERPT_BYTES_MAX) this.#keep(chunk);
    if (this.#bodyLength > DRAIN_BYTES_MAX) {
      this.#settle(this.#answer());
      this.#giveUp();
    }
  }

  onResponseEnd(): void {
    if (this.#isSettled) return;
    const result = this.#answer();
    this.#end();
    // undici frees the connection in a `setImmediate` that it queues right after this call. Given back before that, the
    // next request on it would have to wait.
    queueMicrotask(() => setImmediate(onFree, this, result));
  }

  /** The answer was read to its end, and its connection is free. */
  finish(result: SendResult): void {
    const { connection } = this;
    this.connection = null;
    // One that ends with this answer is not gone yet. Given back it would be opened again for the next request, outside of
    // its dispatch, so that nobody could tell how far it came, or give it up.
    if (this.#isLast) connection?.pool.drop(connection);
    else connection?.pool.giveBack(connection);
    this.#resolve(result);
  }

  onResponseError(_controller: Dispatcher.DispatchController | null, error: Error): void {
    if (this.#isSettled) return;
    if (this.#status !== 0) return this.#settle(this.#answer());
    // The end of a connection is told while it is `ending`, also when undici opened it outside of our dispatch.
    this.attempt ??= this.#tools.context.ending;
    const phase = this.#controller !== null ? 'connected' : (this.attempt?.phase ?? 'connect');
    const { failure, detail } = classifyError(error, phase);
    this.#settleFailed(failure, detail);
  }

  expire(): void {
    if (this.#isSettled) return;
    if (this.#status !== 0) this.#settle(this.#answer());
    else this.#settleFailed('timeout', this.#timeoutDetail());
    this.#giveUp();
  }

  #giveUp(): void {
    this.#controller?.abort(GIVEN_UP);
  }

  #timeoutDetail(): string {
    const limit = `${this.#request.deadlineMs} ms`;
    if (this.#firstByteAt !== 0) return `The response's headers were not complete within ${limit}.`;
    if (this.#controller !== null) return `No response within ${limit}.`;
    if (this.attempt?.phase === 'dns') return `The host name did not resolve within ${limit}.`;
    if (this.attempt?.phase === 'tls') return `The TLS handshake was not complete within ${limit}.`;
    return `No connection within ${limit}.`;
  }

  #isCaptured(): boolean {
    return this.#request.capture === 'always' || this.#status < 200 || this.#status >= 300;
  }

  /** Copies: a chunk is a window on a buffer that is reused or far larger. */
  #keep(chunk: Uint8Array): void {
    const length = Math.min(chunk.byteLength, EXCERPT_BYTES_MAX - this.#excerptLength);
    const room = this.#excerpt?.byteLength ?? 0;
    if (this.#excerpt === null || this.#excerptLength + length > room) {
      // The first chunk is mostly the whole body; a second one means that the rest of the limit may be needed.
      const grown = new Uint8Array(room === 0 ? length : EXCERPT_BYTES_MAX);
      if (this.#excerpt !== null) grown.set(this.#excerpt);
      this.#excerpt = grown;
    }
    this.#excerpt.set(chunk.subarray(0, length), this.#excerptLength);
    this.#excerptLength += length;
  }

  #answer(): SendResult {
    return {
      kind: 'response',
      status: this.#status,
      retryAfter: this.#retryAfter,
      verifiedKey: this.#verifiedKey,
      headers: this.#headers,
      excerpt: this.#excerpt === null ? null : this.#excerpt.subarray(0, this.#excerptLength),
      phases: this.#phases(),
    };
  }

  #settleFailed(failure: SendFailure, detail: string): void {
    const isReused = this.#controller !== null && this.attempt === null;
    const staleConnection = failure === 'reset' && isReused && this.#firstByteAt === 0;
    const told = staleConnection ? 'A kept connection was closed before the receiver answered.' : detail;
    if (staleConnection) this.connection?.pool.dropIdle();
    this.#settle({ kind: 'failure', failure, detail: told, staleConnection, phases: this.#phases() });
  }

  #settle(result: SendResult): void {
    this.#end();
    const { connection } = this;
    this.connection = null;
    // Nobody waits any more for a connection that is still being opened, and undici leaves its socket to itself.
    if (this.#controller === null) this.attempt?.cancel();
    // After the rest of this call: a request that is given up is told to undici by its controller first.
    if (connection !== null) queueMicrotask(() => connection.pool.drop(connection));
    this.#resolve(result);
  }

  #end(): void {
    this.#isSettled = true;
    this.#tools.wheel.remove(this);
  }

  #phases(): AttemptPhases {
    const { attempt } = this;
    return {
      dnsMs: attempt === null ? null : span(attempt.startedAt, attempt.resolvedAt),
      connectMs: attempt === null ? null : span(attempt.resolvedAt ?? attempt.startedAt, attempt.connectedAt),
      tlsMs: attempt === null ? null : span(attempt.connectedAt, attempt.securedAt),
      firstByteMs: this.#firstByteAt === 0 ? null : span(this.#sentAt, this.#firstByteAt),
      totalMs: tenths(this.#tools.monotonic() - this.startedAt),
    };
  }
}

function onFree(exchange: Exchange, result: SendResult): void {
  exchange.finish(result);
}

function span(from: number | null, to: number | null): number | null {
  return from === null || to === null ? null : tenths(to - from);
}

function tenths(ms: number): number {
  return Math.round(ms * 10) / 10;
}

function firstValue(value: string | string[] | undefined): string | null {
  return (typeof value === 'string' ? value : value?.[0]) ?? null;
}

function boundedHeaders(raw: Dispatcher.DispatchController['rawHeaders']): [string, string][] {
  const kept: [string, string][] = [];
  if (!Array.isArray(raw)) return kept;
  let bytes = 0;
  for (let index = 0; index + 1 < raw.length && kept.length < RESPONSE_HEADERS_KEPT_MAX; index += 2) {
    const name = latin1(raw[index]);
    const value = latin1(raw[index + 1]);
    bytes += name.length + value.length;
    if (bytes > RESPONSE_HEADERS_KEPT_BYTES_MAX) break;
    kept.push([name, value]);
  }
  return kept;
}

function latin1(bytes: Buffer | string | undefined): string {
  return typeof bytes === 'string' ? bytes : (bytes?.toString('latin1') ?? '');
}
