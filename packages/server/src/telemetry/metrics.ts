import { collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import type { AttemptClass } from './attempt-class.ts';
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

export type Metrics = {
  readonly eventsAccepted: CounterCell;
  readonly eventsDuplicate: CounterCell;
  readonly acceptRefused: (reason: string) => CounterCell;
  readonly deliveriesCreated: CounterCell;
  readonly attempts: Readonly<Record<AttemptClass, CounterCell>>;
  readonly attemptSeconds: { readonly succeeded: HistogramCell; readonly failed: HistogramCell };
  readonly phaseSeconds: Readonly<Record<'dns' | 'connect' | 'tls' | 'first_byte', HistogramCell>>;
  readonly deliverySeconds: HistogramCell;
  readonly deliveriesEnded: (outcome: string) => CounterCell;
  readonly leasesLost: CounterCell;
  readonly suspensions: (reason: string) => CounterCell;
  readonly endpointChanges: (status: string) => CounterCell;
  readonly rotations: CounterCell;
  readonly revocations: CounterCell;
  readonly accessRefused: (code: string) => CounterCell;
  readonly commitSeconds: HistogramCell;
  readonly commitUnits: HistogramCell;
  readonly commitFailures: CounterCell;
  readonly jobSeconds: (job: string) => HistogramCell;
  readonly jobFailures: (job: string) => CounterCell;
};

export function createRegistry(): Registry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  return registry;
}

export function createMetrics(registry: Registry): Metrics {
  const counter = (name: string, help: string) => counterFamily<string>(registry, { name, help });
  const histogram = (name: string, help: string, bounds: readonly number[]) =>
    histogramFamily<string>(registry, { name, help, bounds });
  const events = counter('hookring_events_total', 'Events that were sent in: accepted, or the repetition of one.');
  const refused = counter('hookring_events_refused_total', 'Requests to accept events that were refused, by reason.');
  const attempts = counter('hookring_attempts_total', 'Requests made for deliveries, by class of answer or error.');
  const seconds = histogram(
    'hookring_attempt_duration_seconds',
    'Length of one attempt, DNS to last byte.',
    LATENCY_SECONDS,
  );
  const phases = histogram('hookring_attempt_phase_seconds', 'Length of one phase of an attempt.', LATENCY_SECONDS);
  const ended = counter('hookring_deliveries_ended_total', 'Deliveries that reached their end, by outcome.');
  const suspended = counter('hookring_endpoint_suspensions_total', 'Endpoints suspended automatically, by reason.');
  const changed = counter('hookring_endpoint_changes_total', 'Endpoints created or changed by callers, by new status.');
  const denied = counter('hookring_access_refused_total', 'Requests refused for their credentials, by error code.');
  const job = histogram('hookring_job_duration_seconds', 'Length of one run of a background job.', LATENCY_SECONDS);
  const jobFailed = counter('hookring_job_failures_total', 'Runs of a background job that failed.');
  return {
    eventsAccepted: events({ outcome: 'accepted' }),
    eventsDuplicate: events({ outcome: 'duplicate' }),
    acceptRefused: remembered((reason) => refused({ reason })),
    deliveriesCreated: counter('hookring_deliveries_created_total', 'Deliveries made by accepting events.')({}),
    attempts: byName(ATTEMPT_CLASSES, (name) =>
      attempts({ outcome: name === '2xx' ? 'succeeded' : 'failed', class: name }),
    ),
    attemptSeconds: byName(['succeeded', 'failed'], (outcome) => seconds({ outcome })),
    phaseSeconds: byName(['dns', 'connect', 'tls', 'first_byte'], (phase) => phases({ phase })),
    deliverySeconds: histogram(
      'hookring_delivery_latency_seconds',
      'From the acceptance of an event to the success of its delivery.',
      DELIVERY_SECONDS,
    )({}),
    deliveriesEnded: remembered((outcome) => ended({ outcome })),
    leasesLost: counter('hookring_leases_lost_total', 'Results that arrived after their lease was gone.')({}),
    suspensions: remembered((reason) => suspended({ reason })),
    endpointChanges: remembered((status) => changed({ status })),
    rotations: counter('hookring_secret_rotations_total', 'Rotations of signing secrets.')({}),
    revocations: counter('hookring_secret_revocations_total', 'Signing secrets that were revoked.')({}),
    accessRefused: remembered((code) => denied({ code })),
    commitSeconds: histogram(
      'hookring_store_commit_duration_seconds',
      'Length of one commit of the store.',
      COMMIT_SECONDS,
    )({}),
    commitUnits: histogram('hookring_store_commit_units', 'Units that one commit held.', BATCH_UNITS)({}),
    commitFailures: counter('hookring_store_commit_failures_total', 'Commits that failed.')({}),
    jobSeconds: remembered((name) => job({ job: name })),
    jobFailures: remembered((name) => jobFailed({ job: name })),
  };
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
