import type { Sender, SendRequest, SendResult } from '../../packages/server/src/net/sender.ts';
import type { Incarnation } from '../../packages/server/src/store/port.ts';
import type { CallFault, Faults } from '../faults.ts';
import type { Model } from '../model/model.ts';
import { beginRequest, endRequest, expectEnd, type SeenRequest } from '../model/requests.ts';
import type { Agenda } from '../time/agenda.ts';
import type { SimulatedProcess } from '../time/process.ts';
import { STEP, type Trace } from '../trace.ts';
import type { Receiver, Receivers } from './receivers.ts';
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
    const fault = faults.next('request');
    if (fault === 'crash before a request') {
      faults.count(fault);
      process.crash();
      return new Promise(() => {});
    }
    const { href } = request.url;
    const receiver = receivers.at(href);
    model.checks.that('closed', receiver !== null, () => `a request left for ${href}, where no receiver is`);
    if (receiver === null) throw new Error('unreachable');
    const under = incarnation();
    const isPrompt = receiver.character === 'prompt' && !isCramped;
    const seen = beginRequest(model, {
      process,
      incarnation: under,
      now: now(),
      href,
      headers: request.headers,
      isPrompt,
    });
    const course = this.#course(request, seen, receiver, fault);
    expectEnd(seen, agenda.now, course.afterMs);
    trace.add(agenda.now, STEP.send, process.number, seen.delivery.ordinal, course.afterMs, seen.keyIds);
    if (course.taken) {
      seen.requests.taken += 1;
      seen.requests.told = null;
      seen.requests.excuse = course.excuse;
    }
    if (fault === 'crash after a request left') {
      faults.count(fault);
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
    const { process, agenda } = this.#parts;
    endRequest(seen, process, under, result.kind === 'response' ? result.status : null, agenda.now);
    resolve(result);
  }

  #course(request: SendRequest, seen: SeenRequest, receiver: Receiver, fault: CallFault | null): Course {
    const { faults, receivers, agenda } = this.#parts;
    const { deadlineMs } = request;
    const before = this.#stoppedOnTheWay(fault, deadlineMs);
    if (before !== null) return before;
    const reaction = receivers.react(receiver, seen, request, agenda.now);
    if (reaction.kind === 'hangs')
      return lost(failed('timeout', deadlineMs), deadlineMs, 'the receiver hung after it took it');
    if (reaction.kind === 'resets') {
      return lost(failed('reset', reaction.afterMs), reaction.afterMs, 'the receiver reset after it took it');
    }
    const { afterMs, status } = reaction;
    const taken = status >= 200 && status < 300;
    const after = taken ? this.#lostOnTheWay(fault, afterMs, deadlineMs) : null;
    if (after !== null) {
      if (fault !== null) faults.count(fault);
      return after;
    }
    return { result: responded(status, afterMs, reaction.retryAfter), afterMs, taken, excuse: null };
  }

  /** Null: the receiver gets it. */
  #stoppedOnTheWay(fault: CallFault | null, deadlineMs: number): Course | null {
    const result = stopped(fault, deadlineMs);
    if (fault === null || result === null) return null;
    const { faults, process } = this.#parts;
    faults.count(fault);
    const isTimeout = fault === 'timeout before the receiver read it';
    const isStale = fault === 'kept connection had died';
    const afterMs = isTimeout ? deadlineMs : isStale ? 1 : process.random.between(1, 50);
    return { result, afterMs, taken: false, excuse: null };
  }

  /** Null: the sender gets the answer. */
  #lostOnTheWay(fault: CallFault | null, afterMs: number, deadlineMs: number): Course | null {
    switch (fault) {
      case 'reset after the receiver took it':
        return lost(failed('reset', afterMs), afterMs, 'reset after it was taken');
      case 'answer lost after a 2xx': {
        const lostAfterMs = afterMs + this.#parts.process.random.below(deadlineMs);
        return lost(failed('reset', lostAfterMs), lostAfterMs, 'the answer was lost');
      }
      case 'timeout after the receiver took it':
        return lost(failed('timeout', deadlineMs), deadlineMs, 'the answer did not come in time');
      default:
        return null;
    }
  }
}

function lost(result: SendResult, afterMs: number, excuse: string): Course {
  return { result, afterMs, taken: true, excuse };
}

function stopped(fault: CallFault | null, deadlineMs: number): SendResult | null {
  switch (fault) {
    case 'connection refused':
      return failed('connect', 1);
    case 'name not found':
      return failed('dns', 5);
    case 'reset before the receiver read it':
      return failed('reset', 2);
    case 'kept connection had died':
      return failed('reset', 1, true);
    case 'timeout before the receiver read it':
      return failed('timeout', deadlineMs);
    default:
      return null;
  }
}
