import { Client } from 'undici';

export type OriginPoolsOptions = {
  readonly client: Client.Options;
  /** A pool older than this takes no new request. */
  readonly poolMsMax: number;
};

/** One connection, open or still to be opened, with at most one request under way. */
export type Connection = {
  readonly pool: OriginPool;
  readonly client: Client;
  isConnected: boolean;
  isIdle: boolean;
};

/**
 * The connections to one origin. The one that was used last is used next: what is more than needed grows idle and is
 * closed. undici's own Pool looks through all connections at each request: with 640 of them, 7 % of the event loop's time.
 *
 * A pool is *current*, then *leaving* once it is too old or has no connection left: it gives no connection any more,
 * lets those in use end their request, and is then empty.
 */
export class OriginPool {
  readonly bornAt: number;
  readonly #origin: string;
  readonly #options: Client.Options;
  readonly #onEmpty: (pool: OriginPool) => void;
  readonly #connections = new Set<Connection>();
  readonly #idle: Connection[] = [];
  #isLeaving = false;

  constructor(origin: string, options: Client.Options, bornAt: number, onEmpty: (pool: OriginPool) => void) {
    this.#origin = origin;
    this.#options = options;
    this.bornAt = bornAt;
    this.#onEmpty = onEmpty;
  }

  get size(): number {
    return this.#connections.size;
  }

  /** A connection for one request; `giveBack` or `drop` must follow. */
  take(): Connection {
    const connection = this.#idle.pop() ?? this.#create();
    connection.isIdle = false;
    return connection;
  }

  /** After an answer that was read to its end. */
  giveBack(connection: Connection): void {
    if (this.#isLeaving || !connection.isConnected) {
      this.drop(connection);
      return;
    }
    connection.isIdle = true;
    this.#idle.push(connection);
  }

  /** After anything else: nobody knows what would come on it. */
  drop(connection: Connection): void {
    if (!this.#connections.delete(connection)) return;
    if (connection.isIdle) this.#idle.splice(this.#idle.indexOf(connection), 1);
    void ended(connection.client);
    if (this.#connections.size === 0) this.#onEmpty(this);
  }

  /** A receiver that closed one kept connection most likely closed them all. */
  dropIdle(): void {
    for (const connection of this.#idle.splice(0)) {
      connection.isIdle = false;
      this.drop(connection);
    }
  }

  /** Resolves when the requests under way have ended. */
  async leave(): Promise<void> {
    this.#isLeaving = true;
    this.dropIdle();
    await Promise.all([...this.#connections].map(({ client }) => closed(client)));
  }

  async destroy(): Promise<void> {
    this.#isLeaving = true;
    this.#idle.length = 0;
    await Promise.all([...this.#connections].map(({ client }) => ended(client)));
    this.#connections.clear();
  }

  #create(): Connection {
    const client = new Client(this.#origin, this.#options);
    const connection: Connection = { pool: this, client, isConnected: false, isIdle: false };
    client.on('connect', () => {
      connection.isConnected = true;
    });
    client.on('disconnect', () => {
      connection.isConnected = false;
      if (connection.isIdle) this.drop(connection);
    });
    this.#connections.add(connection);
    return connection;
  }
}

/**
 * One pool per origin, replaced when it is too old: so a changed DNS record comes to count under constant load too.
 */
export class OriginPools {
  readonly #options: OriginPoolsOptions;
  readonly #current = new Map<string, OriginPool>();
  readonly #leaving = new Set<OriginPool>();

  constructor(options: OriginPoolsOptions) {
    this.#options = options;
  }

  get(origin: string, nowMs: number): OriginPool {
    const held = this.#current.get(origin);
    if (held !== undefined) {
      if (nowMs - held.bornAt < this.#options.poolMsMax) return held;
      void this.#leave(origin, held);
    }
    const pool = new OriginPool(origin, this.#options.client, nowMs, (empty) => {
      if (this.#current.get(origin) === empty) this.#current.delete(origin);
    });
    this.#current.set(origin, pool);
    return pool;
  }

  get size(): number {
    return this.#current.size + this.#leaving.size;
  }

  async close(): Promise<void> {
    const pools = this.#all();
    for (const [origin, pool] of this.#current) void this.#leave(origin, pool);
    await Promise.all(pools.map((pool) => pool.leave()));
  }

  async destroy(): Promise<void> {
    const pools = this.#all();
    this.#current.clear();
    await Promise.all(pools.map((pool) => pool.destroy()));
  }

  #all(): readonly OriginPool[] {
    return [...this.#leaving, ...this.#current.values()];
  }

  async #leave(origin: string, pool: OriginPool): Promise<void> {
    this.#current.delete(origin);
    this.#leaving.add(pool);
    await pool.leave();
    this.#leaving.delete(pool);
  }
}

/** A second `close` waits for the first; after `destroy` it rejects, and then there is nothing left to wait for. */
async function closed(client: Client): Promise<void> {
  if (!client.destroyed) await client.close().catch(() => undefined);
}

async function ended(client: Client): Promise<void> {
  if (!client.destroyed) await client.destroy().catch(() => undefined);
}
