import { collectDefaultMetrics, Registry } from 'prom-client';
import type { DeathReason } from '../domain/delivery.ts';
import type { SuspensionReason } from '../domain/endpoint.ts';
import { ATTEMPT_CLASSES } from './attempt-class.ts';
import { byName, histogram, remembered, single } from './cells.ts';
import { counterFamily, gauge, histogramFamily } from './tally.ts';

const LATENCY_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15, 30, 60];
/** From due to sent: nothing when all is well, and up to days behind an endpoint that hangs. */
const WAIT_SECONDS = [0.001, 0.005, 0.025, 0.1, 0.5, 1, 5, 15, 60, 300, 1_800, 7_200, 43_200, 172_800];
/** From acceptance to success a retry may lie between: up to days. */
const DELIVERY_SECONDS = [
  0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60, 300, 1_800, 7_200, 43_200, 172_800,
];
const COMMIT_SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10];
const BATCH_UNITS = [1, 2, 5, 10, 25, 50, 100, 250, 500, 1_000];
const FAN_OUT = [0, 1, 2, 5, 10, 25, 100, 1_000, 10_000];

/** Those that are known beforehand; others may come. */
const REFUSALS = ['queue_full', 'commit_failed', 'disk_low', 'closed', 'stopping', 'too_many_deliveries'];
/** All are written by hand, so there are about a hundred at most. */
const STATEMENT_NAMES_MAX = 200;
const OPERATIONS = ['record', 'claim', 'take', 'release', 'suspend'];
const ENDS = Object.keys({
  cancelled: true,
  retries_exhausted: true,
  held_too_long: true,
  endpoint_archived: true,
  payload_missing: true,
} satisfies Record<DeathReason | 'cancelled', true>);
const SUSPENSIONS = Object.keys({ failing: true, gone: true } satisfies Record<
  Exclude<SuspensionReason, 'manual'>,
  true
>);

const LOOP_SAMPLE_MS = 100;

export type Metrics = ReturnType<typeof createMetrics>;

export function createRegistry(): Registry {
  const registry = new Registry();
  // Its own measure of the event loop wakes an idle process every 10 ms, which is 6 ms of each second; ours takes less.
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: LOOP_SAMPLE_MS });
  return registry;
}

