import { collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import { ATTEMPT_CLASSES } from './attempt-class.ts';
import type { CounterCell, HistogramCell } from './tally.ts';
import { counterFamily, histogramFamily } from './tally.ts';

const LATENCY_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15, 30, 60];
/** From acceptance to success a retry may lie between: up to days. */
const DELIVERY_SECONDS = [
  0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60, 300, 1_800, 7_200, 43_200, 172_800,
];
const COMMIT_SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10];
const BATCH_UNITS = [1, 2, 5, 10, 25, 50, 100, 250, 500, 1_000];

/** The figures of the engine at this moment. */
export type EngineGauges = {
  readonly inFlight: number;
  readonly inMemory: number;
  readonly inMemoryBytes: number;
  readonly lanes: number;
};
/** What the store owes; read from the database, so only when scraped. */
export type BacklogGauges = {
  readonly queued: number;
  readonly oldestDueAt: number | null;
  readonly dueEndpoints: number;
};
/** Free places in the writer's queue. */
export type RoomGauges = { readonly units: number; readonly bytes: number };

/** Where gauges read from at each scrape; known only once everything is built. */
export type GaugeSources = {
  readonly engine: () => EngineGauges;
  readonly backlog: () => Promise<BacklogGauges>;
  readonly storeRoom: () => RoomGauges;
  readonly now: () => number;
};

export type Metrics = ReturnType<typeof createMetrics>;

export function createRegistry(): Registry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  return registry;
}

/** Every counter and histogram. Each family is registered here, so that a scrape shows it before its first event. */
export function createMetrics(registry: Registry) {
  return {
    ...trafficMetrics(registry),
    ...attemptMetrics(registry),
    ...storeMetrics(registry),
    ...rareMetrics(registry),
  };
}

function trafficMetrics(registry: Registry) {
  const created = counterFamily<'placed'>(registry, {
    name: 'hookring_deliveries_created_total',
    help: 'Deliveries made by accepting events: kept in memory and sent at once, or left to the store.',
  });
  const ended = counterFamily<'outcome'>(registry, {
    name: 'hookring_deliveries_ended_total',
    help: 'Deliveries that reached their end: succeeded, cancelled, or why they are dead.',
  });
  const refused = counterFamily<'reason'>(registry, {
    name: 'hookring_events_refused_total',
    help: 'Requests to accept events that were refused because of the state of the server.',
  });
  return {
    eventsAccepted: single(registry, 'hookring_events_accepted_total', 'Events accepted and committed.'),
    acceptedBytes: single(registry, 'hookring_events_accepted_bytes_total', 'Payload bytes of the accepted events.'),
    acceptRefused: remembered((reason) => refused({ reason })),
    deliveriesInMemory: created({ placed: 'memory' }),
    deliveriesInStore: created({ placed: 'store' }),
    deliveriesSucceeded: ended({ outcome: 'succeeded' }),
    deliveriesEnded: remembered((outcome) => ended({ outcome })),
    deliverySeconds: histogramFamily<never>(registry, {
      name: 'hookring_delivery_latency_seconds',
      help: 'From the making of a delivery to its success.',
      bounds: DELIVERY_SECONDS,
    })({}),
  };
}

function attemptMetrics(registry: Registry) {
  const attempts = counterFamily<'outcome' | 'class'>(registry, {
    name: 'hookring_attempts_total',
    help: 'Requests made for deliveries, by class of status or error.',
  });
  const seconds = histogramFamily<'outcome'>(registry, {
    name: 'hookring_attempt_duration_seconds',
    help: 'Length of one attempt, DNS to last byte.',
    bounds: LATENCY_SECONDS,
  });
  const phases = histogramFamily<'phase'>(registry, {
    name: 'hookring_attempt_phase_seconds',
    help: 'When a phase of an attempt was over; a reused connection has only the first byte.',
    bounds: LATENCY_SECONDS,
  });
  return {
    attempts: byName(ATTEMPT_CLASSES, (name) =>
      attempts({ outcome: name === '2xx' ? 'succeeded' : 'failed', class: name }),
    ),
    attemptSeconds: byName(['succeeded', 'failed'], (outcome) => seconds({ outcome })),
    phaseSeconds: byName(['dns', 'connect', 'tls', 'first_byte'], (phase) => phases({ phase })),
    connectionsRetried: single(
      registry,
      'hookring_stale_connections_total',
      'Kept connections that had died, so that a request was made again.',
    ),
    keysVerified: single(
      registry,
      'hookring_receiver_key_echoes_total',
      'Answers that named the key they verified with.',
    ),
  };
}

function storeMetrics(registry: Registry) {
  const histogram = (name: string, help: string, bounds: readonly number[]): HistogramCell =>
    histogramFamily<never>(registry, { name, help, bounds })({});
  const refusals = counterFamily<'operation'>(registry, {
    name: 'hookring_store_refusals_total',
    help: 'Operations that the store refused or failed; they are tried again.',
  });
  return {
    commitSeconds: histogram('hookring_store_commit_duration_seconds', 'Length of one commit.', COMMIT_SECONDS),
    commitUnits: histogram('hookring_store_commit_units', 'Units that one commit held.', BATCH_UNITS),
    recordSeconds: histogram(
      'hookring_record_duration_seconds',
      'From handing over results to their commit.',
      COMMIT_SECONDS,
    ),
    recordUnits: histogram('hookring_record_results', 'Results that were handed over together.', BATCH_UNITS),
    leasesLost: single(registry, 'hookring_leases_lost_total', 'Results that came after their lease was gone.'),
    claimed: single(registry, 'hookring_deliveries_claimed_total', 'Deliveries taken out of the store to be sent.'),
    released: single(registry, 'hookring_deliveries_released_total', 'Deliveries given back to the store unsent.'),
    storeRefusals: remembered((operation) => refusals({ operation })),
  };
}

