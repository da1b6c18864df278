import type { NodePlan } from './nodes.ts';
import type { Scene } from './scene.ts';

export type StoreKind = 'sqlite' | 'postgres';
export const STORES: readonly StoreKind[] = ['sqlite', 'postgres'];

/** One thing that breaks, and how it is undone. */
export type Fault = {
  /** For `--only`. */
  readonly name: string;
  /** For the table: what breaks, and for how long. */
  readonly breaks: string;
  readonly stores: readonly StoreKind[];
  /** Why it cannot be done on this machine; null: it can. */
  readonly cannot?: () => string | null;
  /** What it needs before anything starts. */
  readonly stage?: (store: StoreKind, isShort: boolean) => Stage | Promise<Stage>;
  /** How often an event may come again, by what the scene has seen. */
  readonly duplicatesMax: DuplicateBound;
  /** Load runs before it and goes on during it and after it. */
  readonly run: (scene: Scene) => Promise<void>;
};

export type DuplicateBound = {
  /** For the page. */
  readonly words: string;
  readonly of: (scene: Scene) => number;
  /**
   * A node that lost its leases may record a success after another node sent the same delivery. Everywhere else nothing
   * may be sent again once its success was recorded.
   */
  readonly losesLeases?: boolean;
};

/** Where the servers and the database of one row live. */
export type Stage = {
  /** One node that does all, unless it says otherwise. */
  readonly nodes?: readonly NodePlan[];
  readonly environment?: Readonly<Record<string, string>>;
  /** Of the SQLite file. */
  readonly sqliteFolder?: string;
  /** Of PostgreSQL's files. */
  readonly postgresFolder?: string;
  readonly postgresFlags?: readonly string[];
  /** A line of `pg_hba.conf`, when nodes come from elsewhere than this machine's own address. */
  readonly postgresAccess?: string;
  /** Where receivers listen. */
  readonly receiverHost?: string;
  readonly remove?: () => Promise<void> | void;
};

/** Nobody dies in these rows: only a sender that waited for its answer in vain sends again what was taken. */
export const GIVEN_UP: DuplicateBound = {
  words: 'requests that the sender gave up when no answer came in time',
  of: (scene) => scene.accounts.reduce((total, { customer }) => total + customer.givenUp, 0),
};

/** A result waits so long at most before it is committed, on a busy machine. */
const RECORDED_MS = 2_000;
/** What was on the wire is still read, and answered after a while. */
const LAST_ANSWER_MS = 100;

/** A delivery that was taken and whose result was not recorded when its node died is sent again. */
export const UNRECORDED: DuplicateBound = {
  words: 'what was taken in the 2 s before a blow and had not been recorded',
  of: (scene) => scene.takenAround({ beforeMs: RECORDED_MS, afterMs: LAST_ANSWER_MS }),
};

/** A node that can no longer record what it sends must stop sending by itself, and what it sent meanwhile may come again. */
export const UNRECORDED_MEANWHILE: DuplicateBound = {
  words: 'what was taken from 2 s before a blow until 2 s after it began and could not be recorded',
  of: (scene) => scene.takenAround({ beforeMs: RECORDED_MS, afterMs: 2_000 }),
};

/** Others take the work of a node that does not beat for 15 s, also what it had sent and not recorded. */
export const LEASES_LOST: DuplicateBound = { ...UNRECORDED_MEANWHILE, losesLeases: true };
