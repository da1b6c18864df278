/**
 * The one source of everything that is random in a run: sfc32 (Chris Doty-Humphrey, PractRand), 128 bits of state, seeded
 * by words through a mixer, so that neighbouring seeds have nothing in common.
 */
export class Random {
  #a: number;
  #b: number;
  #c: number;
  #count = 1;
  readonly #words: readonly number[];

  constructor(...words: readonly number[]) {
    this.#words = words;
    let state = 0x9e3779b9;
    for (const word of words) {
      state = mix(state ^ (word >>> 0));
      state = mix(state ^ Math.floor(word / 2 ** 32));
    }
    this.#a = mix(state + 1);
    this.#b = mix(state + 2);
    this.#c = mix(state + 3);
    for (let round = 0; round < 12; round += 1) this.word();
  }

  /** Another source that shares nothing with this one, whatever was drawn from it so far. */
  fork(...words: readonly number[]): Random {
    return new Random(...this.#words, ...words);
  }

  /** 32 bits. */
  word(): number {
    const word = (((this.#a + this.#b) | 0) + this.#count) | 0;
    this.#count = (this.#count + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + word) | 0;
    return word >>> 0;
  }

  /** In [0, 1). */
  readonly next = (): number => this.word() / 2 ** 32;

  /** A whole number in [0, below). */
  below(below: number): number {
    return Math.floor(this.next() * below);
  }

  /** A whole number, both ends included. */
  between(least: number, most: number): number {
    return least + this.below(most - least + 1);
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  pick<T>(items: readonly T[]): T {
    const item = items[this.below(items.length)];
    if (item === undefined) throw new Error('nothing to pick from');
    return item;
  }

  /** With this mean; where things happen independently of each other. */
  exponential(mean: number): number {
    return -Math.log(1 - this.next()) * mean;
  }

  readonly fillBytes = (bytes: Uint8Array): void => {
    let at = 0;
    for (; at + 4 <= bytes.length; at += 4) {
      const word = this.word();
      bytes[at] = word;
      bytes[at + 1] = word >>> 8;
      bytes[at + 2] = word >>> 16;
      bytes[at + 3] = word >>> 24;
    }
    for (; at < bytes.length; at += 1) bytes[at] = this.word();
  };
}

/** Of MurmurHash3: every bit of the input changes half of those of the output. */
function mix(word: number): number {
  let mixed = (word + 0x6d2b79f5) | 0;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}
