import type { DatabaseSync } from 'node:sqlite';
import type { DeliveryId, EndpointId, OrganizationId } from '../../packages/server/src/domain/ids.ts';
import { changesOf } from '../../packages/server/src/store/changes-of.ts';
import type { Change, Incarnation, StoredKeyring, Subscribers } from '../../packages/server/src/store/port.ts';
import { CellReader } from '../../packages/server/src/store/sqlite/cells.ts';
import { IN_MEMORY, openWriterConnection } from '../../packages/server/src/store/sqlite/connection.ts';
import { createSyncReader } from '../../packages/server/src/store/sqlite/reader/reader.ts';
import type { SyncReader } from '../../packages/server/src/store/sqlite/reader/sync-reader.ts';
import { ANSWERED, BatchEncoder } from '../../packages/server/src/store/sqlite/wire/batch.ts';
import { createWriter, type Writer } from '../../packages/server/src/store/sqlite/writer/writer.ts';
import { decodeWork, encodeWork, slabBytesOf, type Work } from './work.ts';

/** A change as others read it: with the number of its commit. */
export type LoggedChange = { readonly number: number; readonly change: Change };

/** Changes that are kept for nodes that read late. */
const CHANGES_KEPT = 20_000;

/** What history is removed by, which some worlds never do. */
const HISTORY_INDEXES = ['attempts_by_delivery', 'deliveries_by_event'];
const LIST_INDEXES = ['attempts_by_endpoint', 'deliveries_by_endpoint', 'deliveries_dead', 'deliveries_cancelled'];

/** Is told what a commit did, at the moment when it is done. */
export type Witness = {
  committed(works: readonly Work[], incarnation: Incarnation): void;
  /** The file was opened anew: every lease is void. */
  reopened(): void;
};

/**
 * The database of all nodes: the real writer and reader of SQLite in memory, one transaction at a time. Beside the tables it
 * keeps what a database of many nodes has and SQLite does not: numbered changes, the version of each organization's endpoints,
 * and how late a change may be applied.
 */
export class SharedDatabase {
  readonly db: DatabaseSync;
  readonly reader: SyncReader;
  readonly endpointsVersions = new Map<OrganizationId, number>();
  #writer: Writer;
  #changes: LoggedChange[] = [];
  lastChange = 0;
  witness: Witness = { committed() {}, reopened() {} };
  /** The database's own clock: nobody sets it. */
  now: () => number = () => 0;

  constructor(now: number, forgets: boolean) {
    this.db = openWriterConnection(IN_MEMORY);
    // Nothing here has to outlive this process.
    this.db.exec('PRAGMA secure_delete = OFF; PRAGMA cache_size = -262144;');
    // Only lists read by these, and nothing here asks for lists.
    for (const index of [...LIST_INDEXES, ...(forgets ? [] : HISTORY_INDEXES)]) this.db.exec(`DROP INDEX ${index}`);
    this.#writer = createWriter(this.db, now);
    this.reader = createSyncReader(this.db);
  }

  get incarnation(): Incarnation {
    return this.#writer.incarnation;
  }

  /** As a program does that opens the file: every lease of an earlier run is void. */
  reopen(now: number): Incarnation {
    this.#journal(true);
    this.#writer = createWriter(this.db, now);
    this.witness.reopened();
    return this.#writer.incarnation;
  }

  endpointsVersion(organizationId: OrganizationId): number {
    return this.endpointsVersions.get(organizationId) ?? 1;
  }

  subscribers(organizationId: OrganizationId): Subscribers {
    const { endpoints } = this.reader.subscribers(organizationId);
    return { endpoints, endpointsVersion: this.endpointsVersion(organizationId) };
  }

