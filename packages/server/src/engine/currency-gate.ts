import type { Clock, Timers } from '../domain/clock.ts';
import type { Store } from '../store/port.ts';

/** Between two questions whether memory is good again. */
const ASK_AGAIN_MS = 100;

/**
 * Whether this node may act on what it remembers: sign by a ring, or take an endpoint for active.
 *
 * It is open as long as memory is good. Found shut by who would send, it asks the store until it is open again, and says
 * so then. Where one process owns the store it is always open, and costs a comparison.
 */
export class CurrencyGate {
  readonly #store: Pick<Store, 'currency'>;
  readonly #clock: Clock;
  readonly #timers: Timers;
  readonly #onOpen: () => void;
  #asking = false;
  #stopped = false;

  constructor(
    tools: { readonly store: Pick<Store, 'currency'>; readonly clock: Clock; readonly timers: Timers },
    onOpen: () => void,
  ) {
    this.#store = tools.store;
    this.#clock = tools.clock;
    this.#timers = tools.timers;
    this.#onOpen = onOpen;
  }

  get isOpen(): boolean {
    const { goodUntil } = this.#store.currency;
    return goodUntil === Number.POSITIVE_INFINITY || this.#clock.monotonic() < goodUntil;
  }

  /** Reads what others changed. Answers whether the gate is open now. */
  async renew(): Promise<boolean> {
    return (await this.#store.currency.renew()) && this.isOpen;
  }

  /** `onOpen` is called once when it is open again. */
  awaitOpen(): void {
    if (this.#asking || this.#stopped) return;
    this.#asking = true;
    void this.#ask();
  }

  stop(): void {
    this.#stopped = true;
  }

  async #ask(): Promise<void> {
    if (await this.renew()) {
      this.#asking = false;
      this.#onOpen();
    } else if (this.#stopped) this.#asking = false;
    else this.#timers.setTimeout(() => void this.#ask(), ASK_AGAIN_MS);
  }
}
