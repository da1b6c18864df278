const BYTES_MIN = 1_024;

/** A set of small whole numbers, a bit for each. */
export class Bits {
  #bytes = new Uint8Array(BYTES_MIN);
  size = 0;

  has(number: number): boolean {
    return ((this.#bytes[number >>> 3] ?? 0) & (1 << (number & 7))) !== 0;
  }

  /** Answers whether it is new. */
  add(number: number): boolean {
    const at = number >>> 3;
    if (at >= this.#bytes.length) {
      const larger = new Uint8Array(Math.max(at + 1, this.#bytes.length * 2));
      larger.set(this.#bytes);
      this.#bytes = larger;
    }
    if (this.has(number)) return false;
    this.#bytes[at] = (this.#bytes[at] ?? 0) | (1 << (number & 7));
    this.size += 1;
    return true;
  }

  /** How many of these the other lacks. */
  missingFrom(other: Bits): number {
    let missing = 0;
    for (let number = 0; number < this.#bytes.length * 8; number += 1) {
      if (this.has(number) && !other.has(number)) missing += 1;
    }
    return missing;
  }
}