  /** One transaction. Each work is given its result, or the error that is its own. */
  commit(works: readonly Work[], incarnation: Incarnation): void {
    const going = works.filter((work) => !this.#isRefused(work));
    if (going.length > 0) {
      let bytes = 0;
      for (const work of going) bytes += slabBytesOf(work);
      const batch = new BatchEncoder(bytes);
      for (const work of going) {
        batch.begin();
        encodeWork(work, batch);
      }
      this.#journal(going.some(({ kind }) => kind === 'apply'));
      const answer = this.#writer.run(batch, incarnation);
      if (answer.failure !== null) throw new Error(`the simulated database failed: ${answer.failure}`);
      const cells = new CellReader(answer.cells);
      for (const [index, work] of going.entries()) {
        cells.at = answer.starts[index] ?? 0;
        if (cells.number() !== ANSWERED) work.error = new Error(cells.text());
        else decodeWork(work, { cells, slab: answer.slab });
        if (work.kind === 'apply') this.#applied(work);
      }
    }
    this.witness.committed(works, incarnation);
  }

  /** Only lists of commands are ever taken back, when one of them does not fit: everything else goes without a journal. */
  #journal(isNeeded: boolean): void {
    if (isNeeded === this.#isJournalOn) return;
    this.db.exec(`PRAGMA journal_mode = ${isNeeded ? 'MEMORY' : 'OFF'}`);
    this.#isJournalOn = isNeeded;
  }
  #isJournalOn = true;

  /** What committed after that number, with the number of the last one. */
  changesAfter(after: number, itemsMax: number): readonly LoggedChange[] | null {
    const first = this.#changes[0];
    if (first !== undefined && after < first.number - 1) return null;
    const from = first === undefined ? 0 : after - first.number + 1;
    return this.#changes.slice(from, from + itemsMax);
  }

  /** Deliveries leased to a run, with their endpoints; the oldest, when not all are wanted. */
  leasedTo(
    incarnation: Incarnation,
    itemsMax = Number.MAX_SAFE_INTEGER,
  ): readonly { readonly id: string; readonly endpointId: EndpointId }[] {
    this.#leased ??= this.db.prepare(`
      SELECT d.id AS id, e.id AS endpoint FROM queue q
        JOIN deliveries d ON d.number = q.delivery JOIN endpoints e ON e.number = q.endpoint
      WHERE q.lease = ? LIMIT ?`);
    return this.#leased.all(incarnation, itemsMax).map((row) => {
      return { id: String(row['id']), endpointId: String(row['endpoint']) as EndpointId }; // The column holds ids only.
    });
  }
  #leased: ReturnType<DatabaseSync['prepare']> | null = null;

  /** Deliveries of an endpoint that have not ended. */
  queuedOf(endpointId: EndpointId): ReadonlySet<string> {
    this.#queued ??= this.db.prepare(`
      SELECT d.id AS id FROM queue q JOIN deliveries d ON d.number = q.delivery
      WHERE q.endpoint = (SELECT number FROM endpoints WHERE id = ?)`);
    return new Set(this.#queued.all(endpointId).map((row) => String(row['id'])));
  }
  #queued: ReturnType<DatabaseSync['prepare']> | null = null;

  /** Some delivery that is kept; `place` in [0, 1) says which. */
  anyDelivery(place: number): { readonly id: DeliveryId; readonly organizationId: OrganizationId } | null {
    this.#bounds ??= this.db.prepare(`
      SELECT (SELECT min(number) FROM deliveries) AS least, (SELECT max(number) FROM deliveries) AS most`);
    this.#anyOne ??= this.db.prepare(`
      SELECT d.id AS id, o.id AS organization FROM deliveries d JOIN organizations o ON o.number = d.organization
      WHERE d.number >= ? ORDER BY d.number LIMIT 1`);
    const bounds = this.#bounds.get();
    if (typeof bounds?.['least'] !== 'number' || typeof bounds['most'] !== 'number') return null;
    const row = this.#anyOne.get(bounds['least'] + Math.floor(place * (bounds['most'] - bounds['least'] + 1)));
    // The columns hold ids only.
    return row === undefined
      ? null
      : { id: String(row['id']) as DeliveryId, organizationId: String(row['organization']) as OrganizationId };
  }
  #bounds: ReturnType<DatabaseSync['prepare']> | null = null;
  #anyOne: ReturnType<DatabaseSync['prepare']> | null = null;

  /** Answers what SQLite's writer knows nothing of. */
  #isRefused(work: Work): boolean {
    if (work.kind === 'accept') {
      const { endpointsVersion, events } = work.unit;
      const organizationId = events[0]?.event.organizationId;
      if (endpointsVersion === undefined || endpointsVersion === null || organizationId === undefined) return false;
      if (endpointsVersion === this.endpointsVersion(organizationId)) return false;
      work.result = { kind: 'endpoints_changed' };
      return true;
    }
    if (work.kind === 'apply' && work.notAfter !== null && this.now() > work.notAfter) {
      work.result = { applied: { kind: 'late' }, changes: [] };
      return true;
    }
    return false;
  }

  #applied(work: Extract<Work, { kind: 'apply' }>): void {
    if (work.result === null || work.result.applied.kind !== 'applied') return;
    const woken = work.result.changes.flatMap((change) => (change.kind === 'queued' ? [change.endpointId] : []));
    const changes = changesOf(work.unit, woken, ({ organizationId }) => {
      const version = this.endpointsVersion(organizationId) + 1;
      this.endpointsVersions.set(organizationId, version);
      return version;
    });
    work.result = { ...work.result, changes };
    for (const change of changes) this.#log(change);
  }

  #log(change: Change): void {
    this.lastChange += 1;
    this.#changes.push({ number: this.lastChange, change });
    if (this.#changes.length > 2 * CHANGES_KEPT) this.#changes = this.#changes.slice(-CHANGES_KEPT);
  }

  keyring(owner: StoredKeyring['owner']): StoredKeyring | null {
    return this.reader.keyring(owner);
  }

  close(): void {
    this.db.close();
  }
}
