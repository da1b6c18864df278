import type { EndpointId, OrganizationId } from '../../domain/ids.ts';
import type {
  AcceptResult,
  AcceptUnit,
  Applied,
  Change,
  Command,
  Reader,
  RecordUnit,
  ReleaseUnit,
  Store,
} from '../../store/port.ts';

/** Milliseconds for which a read makes memory good here. */
const GOOD_MS = 700;

/**
 * A store that other nodes change as well, made of one that a single process owns. What others did is told when it is
 * read; how long memory is good, whether it can be read, and who holds the leases, is for the test to say.
 */
export class SharedStore {
  readonly store: Store;
  goodUntil = Number.POSITIVE_INFINITY;
  canRead = true;
  renewals = 0;
  readonly recorded: RecordUnit[] = [];
  readonly released: ReleaseUnit[] = [];
  readonly jobs: string[] = [];
  /** Endpoints that the store does not have any more: it went back to a time before them. */
  readonly gone = new Set<EndpointId>();
  endpointReads = 0;
  /** Before an accept gets there. */
  onAccept: (unit: AcceptUnit) => Promise<void> = async () => {};
  /** After an accept was committed, before its answer is heard. */
  onAccepted: (unit: AcceptUnit) => Promise<void> = async () => {};
  /** After a claim was committed, before its answer is heard. */
  onClaimed: () => void = () => {};
  /** Before a ring is read. */
  onRingRead: () => void = () => {};
  readonly #inner: Store;
  readonly #monotonic: () => number;
  readonly #versions = new Map<OrganizationId, number>();
  readonly #listeners: ((changes: readonly Change[]) => void)[] = [];
  readonly #lostListeners: (() => void)[] = [];
  #untold: Change[] = [];
  #isElsewhere = false;
  #incarnation = 1;

  constructor(inner: Store, monotonic: () => number) {
    this.#inner = inner;
    this.#monotonic = monotonic;
    inner.onChange((changes) => this.#take(changes));
    this.store = this.#wrapped();
  }

  get incarnation(): number {
    return this.#incarnation;
  }

  /** Another node commits this; it is told when this one reads. */
  async elsewhere(commands: readonly Command[]): Promise<Applied> {
    this.#isElsewhere = true;
    try {
      return await this.#inner.apply(commands);
    } finally {
      this.#isElsewhere = false;
    }
  }

  /** Numbers were removed before this node read them. */
  tellEverything(): void {
    this.#untold = [{ kind: 'everything' }];
  }

  loseLeases(): void {
    this.#incarnation += 1;
    for (const listener of this.#lostListeners) listener();
  }

  /** Tells in another order than that of the commits. */
  tellNow(order: (untold: readonly Change[]) => readonly Change[]): void {
    const changes = order(this.#untold);
    this.#untold = [];
    this.#tell(changes);
  }

  #take(changes: readonly Change[]): void {
    const numbered = changes.map((change) => this.#numbered(change));
    if (this.#isElsewhere) this.#untold.push(...numbered.map(asRead));
    else this.#tell(numbered);
  }

  #numbered(change: Change): Change {
    if (change.kind !== 'endpoint') return change;
    const { organizationId } = change.endpoint;
    const endpointsVersion = this.#version(organizationId) + 1;
    this.#versions.set(organizationId, endpointsVersion);
    return { ...change, endpointsVersion };
  }

  #version(id: OrganizationId): number {
    return this.#versions.get(id) ?? 0;
  }

  #tell(changes: readonly Change[]): void {
    if (changes.length > 0) for (const listener of this.#listeners) listener(changes);
  }

  async #renew(): Promise<boolean> {
    this.renewals += 1;
    if (!this.canRead) return this.#monotonic() < this.goodUntil;
    this.tellNow((untold) => untold);
    if (this.goodUntil !== Number.POSITIVE_INFINITY) this.goodUntil = this.#monotonic() + GOOD_MS;
    return true;
  }

  async #accept(unit: AcceptUnit): Promise<AcceptResult> {
    await this.onAccept(unit);
    const organizationId = unit.events[0]?.event.organizationId;
    const { endpointsVersion = null } = unit;
    if (organizationId !== undefined && endpointsVersion !== null) {
      if (endpointsVersion !== this.#version(organizationId)) return { kind: 'endpoints_changed' };
    }
    const accepted = await this.#inner.accept(unit);
    await this.onAccepted(unit);
    return accepted;
  }

  #wrapped(): Store {
    const incarnation = (): number => this.#incarnation;
    const goodUntil = (): number => this.goodUntil;
    const inner = this.#inner;
    // What is leased under an earlier incarnation is nobody's here: the store below knows one alone.
    const leased = (by: number): number => (by === this.#incarnation ? inner.incarnation : 0);
    const reader: Reader = {
      ...inner.reader,
      keyring: async (owner) => {
        this.onRingRead();
        return await inner.reader.keyring(owner);
      },
      endpointById: async (id) => {
        this.endpointReads += 1;
        return this.gone.has(id) ? null : await inner.reader.endpointById(id);
      },
      subscribers: async (id) => ({ ...(await inner.reader.subscribers(id)), endpointsVersion: this.#version(id) }),
    };
    return {
      ...inner,
      reader,
      get room() {
        return inner.room;
      },
      get incarnation() {
        return incarnation();
      },
      currency: {
        get goodUntil() {
          return goodUntil();
        },
        renew: async () => await this.#renew(),
      },
      spreadMs: 1_000,
      recordWaitMs: 0,
      accept: async (unit) => await this.#accept(unit),
      claim: async (unit) => {
        const claimed = await inner.claim({ ...unit, incarnation: leased(unit.incarnation) });
        this.onClaimed();
        return claimed;
      },
      record: async (unit) => {
        this.recorded.push(unit);
        return await inner.record({ ...unit, incarnation: leased(unit.incarnation) });
      },
      release: async (unit) => {
        this.released.push(unit);
        await inner.release({ ...unit, incarnation: leased(unit.incarnation) });
      },
      takeJob: async (name) => {
        this.jobs.push(name);
        return true;
      },
      onChange: (listener) => void this.#listeners.push(listener),
      onLeasesLost: (listener) => void this.#lostListeners.push(listener),
    };
  }
}

/** As a node is told of what another one did: of a ring, that it must be read again. */
function asRead(change: Change): Change {
  return change.kind === 'keyring' ? { kind: 'resealed', owner: change.ring.owner } : change;
}
