import { setTimeout as pause } from 'node:timers/promises';
import type { Called, Caller } from './caller.ts';
import type { Ledger } from './ledger.ts';
import type { Node } from './nodes.ts';

const GRACE_SECONDS_MAX = 3;
const BETWEEN_MS_MAX = 1_000;
const AGAIN_MS = 200;
/** Of one rotation, from its first request to its answer. */
const ANSWER_MS_MAX = 90_000;

/**
 * Rotates the secrets of one endpoint again and again while things break, as long as it is let. A rotation that nobody
 * answered is asked for again with the same `Idempotency-Key`, since the secret that it made may sign already.
 */
export class Rotations {
  /** Answered with a new secret. */
  done = 0;
  /** What should not be: an answer without the secret, or of a kind that nobody expects. */
  readonly problems: string[] = [];
  readonly #options: { caller: Caller; nodes: () => readonly Node[]; endpointId: string; ledger: Ledger };
  #going = true;
  #isAbandoned = false;
  #turn = 0;
  #ended: Promise<void>;

  constructor(options: { caller: Caller; nodes: () => readonly Node[]; endpointId: string; ledger: Ledger }) {
    this.#options = options;
    this.#ended = this.#run();
  }

  /** The row is over, however it ended: nothing is asked again. */
  abandon(): void {
    this.#going = false;
    this.#isAbandoned = true;
  }

  /** Resolves when the last one is known to its end. */
  async stop(): Promise<void> {
    this.#going = false;
    await this.#ended;
  }

  async #run(): Promise<void> {
    while (this.#going) {
      await pause(Math.random() * BETWEEN_MS_MAX);
      if (!this.#going) return;
      await this.#rotate(Math.floor(Math.random() * (GRACE_SECONDS_MAX + 1)), crypto.randomUUID());
    }
  }

  async #rotate(graceSeconds: number, key: string): Promise<void> {
    const deadline = Date.now() + ANSWER_MS_MAX;
    while (Date.now() < deadline && !this.#isAbandoned) {
      const called = await this.#ask(graceSeconds, key);
      if (called !== 'no_answer' && called.status === 200) return this.#took(called.json);
      const code = called === 'no_answer' ? 'no_answer' : String(called.json['code']);
      // The window of the one before is still open: nothing was changed, and another key asks anew.
      if (code === 'rotation_in_progress') return;
      const isExpected = called === 'no_answer' || called.status >= 500 || code === 'idempotency_key_in_flight';
      if (!isExpected) {
        this.problems.push(`a rotation answered ${called.status} ${code}`);
        return;
      }
      await pause(AGAIN_MS);
    }
    if (!this.#isAbandoned) this.problems.push('a rotation was never answered');
    this.#going = false;
  }

  async #ask(graceSeconds: number, key: string): Promise<Called> {
    const { caller, nodes, endpointId } = this.#options;
    const open = nodes().filter((node) => node.takesEvents && node.isRunning);
    this.#turn += 1;
    const node = open[this.#turn % open.length];
    if (node === undefined) return 'no_answer';
    return await caller.call(node.url, {
      method: 'POST',
      path: `/v1/endpoints/${endpointId}/rotate`,
      body: { graceSeconds },
      headers: { 'idempotency-key': key },
    });
  }

  #took(json: Readonly<Record<string, unknown>>): void {
    const { secret, retired, effectiveAt } = json as {
      secret: { value: string | null };
      retired: { expiresAt: string } | null;
      effectiveAt: string;
    }; // The contract's answer.
    if (secret.value === null) {
      this.problems.push('a rotation was answered without its secret');
      this.#going = false;
      return;
    }
    const from = Date.parse(effectiveAt);
    this.#options.ledger.rotated(secret.value, {
      effectiveAt: from,
      oldExpiresAt: retired === null ? from : Date.parse(retired.expiresAt),
      answeredAt: Date.now(),
    });
    this.done += 1;
  }
}
