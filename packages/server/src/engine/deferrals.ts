import type { Clock, Timers } from '../domain/clock.ts';
import type { EndpointId } from '../domain/ids.ts';
import type { Store } from '../store/port.ts';
import type { EngineTelemetry } from './telemetry.ts';

/** An endpoint whose lane was closed for want of room is looked at again after so long. */
const DEFERRED_MS = 30_000;
const PER_COMMIT_MAX = 500;
const TRY_AGAIN_MS = 1_000;

/**
 * Gives endpoints back to the store that this node answered for and cannot any more, so that somebody finds what they
 * are owed. It is idle, or writing; what the store refuses is tried again until it is taken. After `drain` began it is
 * tried once more: the next start reads the whole queue.
 */
export class Deferrals {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #timers: Timers;
  readonly #telemetry: EngineTelemetry;
  /** When each is to be looked at again. */
  readonly #waiting = new Map<EndpointId, number>();
  #work: Promise<void> | null = null;
  #draining = false;

  constructor(tools: {
    readonly store: Store;
    readonly clock: Clock;
    readonly timers: Timers;
    readonly telemetry: EngineTelemetry;
  }) {
    this.#store = tools.store;
    this.#clock = tools.clock;
    this.#timers = tools.timers;
    this.#telemetry = tools.telemetry;
  }

  /** Its lane was closed for want of room. */
  add(id: EndpointId): void {
    this.#put(id, this.#clock.now() + DEFERRED_MS);
  }

  /**
   * It is not active, as far as memory knows. Where the store knows better, others may have resumed it before this node
   * took it, and nobody else would look; where it does not, this does nothing.
   */
  giveUp(id: EndpointId): void {
    this.#put(id, this.#clock.now());
  }

  async drain(): Promise<void> {
    this.#draining = true;
    await this.#work;
  }

  #put(id: EndpointId, dueAt: number): void {
    this.#waiting.set(id, dueAt);
    this.#work ??= this.#write();
  }

  async #write(): Promise<void> {
    // What is given back in one turn goes together.
    await Promise.resolve();
    while (this.#waiting.size > 0) {
      const some = [...this.#waiting].slice(0, PER_COMMIT_MAX);
      // One that comes again meanwhile must be given back again.
      for (const [id] of some) this.#waiting.delete(id);
      try {
        await this.#store.apply(some.map(([endpointId, dueAt]) => ({ kind: 'endpoint.defer', endpointId, dueAt })));
      } catch (error) {
        for (const [id, dueAt] of some) if (!this.#waiting.has(id)) this.#waiting.set(id, dueAt);
        this.#telemetry.storeRefused('defer', error);
        if (this.#draining) break;
        await new Promise<void>((resolve) => this.#timers.setTimeout(resolve, TRY_AGAIN_MS));
      }
    }
    this.#work = null;
  }
}
