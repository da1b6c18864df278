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
  readonly #waiting = new Set<EndpointId>();
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

  add(id: EndpointId): void {
    this.#waiting.add(id);
    this.#work ??= this.#write();
  }

  async drain(): Promise<void> {
    this.#draining = true;
    await this.#work;
  }

  async #write(): Promise<void> {
    // What is given back in one turn goes together.
    await Promise.resolve();
    while (this.#waiting.size > 0) {
      const ids = [...this.#waiting].slice(0, PER_COMMIT_MAX);
      const dueAt = this.#clock.now() + DEFERRED_MS;
      // One that comes again meanwhile must be given back again.
      for (const id of ids) this.#waiting.delete(id);
      try {
        await this.#store.apply(ids.map((endpointId) => ({ kind: 'endpoint.defer', endpointId, dueAt })));
      } catch (error) {
        for (const id of ids) this.#waiting.add(id);
        this.#telemetry.storeRefused('defer', error);
        if (this.#draining) break;
        await new Promise<void>((resolve) => this.#timers.setTimeout(resolve, TRY_AGAIN_MS));
      }
    }
    this.#work = null;
  }
}
