import type { ReceivedRequest } from './request.ts';

export type WaitOptions = { readonly timeoutMs?: number };

type Waiter = {
  readonly matches: (request: ReceivedRequest) => boolean;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
  readonly timer: NodeJS.Timeout;
};

const WAIT_TIMEOUT_MS = 5_000;

/**
 * The last requests, and those who wait for one. It is open until `close`; each waiter leaves exactly once: with
 * requests, at its timeout, or when the log closes.
 */
export class RequestLog {
  readonly #capacity: number;
  readonly #ring: ReceivedRequest[] = [];
  readonly #waiters = new Set<Waiter>();
  #received = 0;
  #closed = false;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get received(): number {
    return this.#received;
  }

  /** Requests that no longer fit. */
  get forgotten(): number {
    return this.#received - this.#ring.length;
  }

  add(request: ReceivedRequest): void {
    // A ring: the slot after the newest is the oldest.
    this.#ring[this.#received % this.#capacity] = request;
    this.#received += 1;
    for (const waiter of this.#waiters) if (waiter.matches(request)) this.#settle(waiter);
  }

  /** Oldest first. */
  all(): ReceivedRequest[] {
    const oldest = this.#received % this.#capacity;
    return this.#ring.length < this.#capacity
      ? [...this.#ring]
      : this.#ring.slice(oldest).concat(this.#ring.slice(0, oldest));
  }

  /**
   * Waits until so many requests were received since the start, or until one matches, which may have come already.
   * Answers with the kept requests, or with those that match.
   */
  waitFor(
    wanted: number | ((request: ReceivedRequest) => boolean),
    options: WaitOptions = {},
  ): Promise<readonly ReceivedRequest[]> {
    const byCount = typeof wanted === 'number';
    const isDone = byCount ? () => this.#received >= wanted : () => this.all().some(wanted);
    const matches = byCount ? () => this.#received >= wanted : wanted;
    const found = () => (byCount ? this.all() : this.all().filter(wanted));
    if (isDone()) return Promise.resolve(found());
    if (this.#closed) return Promise.reject(new Error('The receiver is stopped.'));
    const timeoutMs = options.timeoutMs ?? WAIT_TIMEOUT_MS;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiters.delete(waiter);
        const what = byCount ? `${wanted} requests` : 'a matching request';
        reject(new Error(`Waited ${timeoutMs} ms for ${what}; ${this.#received} were received.`));
      }, timeoutMs);
      const waiter: Waiter = { matches, resolve: () => resolve(found()), reject, timer };
      this.#waiters.add(waiter);
    });
  }

  close(): void {
    this.#closed = true;
    for (const waiter of this.#waiters) {
      clearTimeout(waiter.timer);
      waiter.reject(new Error('The receiver was stopped while someone waited for a request.'));
    }
    this.#waiters.clear();
  }

  #settle(waiter: Waiter): void {
    this.#waiters.delete(waiter);
    clearTimeout(waiter.timer);
    waiter.resolve();
  }
}
