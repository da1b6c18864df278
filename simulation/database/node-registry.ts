import type { EndpointId } from '../../packages/server/src/domain/ids.ts';
import type { Incarnation, ReleaseUnit } from '../../packages/server/src/store/port.ts';
import { LEASE_MS } from '../../packages/server/src/store/postgres/heartbeat.ts';
import type { SharedDatabase } from './shared-database.ts';
import type { Work } from './work.ts';

/**
 * What a database of many nodes keeps of them: when each was seen, who answers for which endpoint, who runs which job. A
 * run that was not seen for LEASE_MS is dead, and what it had goes to whoever comes first.
 */
export class NodeRegistry {
  readonly #database: SharedDatabase;
  readonly #seenAt = new Map<Incarnation, number>();
  /** Runs that may have leases, or answer for endpoints. */
  readonly #leasing = new Set<Incarnation>();
  /** Endpoints that were taken out of the index, and by whom. */
  readonly #answeredBy = new Map<EndpointId, Incarnation>();
  readonly #jobs = new Map<string, { readonly by: Incarnation; readonly until: number }>();
  #last = 1_000;
  reaped = 0;

  constructor(database: SharedDatabase) {
    this.#database = database;
  }

  register(): Incarnation {
    this.#last += 1;
    this.#seenAt.set(this.#last, this.#database.now());
    return this.#last;
  }

  /** When it was seen before, and is now. Null: it was taken for dead. */
  beat(incarnation: Incarnation): readonly [number, number] | null {
    const found = this.#seenAt.get(incarnation);
    if (found === undefined) return null;
    const left = this.#database.now();
    this.#seenAt.set(incarnation, left);
    return [found, left];
  }

  end(incarnation: Incarnation): void {
    this.#seenAt.delete(incarnation);
  }

  isAlive(incarnation: Incarnation): boolean {
    const seenAt = this.#seenAt.get(incarnation);
    return seenAt !== undefined && this.#database.now() - seenAt <= LEASE_MS;
  }

  takeJob(name: string, forMs: number, by: Incarnation): boolean {
    const now = this.#database.now();
    const job = this.#jobs.get(name);
    if (job !== undefined && job.by !== by && job.until > now && this.isAlive(job.by)) return false;
    this.#jobs.set(name, { by, until: now + forMs });
    return true;
  }

  /** Is told of every commit. */
  committed(works: readonly Work[], incarnation: Incarnation): void {
    for (const work of works) {
      if (work.error !== null || (work.kind !== 'accept' && work.kind !== 'claim' && work.kind !== 'takeDue')) continue;
      this.#leasing.add(incarnation);
      if (work.kind === 'claim') this.#answeredBy.set(work.unit.endpointId, incarnation);
      else if (work.kind === 'takeDue') {
        for (const id of work.result?.endpointIds ?? []) this.#answeredBy.set(id, incarnation);
      }
    }
  }

  answererOf(endpointId: EndpointId): Incarnation | null {
    return this.#answeredBy.get(endpointId) ?? null;
  }

  /**
   * One bounded step; answers what it gave back. Before anything is taken from a run, it is not there any more. Only a node
   * whose beats have been steady, the last of which stands here, may say who is silent.
   */
  reap(
    itemsMax: number,
    { incarnation: me, steadyAt }: { readonly incarnation: Incarnation; readonly steadyAt: number | null },
  ): { readonly changed: number; readonly more: boolean } {
    if (steadyAt === null || this.#seenAt.get(me) !== steadyAt) return { changed: 0, more: false };
    for (const [incarnation, seenAt] of this.#seenAt) {
      if (incarnation !== me && seenAt < steadyAt - LEASE_MS) this.#seenAt.delete(incarnation);
    }
    let changed = 0;
    for (const incarnation of this.#leasing) {
      if (this.#seenAt.has(incarnation)) continue;
      const leased = this.#database.leasedTo(incarnation, itemsMax - changed + 1);
      const taken = leased.slice(0, itemsMax - changed);
      this.giveBack(incarnation, taken, this.#answeredOf(incarnation));
      changed += taken.length;
      this.reaped += taken.length;
      if (taken.length < leased.length) return { changed, more: true };
      this.#leasing.delete(incarnation);
    }
    return { changed, more: false };
  }

  /** Takes leases off deliveries, and puts endpoints back into the index that have work due. */
  giveBack(
    incarnation: Incarnation,
    leased: readonly { readonly id: string; readonly endpointId: EndpointId }[],
    endpoints: readonly EndpointId[],
  ): void {
    const dueAt = this.#database.now();
    const byEndpoint = new Map<EndpointId, string[]>();
    for (const { id, endpointId } of leased) {
      const ids = byEndpoint.get(endpointId);
      if (ids === undefined) byEndpoint.set(endpointId, [id]);
      else ids.push(id);
    }
    const works: Work[] = [];
    for (const [endpointId, ids] of byEndpoint) {
      const deliveryIds = ids as ReleaseUnit['deliveryIds']; // They were read from the column of ids, or came from units.
      const unit = { incarnation, endpointId, deliveryIds, dueAt };
      works.push({ kind: 'release', unit, incarnation, result: null, error: null });
    }
    const commands = endpoints.map((endpointId) => ({ kind: 'endpoint.defer' as const, endpointId, dueAt }));
    if (commands.length > 0) {
      works.push({ kind: 'apply', unit: commands, notAfter: null, incarnation, result: null, error: null });
    }
    if (works.length > 0) this.#database.commit(works, incarnation);
  }

  #answeredOf(incarnation: Incarnation): readonly EndpointId[] {
    const endpoints: EndpointId[] = [];
    for (const [endpointId, by] of this.#answeredBy) {
      if (by !== incarnation) continue;
      endpoints.push(endpointId);
      this.#answeredBy.delete(endpointId);
    }
    return endpoints;
  }
}
