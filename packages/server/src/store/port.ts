import type { Clock } from '../domain/clock.ts';
import type { Endpoint } from '../domain/endpoint.ts';
import type { ApiKeyId, EndpointId, OrganizationId } from '../domain/ids.ts';
import type { Organization } from '../domain/organization.ts';
import type { RingOwner } from '../domain/secret.ts';
import type { Applied, Command, StoredKeyring } from './commands.ts';
import type { Reader } from './reader.ts';
import type {
  AcceptResult,
  AcceptUnit,
  Claimed,
  ClaimUnit,
  DueTaken,
  HousekeepingResult,
  HousekeepingStep,
  Incarnation,
  Pruned,
  PruneUnit,
  RecordResult,
  RecordUnit,
  ReleaseUnit,
  ResealUnit,
  TakeDueUnit,
} from './units.ts';

export type * from './commands.ts';
export type * from './reader.ts';
export type * from './units.ts';

/**
 * The store port. Readers read; only units submitted to the writer change anything.
 *
 * A unit is atomic: all of it or nothing. Units that wait are committed together, in the order in which they were
 * submitted. A promise resolves after the commit that holds its unit. When the queue is full, a commit fails or the
 * disk runs low, the promise rejects with StoreUnavailable and nothing of the unit was kept.
 */
export class StoreUnavailable extends Error {
  override readonly name = 'StoreUnavailable';
  readonly reason: StoreUnavailableReason;
  constructor(reason: StoreUnavailableReason, options?: ErrorOptions) {
    super(`store unavailable: ${reason}`, options);
    this.reason = reason;
  }
}
export type StoreUnavailableReason = 'queue_full' | 'commit_failed' | 'disk_low' | 'closed';

/** What a commit changed, told to this process before the promises of its units resolve. */
export type Change =
  | { readonly kind: 'organization'; readonly organization: Organization }
  | {
      readonly kind: 'endpoint';
      readonly endpoint: Endpoint;
      readonly healthReset: boolean;
      /** Of the endpoints of its organization with this change; null where the store keeps none. */
      readonly endpointsVersion: number | null;
    }
  | { readonly kind: 'keyring'; readonly ring: StoredKeyring }
  /** What is kept of the ring must be read again: another node changed it, or sealed its secrets under another master key. */
  | { readonly kind: 'resealed'; readonly owner: RingOwner }
  /** More changed than can be told: nothing that is kept may be used before it was read again. */
  | { readonly kind: 'everything' }
  | { readonly kind: 'apiKey'; readonly id: ApiKeyId }
  /** Deliveries of this endpoint were queued or woken outside of the engine. */
  | { readonly kind: 'queued'; readonly endpointId: EndpointId }
  /** Some endpoint has due work that no node answers for yet. */
  | { readonly kind: 'due' };

/**
 * How long memory may be trusted. Where several nodes work on one database, each reads what the others changed; one that
 * could not do so for a while must look before it signs or lets anybody in.
 */
export type Currency = {
  /** Monotonic milliseconds until which memory is good. Infinity where one process owns the store. */
  readonly goodUntil: number;
  /** Reads what changed. Answers whether memory is good now; never rejects. Calls at one time share one read. */
  renew(): Promise<boolean>;
};

export type ApplyOptions = {
  /** Wall-clock milliseconds of the store's clock after which the commands must not be applied any more. */
  readonly notAfter?: number;
  /** What was decided by these endpoints: when they are others by now, the commands conflict. */
  readonly endpointsOf?: { readonly organizationId: OrganizationId; readonly version: number };
};

/** What the store takes of the machine; null where this kind of store cannot say. */
export type StoreSpace = {
  readonly databaseBytes: number | null;
  /** Of the write-ahead log beside the database. */
  readonly logBytes: number | null;
  /** Share of the disk that new rows can fill, 0 to 1. */
  readonly diskFreeRatio: number | null;
};

export interface Store {
  readonly reader: Reader;
  /**
   * This node's run. Every lease of an earlier incarnation of a SQLite file is void. It is another number after the store
   * told that the leases were lost.
   */
  readonly incarnation: Incarnation;
  /** Time as all nodes of the store agree on it; the machine's own where one process owns the store. */
  readonly clock: Clock;
  readonly currency: Currency;
  /** Milliseconds from a commit until every node acts on it; 0 where one process owns the store. */
  readonly spreadMs: number;
  /** Milliseconds that results may wait for others to be recorded with; 0 where a commit costs little. */
  readonly recordWaitMs: number;
  /** Retention removes events in units of so many milliseconds, since the epoch. */
  readonly retentionUnitMs: number;
  /** Free places in the writer's queue; 0 means that accept must refuse. */
  readonly room: { readonly units: number; readonly bytes: number };
  apply(commands: readonly Command[], options?: ApplyOptions): Promise<Applied>;
  accept(unit: AcceptUnit): Promise<AcceptResult>;
  record(unit: RecordUnit): Promise<RecordResult>;
  claim(unit: ClaimUnit): Promise<Claimed>;
  takeDue(unit: TakeDueUnit): Promise<DueTaken>;
  release(unit: ReleaseUnit): Promise<void>;
  housekeep(step: HousekeepingStep): Promise<HousekeepingResult>;
  /** One bounded step of retention. What it removes is overwritten in the store's own files. */
  prune(unit: PruneUnit): Promise<Pruned>;
  reseal(unit: ResealUnit): Promise<{ readonly changed: number }>;
  space(): Promise<StoreSpace>;
  /** Whether this node is to run that job now: true on one node at a time. It holds for so many milliseconds. */
  takeJob(name: string, forMs: number): Promise<boolean>;
  onChange(listener: (changes: readonly Change[]) => void): void;
  /**
   * This node was silent for so long that others took over what it had leased. `incarnation` is a new one already; what
   * memory holds of the old one is no longer this node's to send.
   */
  onLeasesLost(listener: () => void): void;
  /** Rejects when the store cannot take writes; for readiness. */
  ping(): Promise<void>;
  /** Commits what waits, then closes. */
  close(): Promise<void>;
}