/** Every counter and histogram. Each family is registered here, so that a scrape shows it before its first event. */
export function createMetrics(registry: Registry) {
  return {
    ...trafficMetrics(registry),
    ...attemptMetrics(registry),
    ...storeMetrics(registry),
    ...rareMetrics(registry),
    ...jobMetrics(registry),
    ...retentionMetrics(registry),
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
    acceptRefused: remembered((reason) => refused({ reason }), REFUSALS),
    acceptSeconds: histogram(
      registry,
      'hookring_accept_duration_seconds',
      'From the arrival of a request with events at the engine to the commit of them all.',
      LATENCY_SECONDS,
    ),
    fanOut: histogram(registry, 'hookring_event_deliveries', 'Deliveries that one event made.', FAN_OUT),
    deliveriesInMemory: created({ placed: 'memory' }),
    deliveriesInStore: created({ placed: 'store' }),
    deliveriesSucceeded: ended({ outcome: 'succeeded' }),
    deliveriesEnded: remembered((outcome) => ended({ outcome }), ENDS),
    deliverySeconds: histogram(
      registry,
      'hookring_delivery_latency_seconds',
      'From the making of a delivery to its success.',
      DELIVERY_SECONDS,
    ),
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
    help: 'Length of each phase of an attempt; a reused connection has only the first byte, counted from the request.',
    bounds: LATENCY_SECONDS,
  });
  return {
    attempts: byName(ATTEMPT_CLASSES, (name) =>
      attempts({ outcome: name === '2xx' ? 'succeeded' : 'failed', class: name }),
    ),
    attemptSeconds: byName(['succeeded', 'failed'], (outcome) => seconds({ outcome })),
    phaseSeconds: byName(['dns', 'connect', 'tls', 'first_byte'], (phase) => phases({ phase })),
    waitSeconds: histogram(
      registry,
      'hookring_attempt_wait_seconds',
      'How long a delivery that was due waited for its attempt to begin.',
      WAIT_SECONDS,
    ),
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
  const statements = counterFamily<'connection' | 'statement'>(registry, {
    name: 'hookring_store_statements_total',
    help: 'Statements sent to PostgreSQL, by the kind of connection and their name; none with SQLite.',
  });
  const refusals = counterFamily<'operation'>(registry, {
    name: 'hookring_store_refusals_total',
    help: 'Operations that the store refused or failed; they are tried again.',
  });
  return {
    commitSeconds: histogram(
      registry,
      'hookring_store_commit_duration_seconds',
      'From handing a batch to the writer to the answer that it is committed.',
      COMMIT_SECONDS,
    ),
    commitUnits: histogram(registry, 'hookring_store_commit_units', 'Units that one commit held.', BATCH_UNITS),
    recordSeconds: histogram(
      registry,
      'hookring_record_duration_seconds',
      'From handing over results to their commit.',
      COMMIT_SECONDS,
    ),
    recordUnits: histogram(registry, 'hookring_record_results', 'Results that were handed over together.', BATCH_UNITS),
    leasesLost: single(registry, 'hookring_leases_lost_total', 'Results that came after their lease was gone.'),
    claimed: single(registry, 'hookring_deliveries_claimed_total', 'Deliveries taken out of the store to be sent.'),
    released: single(registry, 'hookring_deliveries_released_total', 'Deliveries given back to the store unsent.'),
    memoryStale: single(
      registry,
      'hookring_memory_stale_total',
      'Times that this node could not know what others changed, and neither signed nor let anybody in; none with SQLite.',
    ),
    storeRefusals: remembered((operation) => refusals({ operation }), OPERATIONS),
    storeStatements: byName(['write', 'read', 'control', 'change'], (connection) =>
      remembered((statement) => statements({ connection, statement }), [], STATEMENT_NAMES_MAX),
    ),
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
  return {
    suspensions: remembered((reason) => suspended({ reason }), SUSPENSIONS),
    endpointChanges: remembered((status) => changed({ status })),
    rotations: single(registry, 'hookring_secret_rotations_total', 'Rotations of signing secrets.'),
    revocations: single(registry, 'hookring_secret_revocations_total', 'Signing secrets that were revoked.'),
    accessRefused: remembered((code) => denied({ code })),
    faults: single(registry, 'hookring_faults_total', 'Things that must not happen, did, and were contained.'),
  };
}

function jobMetrics(registry: Registry) {
  const job = histogramFamily<'name'>(registry, {
    name: 'hookring_job_duration_seconds',
    help: 'Length of one run of a background job.',
    bounds: LATENCY_SECONDS,
  });
  const failed = counterFamily<'name'>(registry, {
    name: 'hookring_job_failures_total',
    help: 'Runs of a background job that failed.',
  });
  const succeededAt = new Map<string, { seconds: number }>();
  gauge(
    registry,
    {
      name: 'hookring_job_last_success_timestamp_seconds',
      help: 'When a background job last ran to its end, as seconds since 1970; nothing until it first did.',
    },
    () => [...succeededAt].map(([name, { seconds }]) => ({ labels: { name }, value: seconds })),
  );
  return {
    jobSeconds: remembered((name) => job({ name })),
    jobFailures: remembered((name) => failed({ name })),
    jobSucceededAt: remembered((name) => {
      const cell = { seconds: 0 };
      succeededAt.set(name, cell);
      return cell;
    }),
  };
}

function retentionMetrics(registry: Registry) {
  const removed = counterFamily<'kind'>(registry, {
    name: 'hookring_retention_removed_total',
    help: 'Rows removed because they were past retention or because an operator asked for it.',
  });
  return {
    removed: byName(['events', 'deliveries', 'attempts'], (kind) => removed({ kind })),
    erasures: single(registry, 'hookring_payload_erasures_total', 'Events whose payload was erased on request.'),
  };
}
