import type { Sender, SendRequest, SendResult } from '../../packages/server/src/net/sender.ts';
import type { Incarnation } from '../../packages/server/src/store/port.ts';
import type { Faults } from '../faults.ts';
import type { Model } from '../model/model.ts';
import { beginRequest, endRequest, type SeenRequest } from '../model/requests.ts';
import type { Agenda } from '../time/agenda.ts';
import type { SimulatedProcess } from '../time/process.ts';
import { STEP, type Trace } from '../trace.ts';
import type { Receivers } from './receivers.ts';
import { failed, responded } from './results.ts';

export type SenderParts = {
  readonly process: SimulatedProcess;
  readonly agenda: Agenda;
  readonly faults: Faults;
  readonly trace: Trace;
  readonly model: Model;
  readonly receivers: Receivers;
  readonly incarnation: () => Incarnation;
  /** The clock that the process signs by. */
  readonly now: () => number;
  /** The process has so little room that others may hold up a prompt receiver. */
  readonly isCramped: boolean;
  readonly onFault: (error: unknown) => void;
};

/** What becomes of a request. */
type Course = {
  readonly result: SendResult;
  readonly afterMs: number;
  /** The receiver took it as a 2xx says, whatever the sender learns of it. */
  readonly taken: boolean;
  /** Why the sender may not know that. */
  readonly excuse: string | null;
};

/** The network and all receivers, as one process reaches them. */
export class SimulatedSender implements Sender {
  readonly #parts: SenderParts;
  readonly #open = new Map<(result: SendResult) => void, SeenRequest>();
  #closed = false;

  constructor(parts: SenderParts) {
    this.#parts = parts;
  }

  send(request: SendRequest): Promise<SendResult> {
    try {
      return this.#send(request);
    } catch (error) {
      this.#parts.onFault(error);
      return new Promise(() => {});
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
  }

  async destroy(): Promise<void> {
    this.#closed = true;
    for (const [end, { requests }] of this.#open) {
      requests.flying = null;
      if (requests.told === null) requests.excuse ??= 'the sender was closed while its request was out';
      end(failed('closed', 1));
    }
    this.#open.clear();
  }

  #send(request: SendRequest): Promise<SendResult> {
    const { process, agenda, faults, trace, model, receivers, incarnation, now, isCramped } = this.#parts;
    if (!process.alive) return new Promise(() => {});
    if (this.#closed) return Promise.resolve(failed('closed', 0));
    if (faults.strikes('crash before a request')) {
      process.crash();
      return new Promise(() => {});
    }
    const { href } = request.url;
    const receiver = receivers.at(href);
    if (receiver === null) throw new Error(`a request to ${href}, which nobody made`);
    const under = incarnation();
    const isPrompt = receiver.character === 'prompt' && !isCramped;
    const seen = beginRequest(model, { process, incarnation: under, now: now(), href, headers: request.headers, isPrompt });
    const course = this.#course(request, seen, receiver);
    trace.add(agenda.now, STEP.send, process.number, seen.delivery.ordinal, course.afterMs, seen.keyIds);
    if (course.taken) {
      seen.requests.taken += 1;
      seen.requests.told = null;
      seen.requests.excuse = course.excuse;
    }
    if (faults.strikes('crash after a request left')) {
      process.crash();
      return new Promise(() => {});
    }
    return new Promise((resolve) => {
      this.#open.set(resolve, seen);
      agenda.after(course.afterMs, () => process.wake(() => this.#answer(seen, course.result, under, resolve)));
    });
  }

  #answer(seen: SeenRequest, result: SendResult, under: Incarnation, resolve: (result: SendResult) => void): void {
    if (!this.#open.delete(resolve)) return;
    const { process } = this.#parts;
    endRequest(seen, process, under, result.kind === 'response' ? result.status : null);
    resolve(result);
  }

  #course(request: SendRequest, seen: SeenRequest, receiver: NonNullable<ReturnType<Receivers['at']>>): Course {
    const { faults, process, receivers, agenda } = this.#parts;
    const { deadlineMs } = request;
    const before = this.#faultOnTheWay(deadlineMs);
    if (before !== null) return { result: before.result, afterMs: before.afterMs, taken: false, excuse: null };
    const reaction = receivers.react(receiver, seen, request, agenda.now);
    if (reaction.kind === 'hangs') {
      return { result: failed('timeout', deadlineMs), afterMs: deadlineMs, taken: true, excuse: 'the receiver hung after it took it' };
    }
    if (reaction.kind === 'resets') {
      const { afterMs } = reaction;
      return { result: failed('reset', afterMs), afterMs, taken: true, excuse: 'the receiver reset after it took it' };
    }
    const { afterMs, status } = reaction;
    const taken = status >= 200 && status < 300;
    if (!taken) return { result: responded(status, afterMs, reaction.retryAfter), afterMs, taken, excuse: null };
    if (faults.strikes('reset after the receiver took it')) {
      return { result: failed('reset', afterMs), afterMs, taken, excuse: 'reset after it was taken' };
    }
    if (faults.strikes('answer lost after a 2xx')) {
      const lostAfterMs = afterMs + process.random.below(deadlineMs);
      return { result: failed('reset', lostAfterMs), afterMs: lostAfterMs, taken, excuse: 'the answer was lost' };
    }
    if (faults.strikes('timeout after the receiver took it')) {
      return { result: failed('timeout', deadlineMs), afterMs: deadlineMs, taken, excuse: 'the answer did not come in time' };
    }
    return { result: responded(status, afterMs, null), afterMs, taken, excuse: null };
  }

  /** Null: the receiver gets it. */
  #faultOnTheWay(deadlineMs: number): { readonly result: SendResult; readonly afterMs: number } | null {
    const { faults, process } = this.#parts;
    const soon = (): number => process.random.between(1, 50);
    if (faults.strikes('connection refused')) return { result: failed('connect', 1), afterMs: soon() };
    if (faults.strikes('name not found')) return { result: failed('dns', 5), afterMs: soon() };
    if (faults.strikes('reset before the receiver read it')) return { result: failed('reset', 2), afterMs: soon() };
    if (faults.strikes('kept connection had died')) return { result: failed('reset', 1, true), afterMs: 1 };
    if (faults.strikes('timeout before the receiver read it')) {
      return { result: failed('timeout', deadlineMs), afterMs: deadlineMs };
    }
    return null;
  }
}
