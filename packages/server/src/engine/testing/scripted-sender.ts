import type { Timers } from '../../domain/clock.ts';
import type { Sender, SendFailure, SendRequest, SendResult } from '../../net/sender.ts';

export type SeenRequest = {
  readonly at: number;
  readonly url: string;
  readonly headers: readonly string[];
  readonly body: Uint8Array;
  readonly deadlineMs: number;
};

/** What a receiver does, within a millisecond unless it says otherwise; `hang` keeps the request until its deadline. */
export type Reply =
  | { readonly status: number; readonly afterMs?: number; readonly retryAfter?: string; readonly verifiedKey?: string }
  | { readonly failure: SendFailure; readonly afterMs?: number; readonly stale?: boolean }
  | 'hang';

const PHASES = { dnsMs: null, connectMs: null, tlsMs: null, firstByteMs: 1, totalMs: 1 };

/** A network whose receivers follow a script. */
export class ScriptedSender implements Sender {
  readonly seen: SeenRequest[] = [];
  inFlight = 0;
  inFlightMax = 0;
  /** Off: what is in flight never answers, as after the end of the process. */
  connected = true;
  script: (request: SeenRequest) => Reply = () => ({ status: 200 });
  readonly #time: Timers & { now(): number };

  constructor(time: Timers & { now(): number }) {
    this.#time = time;
  }

  send(request: SendRequest): Promise<SendResult> {
    const seen: SeenRequest = {
      at: this.#time.now(),
      url: request.url.href,
      headers: request.headers,
      body: request.body,
      deadlineMs: request.deadlineMs,
    };
    this.seen.push(seen);
    this.inFlight += 1;
    this.inFlightMax = Math.max(this.inFlightMax, this.inFlight);
    const reply = this.script(seen);
    const afterMs = reply === 'hang' ? request.deadlineMs : (reply.afterMs ?? 1);
    return new Promise((resolve) => {
      const answer = (): void => {
        this.inFlight -= 1;
        if (this.connected) resolve(resultOf(reply, request));
      };
      this.#time.setTimeout(answer, afterMs);
    });
  }

  async close(): Promise<void> {}
  async destroy(): Promise<void> {}
}

function resultOf(reply: Reply, request: SendRequest): SendResult {
  if (reply === 'hang') {
    return { kind: 'failure', failure: 'timeout', detail: 'no answer in time', staleConnection: false, phases: PHASES };
  }
  if ('failure' in reply) {
    const staleConnection = reply.stale ?? false;
    return { kind: 'failure', failure: reply.failure, detail: 'as scripted', staleConnection, phases: PHASES };
  }
  const keep = request.capture === 'always' || reply.status < 200 || reply.status > 299;
  return {
    kind: 'response',
    status: reply.status,
    retryAfter: reply.retryAfter ?? null,
    verifiedKey: reply.verifiedKey ?? null,
    headers: keep ? [['content-type', 'text/plain']] : null,
    excerpt: keep ? new TextEncoder().encode('said the receiver') : null,
    phases: PHASES,
  };
}

/** One header of a request as seen. */
export function headerOf(request: SeenRequest, name: string): string | null {
  for (let index = 0; index < request.headers.length; index += 2) {
    if (request.headers[index] === name) return request.headers[index + 1] ?? null;
  }
  return null;
}
