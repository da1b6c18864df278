import type { ReadableSpan } from '@opentelemetry/sdk-trace';
import type { Timers } from '../../domain/clock.ts';

/** About 1.5 KB each: past it spans are dropped, whatever became of the collector. */
export const SPANS_QUEUED_MAX = 4_096;
/** Encoding that many takes the event loop about 2 ms. */
export const SPANS_PER_POST_MAX = 512;
const GATHER_MS = 1_000;
const BACKOFF_MS_MIN = 1_000;
const BACKOFF_MS_MAX = 30_000;
/** A batch that could not be brought in so many tries is given up, since newer spans tell more. */
const TRIES_MAX = 5;
/** How long a stopping server waits for its last spans to arrive. */
export const FLUSH_MS_MAX = 2_000;

export type DropReason = 'queue_full' | 'batch_limit' | 'unreachable' | 'refused' | 'stopped';

export type PostOutcome =
  | { readonly kind: 'taken'; readonly rejected: number }
  | { readonly kind: 'refused'; readonly reason: string }
  | { readonly kind: 'unreachable'; readonly reason: string; readonly retryAfterMs: number | null };

/** Where spans go. Never rejects, and resolves within a bounded time. */
export type Collector = {
  post(spans: readonly ReadableSpan[]): Promise<PostOutcome>;
  destroy(): Promise<void>;
};

export type SpanQueueEvents = {
  exported(spans: number): void;
  dropped(reason: DropReason, spans: number): void;
  /** Once when it begins to fail, and once when it works again. */
  collectorFailing(reason: string): void;
  collectorRecovered(): void;
};

export type SpanQueueTools = {
  readonly collector: Collector;
  readonly timers: Timers;
  readonly events: SpanQueueEvents;
};

/**
 * Spans on their way to the collector, in batches, one at a time.
 *
 * It is *idle* (empty), *gathering* (a timer runs), *posting*, or *backing off* after a failure (a timer runs, and the batch
 * that failed is kept). `stop` leads to *stopping*, in which every pause is left out and the first failure or the deadline
 * ends it, and then to *stopped*, in which spans are dropped. In each of them the queue is bounded, so a collector that is
 * gone costs its bound in memory and nothing else.
 */
export class SpanQueue {
  readonly #tools: SpanQueueTools;
  #mode: 'running' | 'stopping' | 'stopped' = 'running';
  #spans: ReadableSpan[] = [];
  #batch: readonly ReadableSpan[] | null = null;
  #tries = 0;
  #isPosting = false;
  #isFailing = false;
  #timer: { cancel(): void } | null = null;
  #timerKind: 'gather' | 'now' | 'back off' = 'gather';
  #onEnd: (() => void) | null = null;

  constructor(tools: SpanQueueTools) {
    this.#tools = tools;
  }

  add(span: ReadableSpan): void {
    if (this.#mode === 'stopped' || this.#spans.length >= SPANS_QUEUED_MAX) {
      this.#tools.events.dropped(this.#mode === 'stopped' ? 'stopped' : 'queue_full', 1);
      return;
    }
    this.#spans.push(span);
    if (this.#isPosting) return;
    if (this.#timer === null) this.#wait('gather', GATHER_MS);
    // Not at once: whoever adds a span is in the middle of something that matters more.
    if (this.#timerKind === 'gather' && this.#spans.length >= SPANS_PER_POST_MAX) this.#wait('now', 0);
  }

  /** Posts what is left, for a short while. Resolves in any case. */
  async stop(): Promise<void> {
    if (this.#mode !== 'running') return;
    this.#mode = 'stopping';
    this.#timer?.cancel();
    this.#timer = null;
    const ended = new Promise<void>((resolve) => (this.#onEnd = resolve));
    const deadline = this.#tools.timers.setTimeout(() => this.#end(), FLUSH_MS_MAX);
    if (!this.#isPosting) void this.#post();
    await ended;
    deadline.cancel();
    await this.#tools.collector.destroy();
  }

  #wait(kind: 'gather' | 'now' | 'back off', delayMs: number): void {
    this.#timer?.cancel();
    this.#timerKind = kind;
    this.#timer = this.#tools.timers.setTimeout(() => {
      this.#timer = null;
      void this.#post();
    }, delayMs);
  }

  async #post(): Promise<void> {
    const batch = (this.#batch ??= this.#take());
    if (batch === null) {
      if (this.#mode === 'stopping') this.#end();
      return;
    }
    this.#isPosting = true;
    const outcome = await this.#tools.collector.post(batch);
    this.#isPosting = false;
    if (this.#mode === 'stopped') return;
    this.#settle(batch, outcome);
  }

  #settle(batch: readonly ReadableSpan[], outcome: PostOutcome): void {
    const { events } = this.#tools;
    if (outcome.kind === 'taken') {
      this.#batch = null;
      this.#tries = 0;
      events.exported(batch.length - outcome.rejected);
      if (outcome.rejected > 0) events.dropped('refused', outcome.rejected);
      if (this.#isFailing) events.collectorRecovered();
      this.#isFailing = false;
      this.#goOn();
      return;
    }
    if (!this.#isFailing) events.collectorFailing(outcome.reason);
    this.#isFailing = true;
    this.#tries += 1;
    const delayMs = Math.min(BACKOFF_MS_MAX, BACKOFF_MS_MIN * 2 ** (this.#tries - 1));
    if (outcome.kind === 'refused') this.#giveUp(batch, 'refused');
    else if (this.#tries >= TRIES_MAX) this.#giveUp(batch, 'unreachable');
    if (this.#mode === 'stopping') {
      this.#end();
      return;
    }
    const asked = outcome.kind === 'unreachable' ? (outcome.retryAfterMs ?? 0) : 0;
    this.#wait('back off', Math.min(BACKOFF_MS_MAX, Math.max(delayMs, asked)));
  }

  /** The tries go on counting, so that the pauses stay long while nothing arrives. */
  #giveUp(batch: readonly ReadableSpan[], reason: DropReason): void {
    this.#batch = null;
    this.#tools.events.dropped(reason, batch.length);
  }

  #goOn(): void {
    const isFull = this.#spans.length >= SPANS_PER_POST_MAX;
    if (this.#mode === 'stopping') void this.#post();
    else if (isFull) this.#wait('now', 0);
    else if (this.#spans.length > 0) this.#wait('gather', GATHER_MS);
  }

  #take(): readonly ReadableSpan[] | null {
    const all = this.#spans;
    if (all.length === 0) return null;
    this.#spans = all.length > SPANS_PER_POST_MAX ? all.splice(SPANS_PER_POST_MAX) : [];
    return all;
  }

  #end(): void {
    if (this.#mode === 'stopped') return;
    this.#mode = 'stopped';
    this.#timer?.cancel();
    this.#timer = null;
    const left = this.#spans.length + (this.#batch?.length ?? 0);
    this.#spans = [];
    this.#batch = null;
    if (left > 0) this.#tools.events.dropped('stopped', left);
    this.#onEnd?.();
  }
}
