/** Something that ends at a time. The wheel owns the three link fields. */
export interface WheelEntry {
  wheelPrevious: WheelEntry | null;
  wheelNext: WheelEntry | null;
  /** The tick at which it is due; 0 while it is in no wheel. */
  wheelTick: number;
  expire(): void;
}

const TICK_MS = 20;
/** A power of two: 4096 ticks of 20 ms are 82 s, longer than any deadline, so an entry is seldom passed over. */
const SLOTS = 4_096;

/**
 * Deadlines in slots of 20 ms: adding and removing one is a few assignments, without a timer of its own. An entry
 * expires at its time or up to two ticks later, never before.
 */
export class DeadlineWheel {
  readonly #slots: (WheelEntry | null)[] = Array.from({ length: SLOTS }, () => null);
  #tick = 0;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  add(entry: WheelEntry, nowMs: number, delayMs: number): void {
    if (this.#size === 0) this.#tick = Math.floor(nowMs / TICK_MS);
    const tick = Math.max(this.#tick + 1, Math.ceil((nowMs + delayMs) / TICK_MS));
    const slot = tick % SLOTS;
    const head = this.#slots[slot] ?? null;
    entry.wheelTick = tick;
    entry.wheelPrevious = null;
    entry.wheelNext = head;
    if (head !== null) head.wheelPrevious = entry;
    this.#slots[slot] = entry;
    this.#size += 1;
  }

  /** Does nothing for an entry that has expired or was removed. */
  remove(entry: WheelEntry): void {
    if (entry.wheelTick === 0) return;
    const { wheelPrevious, wheelNext } = entry;
    if (wheelPrevious === null) this.#slots[entry.wheelTick % SLOTS] = wheelNext;
    else wheelPrevious.wheelNext = wheelNext;
    if (wheelNext !== null) wheelNext.wheelPrevious = wheelPrevious;
    entry.wheelPrevious = null;
    entry.wheelNext = null;
    entry.wheelTick = 0;
    this.#size -= 1;
  }

  /** Expires everything that is due at `nowMs`. An entry may add and remove others while it expires. */
  advance(nowMs: number): void {
    const target = Math.floor(nowMs / TICK_MS);
    if (target <= this.#tick) return;
    const first = Math.max(this.#tick + 1, target - SLOTS + 1);
    this.#tick = target;
    const due: WheelEntry[] = [];
    for (let tick = first; tick <= target; tick += 1) {
      for (let entry = this.#slots[tick % SLOTS] ?? null; entry !== null; entry = entry.wheelNext) {
        if (entry.wheelTick <= target) due.push(entry);
      }
    }
    for (const entry of due) {
      // One that an earlier entry removed, or added again for later, stays quiet.
      if (entry.wheelTick === 0 || entry.wheelTick > target) continue;
      this.remove(entry);
      entry.expire();
    }
  }
}

/** Turns a wheel while it has entries. */
export class WheelDriver {
  readonly #wheel = new DeadlineWheel();
  readonly #monotonic: () => number;
  #timer: NodeJS.Timeout | null = null;

  constructor(monotonic: () => number) {
    this.#monotonic = monotonic;
  }

  add(entry: WheelEntry, nowMs: number, delayMs: number): void {
    this.#wheel.add(entry, nowMs, delayMs);
    this.#timer ??= setInterval(this.#onTick, TICK_MS);
  }

  remove(entry: WheelEntry): void {
    this.#wheel.remove(entry);
  }

  // After a pause of the process, timers run before sockets are read. One turn of the loop later, an answer that had
  // already arrived has been read and beats its deadline.
  readonly #onTick = (): void => {
    setImmediate(this.#advance);
  };

  readonly #advance = (): void => {
    this.#wheel.advance(this.#monotonic());
    // Stopped here and not when the last entry leaves: at a low rate that would start and stop a timer per request.
    if (this.#wheel.size === 0 && this.#timer !== null) {
      clearInterval(this.#timer);
      this.#timer = null;
    }
  };
}
