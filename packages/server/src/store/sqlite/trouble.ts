/** What is told of a store that takes nothing for a while. */
export type TroubleTelemetry = {
  storeFailing?(cause: string): void;
  storeWorksAgain?(afterMs: number): void;
};

/** A store in trouble refuses with every request: it says so at once, and then no more often than this. */
const TELL_MS = 60_000;

/**
 * Good until something fails, in trouble until it works again. Tells when trouble begins, once a minute while it lasts, and
 * when it is over.
 */
export class Trouble {
  readonly #monotonic: () => number;
  readonly #telemetry: TroubleTelemetry | null;
  #since: number | null = null;
  #toldAt = 0;

  constructor(monotonic: () => number, telemetry: TroubleTelemetry | null) {
    this.#monotonic = monotonic;
    this.#telemetry = telemetry;
  }

  failed(cause: string): void {
    const now = this.#monotonic();
    if (this.#since !== null && now - this.#toldAt < TELL_MS) return;
    this.#since ??= now;
    this.#toldAt = now;
    this.#telemetry?.storeFailing?.(cause);
  }

  worked(): void {
    if (this.#since === null) return;
    this.#telemetry?.storeWorksAgain?.(this.#monotonic() - this.#since);
    this.#since = null;
  }
}
