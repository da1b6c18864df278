import { createHash, type Hash } from 'node:crypto';

/** Steps that are kept to be shown. */
const KEPT_STEPS = 400;
/** Bytes that gather before they go into the hash. */
const BUFFER_BYTES = 64 * 1_024;

/** What happened, as a number; the names stand in `STEP_NAMES`. */
export const STEP = {
  start: 1,
  crash: 2,
  stop: 3,
  stall: 4,
  fault: 5,
  send: 6,
  answer: 7,
  commit: 8,
  event: 9,
  control: 10,
  read: 11,
  audit: 12,
  leasesLost: 13,
} as const;
export type Step = (typeof STEP)[keyof typeof STEP];

const STEP_NAMES: Readonly<Record<number, string>> = Object.fromEntries(
  Object.entries(STEP).map(([name, step]) => [step, name]),
);

/**
 * Everything that happened, hashed: each step with its time and up to four numbers, and whatever text a step wants to be
 * told apart by. Two runs are the same when these are.
 */
export class Trace {
  readonly #hash: Hash = createHash('sha256');
  readonly #buffer = Buffer.alloc(BUFFER_BYTES);
  #at = 0;
  readonly #kept: (readonly [time: number, step: Step, a: number, b: number, c: number, text: string])[] = [];
  #keptAt = 0;
  steps = 0;
  #digest: string | null = null;

  add(time: number, step: Step, a = 0, b = 0, c = 0, text = ''): void {
    this.steps += 1;
    if (this.#at + 40 > BUFFER_BYTES) this.#flush();
    const buffer = this.#buffer;
    let at = this.#at;
    at = buffer.writeDoubleLE(time, at);
    at = buffer.writeInt32LE(step, at);
    at = buffer.writeDoubleLE(a, at);
    at = buffer.writeDoubleLE(b, at);
    this.#at = buffer.writeDoubleLE(c, at);
    if (text !== '') this.text(text);
    this.#kept[this.#keptAt] = [time, step, a, b, c, text];
    this.#keptAt = (this.#keptAt + 1) % KEPT_STEPS;
  }

  /** Counts for the hash and is not shown. */
  text(text: string): void {
    if (text.length * 3 > BUFFER_BYTES) {
      this.#flush();
      this.#hash.update(text);
      return;
    }
    if (this.#at + text.length * 3 > BUFFER_BYTES) this.#flush();
    this.#at += this.#buffer.write(text, this.#at);
  }

  bytes(bytes: Uint8Array): void {
    this.#flush();
    this.#hash.update(bytes);
  }

  digest(): string {
    if (this.#digest === null) {
      this.#flush();
      this.#digest = this.#hash.digest('hex');
    }
    return this.#digest;
  }

  /** The last steps, oldest first. */
  last(count: number): readonly string[] {
    const ordered = [...this.#kept.slice(this.#keptAt), ...this.#kept.slice(0, this.#keptAt)];
    return ordered.slice(-count).map(([time, step, a, b, c, text]) => {
      return `${(time / 1_000).toFixed(3).padStart(12)} s  ${STEP_NAMES[step] ?? step}  ${[a, b, c].join(' ')}  ${text}`;
    });
  }

  #flush(): void {
    if (this.#at === 0) return;
    this.#hash.update(this.#buffer.subarray(0, this.#at));
    this.#at = 0;
  }
}
