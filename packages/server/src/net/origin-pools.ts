import { Pool } from 'undici';

export type OriginPoolsOptions = {
  readonly pool: Pool.Options;
  /** A pool older than this takes no new request. */
  readonly poolMsMax: number;
};

/**
 * One pool per origin. A pool is *current*, then *leaving* once it is too old or has no connection left: it takes no new
 * request, ends those it has and closes. Ageing pools is how a changed DNS record comes to count under constant load;
 * undici's own `clientTtl` reads the clock for every client of a pool at every request (a third more time per request
 * with 64 clients), and its Agent has no age at all.
 */
export class OriginPools {
  readonly #options: OriginPoolsOptions;
  readonly #current = new Map<string, { readonly pool: Pool; readonly bornAt: number }>();
  readonly #leaving = new Set<Pool>();

  constructor(options: OriginPoolsOptions) {
    this.#options = options;
  }

  get(origin: string, nowMs: number): Pool {
    const held = this.#current.get(origin);
    if (held !== undefined) {
      if (nowMs - held.bornAt < this.#options.poolMsMax) return held.pool;
      void this.#leave(origin, held.pool);
    }
    const pool = new Pool(origin, this.#options.pool);
    const leaveIfUnused = (): void => {
      if (this.#current.get(origin)?.pool !== pool) return;
      const { connected, size } = pool.stats;
      if (connected === 0 && size === 0) void this.#leave(origin, pool);
    };
    pool.on('disconnect', leaveIfUnused);
    pool.on('connectionError', leaveIfUnused);
    this.#current.set(origin, { pool, bornAt: nowMs });
    return pool;
  }

  get size(): number {
    return this.#current.size + this.#leaving.size;
  }

  async close(): Promise<void> {
    const pools = this.#all();
    for (const [origin, { pool }] of this.#current) void this.#leave(origin, pool);
    await Promise.all(pools.map((pool) => closed(pool)));
  }

  async destroy(): Promise<void> {
    const pools = this.#all();
    this.#current.clear();
    await Promise.all(pools.map((pool) => pool.destroy()));
  }

  #all(): readonly Pool[] {
    return [...this.#leaving, ...[...this.#current.values()].map(({ pool }) => pool)];
  }

  async #leave(origin: string, pool: Pool): Promise<void> {
    this.#current.delete(origin);
    this.#leaving.add(pool);
    await closed(pool);
    this.#leaving.delete(pool);
  }
}

/** A second `close` waits for the first; after `destroy` it rejects, and then there is nothing left to wait for. */
async function closed(pool: Pool): Promise<void> {
  if (!pool.destroyed) await pool.close().catch(() => undefined);
}
