/**
 * A bounded map in front of the store. What is known is answered at once; what is not is loaded, once for all who ask.
 *
 * A change that comes while its key is being loaded is never lost: `put` wins over what the load brings, and after
 * `forget` the load is repeated, because what it read may be older than the change. Absence is not remembered.
 */
export class LoadingCache<K, V extends object> {
  readonly #entries = new Map<K, V>();
  readonly #loads = new Map<K, Load<V>>();
  readonly #entriesMax: number;
  readonly #fetch: (key: K) => Promise<V | null>;

  constructor(entriesMax: number, fetch: (key: K) => Promise<V | null>) {
    this.#entriesMax = entriesMax;
    this.#fetch = fetch;
  }

  get(key: K): V | Promise<V | null> {
    const known = this.#entries.get(key);
    if (known === undefined) return this.#load(key);
    // The newest entry stands last; moving it there keeps the least used first.
    this.#entries.delete(key);
    this.#entries.set(key, known);
    return known;
  }

  /** Without loading and without counting as use. */
  peek(key: K): V | null {
    return this.#entries.get(key) ?? null;
  }

  put(key: K, value: V): void {
    const load = this.#loads.get(key);
    if (load !== undefined) load.outdated = true;
    this.#entries.delete(key);
    this.#entries.set(key, value);
    if (this.#entries.size > this.#entriesMax) {
      for (const oldest of this.#entries.keys()) {
        this.#entries.delete(oldest);
        break;
      }
    }
  }

  /** Forgets all that satisfy the condition. Loads under way are repeated: they may be of such an entry. */
  forgetWhere(condition: (value: V) => boolean): void {
    for (const [key, value] of this.#entries) if (condition(value)) this.#entries.delete(key);
    for (const load of this.#loads.values()) load.outdated = true;
  }

  #load(key: K): Promise<V | null> {
    const underway = this.#loads.get(key);
    if (underway !== undefined) return underway.promise;
    const load: Load<V> = { outdated: false, promise: Promise.resolve(null) };
    this.#loads.set(key, load);
    load.promise = this.#run(key, load).finally(() => this.#loads.delete(key));
    return load.promise;
  }

  async #run(key: K, load: Load<V>): Promise<V | null> {
    for (;;) {
      load.outdated = false;
      const loaded = await this.#fetch(key);
      const changed = this.#entries.get(key);
      if (changed !== undefined) return changed;
      if (load.outdated) continue;
      if (loaded !== null) this.put(key, loaded);
      return loaded;
    }
  }
}

type Load<V> = { outdated: boolean; promise: Promise<V | null> };
