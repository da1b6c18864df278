type Lease = { readonly delivery: number; readonly endpoint: number; readonly incarnation: number };

/** Far more than a node holds in memory; past it everything is forgotten and found again in the tables. */
const LEASES_MAX = 100_000;

/**
 * Numbers of the deliveries that are leased, by id, so that a result finds its row without a search. What is here is
 * leased for certain; what is not may be. Leases change in this thread only, and rows with a lease are touched by nobody
 * else. Forgets everything when a transaction is rolled back.
 */
export class Leased {
  readonly #leases = new Map<string, Lease>();

  add(id: string, lease: Lease): void {
    if (this.#leases.size >= LEASES_MAX) this.#leases.clear();
    this.#leases.set(id, lease);
  }

  /** The number of a delivery leased to that run, or null when only the tables know. An id is unique in its organization alone. */
  find(id: string, endpoint: number, incarnation: number): number | null {
    const lease = this.#leases.get(id);
    return lease?.endpoint === endpoint && lease.incarnation === incarnation ? lease.delivery : null;
  }

  remove(id: string): void {
    this.#leases.delete(id);
  }

  forget(): void {
    this.#leases.clear();
  }
}
