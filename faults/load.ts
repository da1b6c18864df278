import { setTimeout as pause } from 'node:timers/promises';
import type { Call, Called, Caller } from './caller.ts';
import type { Node } from './nodes.ts';

/** An event whose 202 came. */
export type Accepted = {
  readonly id: string;
  readonly type: string;
  readonly body: string;
  readonly sentAt: number;
  readonly answeredAt: number;
};

export type LoadCounts = {
  /** Events that were answered with something other than 202, by status. */
  readonly refused: ReadonlyMap<number, number>;
  /** Events of requests that nobody answered: stored or not, nobody was told. */
  readonly unanswered: number;
  /** How long a caller waited for an answer at most, whatever it was. */
  readonly slowestMs: number;
};

type Draft = { readonly type: string; readonly payload: unknown; readonly id?: string };

const TICK_MS = 10;
const UNDER_WAY_MAX = 400;
const BATCH = 10;
const AGAIN_MS = 250;
const AGAIN_TRIES_MAX = 200;
const PAYLOAD_WORDS_MAX = 40;

/**
 * Sends events at a steady rate whether or not those before were answered, by turns: alone, in batches, with ids of its
 * own, and with an `Idempotency-Key`. The last two are sent again until an answer comes, as the manual tells callers to.
 */
export class Load {
  /** By event id. */
  readonly accepted = new Map<string, Accepted>();
  readonly #caller: Caller;
  readonly #nodes: () => readonly Node[];
  readonly #types: readonly string[];
  readonly #perSecond: number;
  readonly #run = crypto.randomUUID().slice(0, 8);
  readonly #refused = new Map<number, number>();
  readonly #underWay = new Set<Promise<void>>();
  #unanswered = 0;
  #slowestMs = 0;
  #sent = 0;
  #turn = 0;
  #timer: NodeJS.Timeout | null = null;
  #isAbandoned = false;

  constructor(options: {
    caller: Caller;
    nodes: () => readonly Node[];
    types: readonly string[];
    perSecond: number;
  }) {
    this.#caller = options.caller;
    this.#nodes = options.nodes;
    this.#types = options.types;
    this.#perSecond = options.perSecond;
  }

  start(): void {
    const startedAt = performance.now();
    let due = 0;
    this.#timer = setInterval(() => {
      const target = Math.floor(((performance.now() - startedAt) / 1_000) * this.#perSecond);
      for (; due < target; due += 1) {
        if (this.#underWay.size >= UNDER_WAY_MAX) continue;
        const sending = this.#send();
        this.#underWay.add(sending);
        void sending.finally(() => this.#underWay.delete(sending));
      }
    }, TICK_MS);
  }

  /** The row is over, however it ended: nothing is asked again. */
  abandon(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
    this.#isAbandoned = true;
  }

  /** Nothing new from now on; resolves when all under way is answered or given up. */
  async stop(): Promise<void> {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
    await Promise.all(this.#underWay);
  }

  counts(): LoadCounts {
    return { refused: this.#refused, unanswered: this.#unanswered, slowestMs: this.#slowestMs };
  }

  async #send(): Promise<void> {
    this.#sent += 1;
    const turn = this.#sent % 10;
    const count = turn === 0 ? BATCH : 1;
    const hasIds = turn === 3 || turn === 6 || turn === 0;
    const drafts = Array.from({ length: count }, (_, index) => this.#draft(`${this.#sent}-${index}`, hasIds));
    const isSafe = hasIds || turn === 8;
    const call: Call = {
      method: 'POST',
      path: '/v1/events',
      body: count === 1 ? drafts[0] : { events: drafts },
      ...(turn === 8 ? { headers: { 'idempotency-key': `load-${this.#run}-${this.#sent}` } } : {}),
    };
    const sentAt = Date.now();
    let called = await this.#call(call);
    const triesMax = isSafe ? AGAIN_TRIES_MAX : 0;
    for (let tries = 0; isToRepeat(called) && tries < triesMax && !this.#isAbandoned; tries += 1) {
      await pause(AGAIN_MS);
      called = await this.#call(call);
    }
    this.#count(called, drafts, sentAt);
  }

  async #call(call: Call): Promise<Called> {
    const nodes = this.#nodes().filter((node) => node.takesEvents && node.isRunning);
    this.#turn += 1;
    const node = nodes[this.#turn % nodes.length];
    if (node === undefined) return 'no_answer';
    const from = performance.now();
    const called = await this.#caller.call(node.url, call);
    if (called !== 'no_answer') this.#slowestMs = Math.max(this.#slowestMs, performance.now() - from);
    return called;
  }

  #draft(number: string, hasId: boolean): Draft {
    const type = this.#types[Math.floor(Math.random() * this.#types.length)] ?? '';
    const words = 'hook ring '.repeat(1 + Math.floor(Math.random() * PAYLOAD_WORDS_MAX));
    const payload = { number: `${this.#run}-${number}`, words };
    return hasId ? { type, payload, id: `f-${this.#run}-${number}` } : { type, payload };
  }

  #count(called: Called, drafts: readonly Draft[], sentAt: number): void {
    if (called === 'no_answer') {
      this.#unanswered += drafts.length;
      return;
    }
    if (called.status !== 202) {
      this.#refused.set(called.status, (this.#refused.get(called.status) ?? 0) + drafts.length);
      return;
    }
    const items = (drafts.length === 1 ? [called.json] : called.json['items']) as readonly { id: string }[]; // The contract's answer.
    for (const [index, draft] of drafts.entries()) {
      const id = items[index]?.id ?? '';
      this.accepted.set(id, {
        id,
        type: draft.type,
        body: JSON.stringify(draft.payload),
        sentAt,
        answeredAt: Date.now(),
      });
    }
  }
}

/** Nobody answered, or the call that nobody answered is still being done somewhere. */
function isToRepeat(called: Called): boolean {
  return called === 'no_answer' || (called.status === 409 && called.json['code'] === 'idempotency_key_in_flight');
}
