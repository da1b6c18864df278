import type { Registry } from 'prom-client';
import { type GaugeSample, gauge } from './tally.ts';

export type LaneState = 'healthy' | 'erring' | 'unproven' | 'failing';

/** The figures of the engine at this moment. */
export type EngineGauges = { readonly inFlight: number; readonly inMemory: number; readonly inMemoryBytes: number };
export type LaneGauges = {
  readonly modes: Readonly<
    Record<LaneState, { readonly lanes: number; readonly inFlight: number; readonly waiting: number }>
  >;
  readonly single: number;
  readonly paused: number;
  readonly behind: number;
  readonly oldestDueAt: number | null;
};
/** What the store holds; read from the database, so only when scraped. */
export type StoreGauges = {
  readonly queued: number;
  readonly oldestDueAt: number | null;
  readonly dueEndpoints: number;
  readonly held: number;
  readonly suspendedEndpoints: readonly { readonly reason: string; readonly endpoints: number }[];
  readonly secrets: {
    readonly living: number;
    readonly ringsInGrace: number;
    readonly nextEndAt: number | null;
    readonly oldestActiveSince: number | null;
  };
};
export type SpaceGauges = {
  readonly databaseBytes: number | null;
  readonly logBytes: number | null;
  readonly diskFreeRatio: number | null;
};
/** Units and bytes of the writer's queue. */
export type QueueGauges = { readonly units: number; readonly bytes: number };

/** Where gauges read from at each scrape; known only once everything is built. */
export type GaugeSources = {
  readonly engine: () => EngineGauges;
  readonly lanes: () => Promise<LaneGauges>;
  readonly store: () => Promise<StoreGauges>;
  readonly space: () => Promise<SpaceGauges>;
  /** Free places. */
  readonly queueRoom: () => QueueGauges;
  readonly queueMax: QueueGauges;
  readonly now: () => number;
};

type Add = (name: string, help: string, read: () => readonly GaugeSample[] | Promise<readonly GaugeSample[]>) => void;

/** Registers the gauges. Called once, when the parts that they read from exist. */
export function registerGauges(registry: Registry, sources: GaugeSources): void {
  const add: Add = (name, help, read) => gauge(registry, { name, help }, read);
  // All gauges of one scrape share one look at each source.
  const lanes = shared(sources.lanes);
  const store = shared(sources.store);
  engineGauges(add, sources);
  laneGauges(add, lanes);
  backlogGauges(add, sources.now, store, lanes);
  ringGauges(add, sources.now, store);
  spaceGauges(add, sources, shared(sources.space));
}

function engineGauges(add: Add, { engine }: GaugeSources): void {
  add('hookring_attempts_in_flight', 'Requests in flight.', () => one(engine().inFlight));
  add('hookring_deliveries_in_memory', 'Deliveries kept in memory.', () => one(engine().inMemory));
  add('hookring_deliveries_in_memory_bytes', 'Bytes of the deliveries kept in memory.', () =>
    one(engine().inMemoryBytes),
  );
}

function laneGauges(add: Add, read: () => Promise<LaneGauges | null>): void {
  const perState = (name: string, help: string, what: 'lanes' | 'inFlight' | 'waiting'): void =>
    add(name, help, async () => {
      const figures = await read();
      if (figures === null) return [];
      return Object.entries(figures.modes).map(([state, mode]) => ({ labels: { state }, value: mode[what] }));
    });
  perState('hookring_lanes', 'Endpoints with a lane of their own now, by how they have been answering.', 'lanes');
  perState('hookring_lane_attempts_in_flight', 'Requests in flight, by the state of their lane.', 'inFlight');
  perState('hookring_lane_deliveries_waiting', 'Deliveries in memory that wait for their turn.', 'waiting');
  const each = (name: string, help: string, what: 'single' | 'paused' | 'behind'): void =>
    add(name, help, async () => maybe((await read())?.[what]));
  each('hookring_lanes_single', 'Lanes held back to one request at a time by what their receiver did.', 'single');
  each('hookring_lanes_paused', 'Lanes that send nothing now, because of Retry-After or of their rate.', 'paused');
  each('hookring_lanes_behind', 'Lanes with due deliveries in the store that they have no room for yet.', 'behind');
}

