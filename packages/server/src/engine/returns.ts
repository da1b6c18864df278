import type { Clock, Timers } from '../domain/clock.ts';
import { type Store, StoreUnavailable } from '../store/port.ts';
import type { Lane, LiveDelivery } from './lane.ts';
import type { EngineTelemetry } from './telemetry.ts';

const TRY_AGAIN_MS = 1_000;
/** At shutdown a store that refuses is asked this often; the leases are void for the next run anyway. */
const LAST_TRIES_MAX = 3;
/** A unit that the store cannot process for a defect: its deliveries stay leased until the next run. */
const DEFECTS_MAX = 3;

/** Gives deliveries that were not sent back to the store. They keep their place in memory until that is committed. */
export class Returns {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #timers: Timers;
  readonly #telemetry: EngineTelemetry;
  readonly #onReturned: (lane: Lane, deliveries: readonly LiveDelivery[]) => void;
  readonly #underway = new Set<Promise<void>>();
  #draining = false;

  constructor(
    tools: {
      readonly store: Store;
      readonly clock: Clock;
      readonly timers: Timers;
      readonly telemetry: EngineTelemetry;
    },
    onReturned: (lane: Lane, deliveries: readonly LiveDelivery[]) => void,
  ) {
    this.#store = tools.store;
    this.#clock = tools.clock;
    this.#timers = tools.timers;
    this.#telemetry = tools.telemetry;
    this.#onReturned = onReturned;
  }

  /** They are due again after `delayMs`. */
  add(lane: Lane, deliveries: readonly LiveDelivery[], delayMs = 0): void {
    const work = this.#release(lane, deliveries, delayMs).finally(() => this.#underway.delete(work));
    this.#underway.add(work);
  }

  /** Waits until what is being given back now is given back. */
  async settled(): Promise<void> {
    await Promise.all(this.#underway);
  }

  async drain(): Promise<void> {
    this.#draining = true;
    while (this.#underway.size > 0) await Promise.all(this.#underway);
  }

  async #release(lane: Lane, deliveries: readonly LiveDelivery[], delayMs: number): Promise<void> {
    const dueAt = this.#clock.now() + delayMs;
    // All were leased at one time: what was leased before leases were lost has left memory by then.
    const incarnation = deliveries[0]?.lease ?? this.#store.incarnation;
    const ids = new Set(deliveries.map((live) => live.id));
    lane.returning.add(ids);
    let defects = 0;
    let isInDoubt = false;
    for (let lastTries = 0; lastTries < LAST_TRIES_MAX && ids.size > 0; lastTries += this.#draining ? 1 : 0) {
      try {
        await this.#store.release({ incarnation, endpointId: lane.state.id, deliveryIds: [...ids], dueAt });
        this.#telemetry.released(deliveries.length);
        break;
      } catch (error) {
        this.#telemetry.storeRefused('release', error);
        if (!(error instanceof StoreUnavailable)) {
          defects += 1;
          if (defects === DEFECTS_MAX) {
            this.#telemetry.fault('release', error);
            break;
          }
        }
      }
      // It may have been done: what is claimed from now on would be taken from under the feet of whoever sends it.
      if (!isInDoubt) lane.doubts += 1;
      isInDoubt = true;
      do await new Promise<void>((resolve) => this.#timers.setTimeout(resolve, TRY_AGAIN_MS));
      while (lane.claiming);
    }
    if (isInDoubt) lane.doubts -= 1;
    lane.returning.delete(ids);
    this.#onReturned(lane, deliveries);
  }
}