function rareMetrics(registry: Registry) {
  const suspended = counterFamily<'reason'>(registry, {
    name: 'hookring_endpoint_suspensions_total',
    help: 'Endpoints suspended automatically, by reason.',
  });
  const changed = counterFamily<'status'>(registry, {
    name: 'hookring_endpoint_changes_total',
    help: 'Endpoints made or changed by callers, by the status they have now.',
  });
  const denied = counterFamily<'code'>(registry, {
    name: 'hookring_access_refused_total',
    help: 'Requests refused for their credentials, by error code.',
  });
  const job = histogramFamily<'job'>(registry, {
    name: 'hookring_job_duration_seconds',
    help: 'Length of one run of a background job.',
    bounds: LATENCY_SECONDS,
  });
  const jobFailed = counterFamily<'job'>(registry, {
    name: 'hookring_job_failures_total',
    help: 'Runs of a background job that failed.',
  });
  return {
    suspensions: remembered((reason) => suspended({ reason })),
    endpointChanges: remembered((status) => changed({ status })),
    rotations: single(registry, 'hookring_secret_rotations_total', 'Rotations of signing secrets.'),
    revocations: single(registry, 'hookring_secret_revocations_total', 'Signing secrets that were revoked.'),
    accessRefused: remembered((code) => denied({ code })),
    jobSeconds: remembered((name) => job({ job: name })),
    jobFailures: remembered((name) => jobFailed({ job: name })),
    faults: single(registry, 'hookring_faults_total', 'Things that must not happen, did, and were contained.'),
  };
}

function single(registry: Registry, name: string, help: string): CounterCell {
  return counterFamily<never>(registry, { name, help })({});
}

/** Registers the gauges. Called once, when the parts that they read from exist. */
export function registerGauges(registry: Registry, sources: GaugeSources): void {
  const gauge = (name: string, help: string, read: () => number): void => {
    const made: Gauge = new Gauge({ name, help, registers: [], collect: () => made.set(read()) });
    registry.registerMetric(made);
  };
  gauge('hookring_attempts_in_flight', 'Requests in flight.', () => sources.engine().inFlight);
  gauge('hookring_deliveries_in_memory', 'Deliveries kept in memory.', () => sources.engine().inMemory);
  gauge(
    'hookring_deliveries_in_memory_bytes',
    'Bytes of the deliveries kept in memory.',
    () => sources.engine().inMemoryBytes,
  );
  gauge('hookring_lanes', 'Endpoints with a lane of their own at the moment.', () => sources.engine().lanes);
  gauge(
    'hookring_store_queue_free_units',
    'Free places in the queue of the store; at 0 events are refused.',
    () => sources.storeRoom().units,
  );
  gauge(
    'hookring_store_queue_free_bytes',
    'Free bytes in the queue of the store; at 0 events are refused.',
    () => sources.storeRoom().bytes,
  );
  registerBacklog(registry, sources);
}

function registerBacklog(registry: Registry, sources: GaugeSources): void {
  let reading: Promise<BacklogGauges | null> | null = null;
  // All gauges of one scrape share one read. A store that cannot answer must not hide the other figures.
  const read = (): Promise<BacklogGauges | null> => {
    reading ??= sources
      .backlog()
      .catch(() => null)
      .finally(() => {
        reading = null;
      });
    return reading;
  };
  const gauge = (name: string, help: string, value: (figures: BacklogGauges) => number): void => {
    const made: Gauge = new Gauge({
      name,
      help,
      registers: [],
      async collect() {
        const figures = await read();
        made.set(figures === null ? Number.NaN : value(figures));
      },
    });
    registry.registerMetric(made);
  };
  gauge('hookring_backlog_deliveries', 'Deliveries that are owed.', (figures) => figures.queued);
  gauge('hookring_due_endpoints', 'Endpoints that have work due.', (figures) => figures.dueEndpoints);
  gauge(
    'hookring_oldest_due_age_seconds',
    'How long ago the oldest waiting delivery was due; 0 when none is late.',
    ({ oldestDueAt }) => (oldestDueAt === null ? 0 : Math.max(0, sources.now() - oldestDueAt) / 1_000),
  );
}

function byName<const Name extends string, Cell>(
  names: readonly Name[],
  make: (name: Name) => Cell,
): Record<Name, Cell> {
  // fromEntries forgets the names it was given.
  return Object.fromEntries(names.map((name) => [name, make(name)])) as Record<Name, Cell>;
}

const NAMES_MAX = 50;

/** One cell per name, made when it is first needed; past the limit all names share one, so labels stay few. */
function remembered<Cell>(make: (name: string) => Cell): (name: string) => Cell {
  const cells = new Map<string, Cell>();
  return (name) => {
    const known = cells.get(name) ?? (cells.size >= NAMES_MAX ? cells.get('other') : undefined);
    if (known !== undefined) return known;
    const key = cells.size >= NAMES_MAX ? 'other' : name;
    const cell = make(key);
    cells.set(key, cell);
    return cell;
  };
}