function backlogGauges(
  add: Add,
  now: () => number,
  store: () => Promise<StoreGauges | null>,
  lanes: () => Promise<LaneGauges | null>,
): void {
  add('hookring_backlog_deliveries', 'Deliveries that are owed, held ones included.', async () =>
    maybe((await store())?.queued),
  );
  add(
    'hookring_due_endpoints',
    'Endpoints with deliveries due in the store, at the least; counted up to 10,000 beside lanes.',
    async () => {
      const [figures, memory] = await Promise.all([store(), lanes()]);
      // A lane that is behind is in the index of the store again as soon as it gets more: a sum would count it twice.
      return figures === null ? [] : one(Math.max(figures.dueEndpoints, memory?.behind ?? 0));
    },
  );
  add('hookring_held_deliveries', 'Deliveries of suspended endpoints; counted up to 10,000.', async () =>
    maybe((await store())?.held),
  );
  add('hookring_suspended_endpoints', 'Suspended endpoints, by reason; counted up to 10,000.', async () =>
    ((await store())?.suspendedEndpoints ?? []).map(({ reason, endpoints }) => ({
      labels: { reason },
      value: endpoints,
    })),
  );
  add(
    'hookring_oldest_due_age_seconds',
    'How long ago the delivery was due that has waited longest and may be sent; 0 when none is late.',
    async () => {
      // Together: one after the other, the slower of the two would make the other look twice in one scrape.
      const [figures, memory] = await Promise.all([store(), lanes()]);
      if (figures === null) return [];
      const oldest = Math.min(figures.oldestDueAt ?? Infinity, memory?.oldestDueAt ?? Infinity);
      return one(Math.max(0, now() - oldest) / 1_000);
    },
  );
}

function ringGauges(add: Add, now: () => number, store: () => Promise<StoreGauges | null>): void {
  const since = (at: number | null | undefined, sign: 1 | -1): readonly GaugeSample[] =>
    typeof at === 'number' ? one(Math.max(0, sign * (now() - at)) / 1_000) : [];
  add('hookring_living_secrets', 'Signing secrets that are staged, active or retiring.', async () =>
    maybe((await store())?.secrets.living),
  );
  add('hookring_rings_in_grace', 'Keyrings with a retiring secret that has an end; counted up to 10,000.', async () =>
    maybe((await store())?.secrets.ringsInGrace),
  );
  add('hookring_next_secret_expiry_seconds', 'Until the next retiring secret ends; nothing when none will.', async () =>
    since((await store())?.secrets.nextEndAt, -1),
  );
  add('hookring_oldest_active_secret_age_seconds', 'How long the oldest active secret has been active.', async () =>
    since((await store())?.secrets.oldestActiveSince, 1),
  );
}

function spaceGauges(add: Add, { queueRoom, queueMax }: GaugeSources, space: () => Promise<SpaceGauges | null>): void {
  const used = (what: 'units' | 'bytes') => () => one(queueMax[what] - queueRoom()[what]);
  add(
    'hookring_store_queue_units',
    'Units that wait for their commit; at the limit events are refused.',
    used('units'),
  );
  add(
    'hookring_store_queue_bytes',
    'Bytes that wait for their commit; at the limit events are refused.',
    used('bytes'),
  );
  add('hookring_store_queue_units_max', 'The limit of waiting units.', () => one(queueMax.units));
  add('hookring_store_queue_bytes_max', 'The limit of waiting bytes.', () => one(queueMax.bytes));
  add('hookring_database_bytes', 'Size of the database file.', async () => maybe((await space())?.databaseBytes));
  add('hookring_database_log_bytes', 'Size of the write-ahead log beside the database.', async () =>
    maybe((await space())?.logBytes),
  );
  add(
    'hookring_disk_free_ratio',
    'Share of the disk that is free for the database, 0 to 1; below 0.05 events are refused.',
    async () => maybe((await space())?.diskFreeRatio),
  );
}

function one(value: number): readonly GaugeSample[] {
  return [{ labels: {}, value }];
}

function maybe(value: number | null | undefined): readonly GaugeSample[] {
  return typeof value === 'number' ? one(value) : [];
}

/** One look for all who ask while it lasts. What cannot answer must not hide the other figures. */
function shared<T>(look: () => Promise<T>): () => Promise<T | null> {
  let looking: Promise<T | null> | null = null;
  return () => {
    looking ??= look()
      .catch(() => null)
      .finally(() => {
        looking = null;
      });
    return looking;
  };
}
