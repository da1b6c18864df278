/** What is told of a store that takes nothing for a while. */
export type TroubleTelemetry = {
  storeFailing?(cause: string): void;
  storeWorksAgain?(afterMs: number): void;
};

/** A store in trouble refuses with every request: it says so at once, and then no more often than this. */
const TELL_MS = 60_000;

/**
 * Good until something fails, in trouble until it works again. Tells when trouble begins, once a minute while it lasts, and
 * when it is over. On a disk with hardly any room small commits work and large ones fail: of trouble that comes and goes
 * one beginning a minute is told, with its end.
 */
export class Trouble {
  readonly #monotonic: () => number;
  readonly #telemetry: TroubleTelemetry | null;
  #since: number | null = null;
  #isTold = false;
  #toldAt = Number.NEGATIVE_INFINITY;
  #beginningToldAt = Number.NEGATIVE_INFINITY;

  constructor(monotonic: () => number, telemetry: TroubleTelemetry | null) {
    this.#monotonic = monotonic;
    this.#telemetry = telemetry;
  }

  get isOver(): boolean {
    return this.#since === null;
  }

  failed(cause: string): void {
    const now = this.#monotonic();
    const isBeginning = this.#since === null;
    this.#since ??= now;
    if (now - (isBeginning ? this.#beginningToldAt : this.#toldAt) < TELL_MS) return;
    if (isBeginning) this.#beginningToldAt = now;
    this.#toldAt = now;
    this.#isTold = true;
    this.#telemetry?.storeFailing?.(cause);
  }

  worked(): void {
    if (this.#since === null) return;
    if (this.#isTold) this.#telemetry?.storeWorksAgain?.(this.#monotonic() - this.#since);
    this.#since = null;
    this.#isTold = false;
  }
}
