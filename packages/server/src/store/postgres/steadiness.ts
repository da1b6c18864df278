/** A beat that was answered. */
export type Beat = {
  /** Monotonic. */
  readonly sentAt: number;
  readonly receivedAt: number;
  /** The database's time that this node's row had before, and has now. */
  readonly found: number;
  readonly left: number;
};

/** No more than this lies between two beats of a steady node, by its own clock and by the database's. */
export const PAUSE_MS_MAX = 4_000;

/**
 * Whether this node may say of others that they are silent.
 *
 * When nobody could reach the database for a while, when its clock was set, or when a standby took over that was behind, all
 * nodes look dead, and whoever looks first would take what living ones are sending. So a node looks at others only after its
 * own beats went well for `steadyMs`, in which every living node had the chance to beat, too. The row of this node tells all
 * of it: beats stay away from it for as long as the database does, it goes on by the database's clock, and a database that is
 * behind has not what was left in it.
 *
 * Beats that take longer than PAUSE_MS_MAX are never steady. Neither does anybody send then, since no node can
 * say what the others changed.
 */
export class Steadiness {
  readonly #steadyMs: number;
  /** When the first of the steady beats was answered, monotonic: no later than that the database was there for all. */
  #since = Number.POSITIVE_INFINITY;
  #last: Beat | null = null;

  constructor(steadyMs: number) {
    this.#steadyMs = steadyMs;
  }

  /** One went well. */
  beat(beat: Beat): void {
    if (this.#last === null || !follows(beat, this.#last)) this.#since = beat.receivedAt;
    this.#last = beat;
  }

  /** One failed, or this node's row was gone. */
  broke(): void {
    this.#last = null;
  }

  /** What the row of this node says when its last beat was steady: who was silent by then is. */
  get steadyAt(): number | null {
    return this.#last !== null && this.#last.sentAt - this.#since >= this.#steadyMs ? this.#last.left : null;
  }
}

function follows(beat: Beat, last: Beat): boolean {
  const went = beat.left - last.left;
  const mayHaveBeenAway = beat.receivedAt - last.sentAt;
  return beat.found === last.left && mayHaveBeenAway <= PAUSE_MS_MAX && went >= 0 && went <= PAUSE_MS_MAX;
}
