/** Something that happens at its time, unless it was called off. */
export class Entry {
  run: (() => void) | null;
  readonly at: number;
  readonly order: number;

  constructor(at: number, order: number, run: () => void) {
    this.at = at;
    this.order = order;
    this.run = run;
  }

  cancel(): void {
    this.run = null;
  }
}

/** Milliseconds that have a slot of their own. */
const SLOTS = 8_192;

/**
 * What is to happen, in the order of its time and then in that in which it was put here. Time moves from one entry to the
 * next, in whole milliseconds; what lies far ahead waits in a heap.
 */
export class Agenda {
  now = 0;
  #order = 0;
  readonly #slots: Entry[][] = Array.from({ length: SLOTS }, () => []);
  /** The place of the next entry in the slot of this millisecond. */
  #cursor = 0;
  #near = 0;
  readonly #far: Entry[] = [];

  /** At the end of the current millisecond at the earliest. */
  at(time: number, run: () => void): Entry {
    const at = time <= this.now ? this.now : Math.ceil(time);
    this.#order += 1;
    const entry = new Entry(at, this.#order, run);
    if (at - this.now < SLOTS) this.#put(entry);
    else pushHeap(this.#far, entry);
    return entry;
  }

  after(delayMs: number, run: () => void): Entry {
    return this.at(this.now + delayMs, run);
  }

  /** Moves on to the next entry that was not called off, `until` at the latest; null when none is left until then. */
  next(until: number): (() => void) | null {
    for (;;) {
      const slot = this.#slots[this.now % SLOTS];
      if (slot === undefined) throw new Error('a time without a slot');
      while (this.#cursor < slot.length) {
        const entry = slot[this.#cursor];
        this.#cursor += 1;
        this.#near -= 1;
        if (entry !== undefined && entry.run !== null) return entry.run;
      }
      slot.length = 0;
      this.#cursor = 0;
      if (this.now >= until) return null;
      this.#step(until);
    }
  }

  #step(until: number): void {
    const first = this.#far[0];
    const jump = this.#near > 0 ? this.now + 1 : Math.min(until, first?.at ?? until);
    this.now = Math.max(this.now + 1, jump);
    for (let entry = this.#far[0]; entry !== undefined && entry.at - this.now < SLOTS; entry = this.#far[0]) {
      popHeap(this.#far);
      if (entry.run !== null) this.#put(entry);
    }
  }

  #put(entry: Entry): void {
    this.#near += 1;
    this.#slots[entry.at % SLOTS]?.push(entry);
  }
}

function isBefore(one: Entry, other: Entry): boolean {
  return one.at < other.at || (one.at === other.at && one.order < other.order);
}

function pushHeap(heap: Entry[], entry: Entry): void {
  let at = heap.push(entry) - 1;
  while (at > 0) {
    const above = (at - 1) >> 1;
    const parent = heap[above];
    if (parent === undefined || isBefore(parent, entry)) break;
    heap[at] = parent;
    at = above;
  }
  heap[at] = entry;
}

function popHeap(heap: Entry[]): void {
  const last = heap.pop();
  if (last === undefined || heap.length === 0) return;
  let at = 0;
  for (;;) {
    let child = at * 2 + 1;
    let least = heap[child];
    const right = heap[child + 1];
    if (right !== undefined && least !== undefined && isBefore(right, least)) {
      child += 1;
      least = right;
    }
    if (least === undefined || isBefore(last, least)) break;
    heap[at] = least;
    at = child;
  }
  heap[at] = last;
}
