const COMPACT_AT = 64;

/** First in, first out, without moving what stays: the front is an index that catches up in strides. */
export class Fifo<T> {
  #items: (T | undefined)[] = [];
  #front = 0;

  get size(): number {
    return this.#items.length - this.#front;
  }

  /** What `shift` would take. */
  get first(): T | undefined {
    return this.#items[this.#front];
  }

  push(item: T): void {
    this.#items.push(item);
  }

  shift(): T | undefined {
    if (this.#front === this.#items.length) return undefined;
    const item = this.#items[this.#front];
    // Nothing may be kept alive by a place that is already behind the front.
    this.#items[this.#front] = undefined;
    this.#front += 1;
    if (this.#front === this.#items.length) {
      this.#items.length = 0;
      this.#front = 0;
    } else if (this.#front >= COMPACT_AT && this.#front * 2 >= this.#items.length) {
      this.#items = this.#items.slice(this.#front);
      this.#front = 0;
    }
    return item;
  }

  /** Removes all but the first `keep` items and returns them in order. */
  cut(keep: number): T[] {
    const removed: T[] = [];
    const at = Math.min(this.#front + keep, this.#items.length);
    for (let index = at; index < this.#items.length; index += 1) {
      const item = this.#items[index];
      if (item !== undefined) removed.push(item);
    }
    this.#items.length = at;
    return removed;
  }
}
