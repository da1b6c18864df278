import type { Clock, Timers } from '../domain/clock.ts';
import { Alarm } from './alarm.ts';

type Entry<T> = { readonly at: number; readonly item: T };

/** Items that sleep until a monotonic time of their own: a binary heap with one alarm for the earliest. */
export class WakeQueue<T> {
  readonly #clock: Clock;
  readonly #wake: (item: T) => void;
  readonly #alarm: Alarm;
  readonly #heap: Entry<T>[] = [];

  constructor(clock: Clock, timers: Timers, wake: (item: T) => void) {
    this.#clock = clock;
    this.#wake = wake;
    this.#alarm = new Alarm(clock, timers, () => this.#ring());
  }

  get size(): number {
    return this.#heap.length;
  }

  add(item: T, at: number): void {
    const heap = this.#heap;
    const entry = { at, item };
    let index = heap.push(entry) - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      const above = heap[parent];
      if (above === undefined || above.at <= at) break;
      heap[index] = above;
      index = parent;
    }
    heap[index] = entry;
    this.#alarm.setAtMonotonic(at);
  }

  stop(): void {
    this.#alarm.stop();
    this.#heap.length = 0;
  }

  #ring(): void {
    const now = this.#clock.monotonic();
    for (let first = this.#heap[0]; first !== undefined && first.at <= now; first = this.#heap[0]) {
      this.#removeFirst();
      this.#wake(first.item);
    }
    const next = this.#heap[0];
    if (next !== undefined) this.#alarm.setAtMonotonic(next.at);
  }

  #removeFirst(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let index = 0;
    for (;;) {
      let child = index * 2 + 1;
      const left = heap[child];
      if (left === undefined) break;
      const right = heap[child + 1];
      let least = left;
      if (right !== undefined && right.at < left.at) {
        least = right;
        child += 1;
      }
      if (least.at >= last.at) break;
      heap[index] = least;
      index = child;
    }
    heap[index] = last;
  }
}
