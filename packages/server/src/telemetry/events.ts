import type { Clock } from '../domain/clock.ts';
import { attemptClass } from './attempt-class.ts';
import type { Log } from './log.ts';
import type { Metrics } from './metrics.ts';

/** What of an attempt is told. Milliseconds; null: not reached, or the connection was reused. */
export type AttemptFacts = {
  readonly id: string;
  readonly deliveryId: string;
  readonly endpointId: string;
  readonly number: number;
  readonly responseStatus: number | null;
  readonly errorKind: string | null;
  readonly phases: {
    readonly dnsMs: number | null;
    readonly connectMs: number | null;
    readonly tlsMs: number | null;
    readonly firstByteMs: number | null;
    readonly totalMs: number;
  };
};

/** A commit that took longer is told of, so that a slow disk is found; one line a minute, however many there are. */
const SLOW_COMMIT_MS = 1_000;
const SLOW_COMMIT_PAUSE_MS = 60_000;
/** A job that changed so much is told of at `info`. */
const JOB_CHANGES_TOLD_MIN = 1_000;

/**
 * One function per business event: log and metric are written together, so neither can be forgotten. Ids go to the log
 * only; labels come from short lists. What happens per event or attempt is counted and logged at `debug` only.
 */
export type TelemetryEvents = ReturnType<typeof createEvents>;

export function createEvents(log: Log, metrics: Metrics, clock: Clock) {
  return {
    ...trafficEvents(log, metrics),
    ...storeEvents(log, metrics, clock),
    ...endpointEvents(log, metrics),
    ...operationEvents(log, metrics),
    ...retentionEvents(log, metrics),
  };
}

type DeliveryEnd = { readonly kind: 'succeeded' | 'cancelled' } | { readonly kind: 'dead'; readonly reason: string };

/**
 * What the engine tells. Most of it comes with every event or attempt: nothing here may allocate unless the log wants
 * it, so arguments are not gathered in an object for it.
 */
function trafficEvents(log: Log, metrics: Metrics) {
  const isDebug = log.isLevelEnabled('debug');
  const isTrace = log.isLevelEnabled('trace');
  return {
    eventsAccepted(count: number, bytes: number, durationMs: number): void {
      metrics.eventsAccepted.count += count;
      metrics.acceptedBytes.count += bytes;
      metrics.acceptSeconds.observe(durationMs / 1_000);
    },
    /** What one request brought, so that its id leads to those of its events. */
    eventsSent(
      caller: { readonly requestId: string; readonly organizationId: string; readonly actor: string },
      events: readonly { readonly id: string; readonly duplicate: boolean }[],
    ): void {
      if (!isDebug) return;
      const { requestId, organizationId, actor } = caller;
      for (const { id, duplicate } of events) {
        log.debug({ requestId, organizationId, actor, eventId: id, duplicate }, 'event accepted');
      }
    },
    eventFannedOut(deliveries: number): void {
      metrics.fanOut.observe(deliveries);
    },
    deliveriesCreated(count: number, leased: number): void {
      metrics.deliveriesInMemory.count += leased;
      metrics.deliveriesInStore.count += count - leased;
    },
    acceptRefused(reason: string): void {
      metrics.acceptRefused(reason).count += 1;
    },
    connectionRetried(): void {
      metrics.connectionsRetried.count += 1;
    },
    attemptFinished(attempt: AttemptFacts, eventId: string, waitedMs: number): void {
      const { responseStatus: status, errorKind, phases } = attempt;
      const kind = attemptClass(status, errorKind);
      metrics.attempts[kind].count += 1;
      const { dnsMs, connectMs, tlsMs, firstByteMs, totalMs } = phases;
      (kind === '2xx' ? metrics.attemptSeconds.succeeded : metrics.attemptSeconds.failed).observe(totalMs / 1_000);
      // A clock that was set back makes no wait shorter than none.
      metrics.waitSeconds.observe(Math.max(0, waitedMs) / 1_000);
      if (firstByteMs !== null) metrics.phaseSeconds.first_byte.observe(firstByteMs / 1_000);
      // A reused connection has none of these.
      if (dnsMs !== null) metrics.phaseSeconds.dns.observe(dnsMs / 1_000);
      if (connectMs !== null) metrics.phaseSeconds.connect.observe(connectMs / 1_000);
      if (tlsMs !== null) metrics.phaseSeconds.tls.observe(tlsMs / 1_000);
      if (!isDebug) return;
      const { id: attemptId, deliveryId, endpointId, number } = attempt;
      const ids = { eventId, deliveryId, endpointId, attemptId, attempt: number };
      log.debug({ ...ids, status, errorKind, waitedMs, ...phases }, 'attempt finished');
    },
    deliveryEnded(end: DeliveryEnd, ageMs: number): void {
      if (end.kind !== 'succeeded') {
        metrics.deliveriesEnded(end.kind === 'dead' ? end.reason : 'cancelled').count += 1;
        return;
      }
      metrics.deliveriesSucceeded.count += 1;
      metrics.deliverySeconds.observe(Math.max(0, ageMs) / 1_000);
    },
    /** An echo of the receiver; a claim, so it is logged for whoever looks and counted, nothing more. */
    keyVerified(endpointId: string, secretId: string): void {
      metrics.keysVerified.count += 1;
      if (isTrace) log.trace({ endpointId, secretId }, 'receiver named its key');
    },
  };
}

/** What the way to the store tells. */
function storeEvents(log: Log, metrics: Metrics, clock: Clock) {
  let toldAt = Number.NEGATIVE_INFINITY;
  let untold = 0;
  function slowCommit(units: number, durationMs: number): void {
    const now = clock.monotonic();
    if (now - toldAt < SLOW_COMMIT_PAUSE_MS) {
      untold += 1;
      return;
    }
    const fields = { units, durationMs: Math.round(durationMs), untold };
    [toldAt, untold] = [now, 0];
    log.warn(fields, 'commits are slow; the disk is most likely busy');
  }
  return {
    storeCommitted(units: number, durationMs: number): void {
      metrics.commitUnits.observe(units);
      metrics.commitSeconds.observe(durationMs / 1_000);
      if (durationMs >= SLOW_COMMIT_MS) slowCommit(units, durationMs);
    },
    /** Once for each batch, not for each unit in it. */
    storeStatement(connection: 'write' | 'read' | 'control' | 'change', name: string): void {
      metrics.storeStatements[connection](name).count += 1;
    },
    recordBatch(outcomes: number, durationMs: number, lostLeases: number): void {
      metrics.recordUnits.observe(outcomes);
      metrics.recordSeconds.observe(durationMs / 1_000);
      metrics.leasesLost.count += lostLeases;
    },
    claimBatch(deliveries: number): void {
      metrics.claimed.count += deliveries;
    },
    released(deliveries: number): void {
      metrics.released.count += deliveries;
    },
    storeMigrated(fields: { readonly from: number; readonly to: number; readonly durationMs: number }): void {
      log.info(fields, 'the tables of the database were brought to a newer schema version');
    },
    storeFailing(cause: string): void {
      log.error({ cause }, 'the database takes nothing: events are refused until it does again');
    },
    storeWorksAgain(afterMs: number): void {
      log.warn({ afterMs }, 'the database takes writes again');
    },
    memoryStale(cause: string): void {
      metrics.memoryStale.count += 1;
      log.error(
        { cause },
        'this node cannot know what others changed: it signs nothing and lets nobody in until it does',
      );
    },
    memoryCurrent(staleMs: number): void {
      log.warn({ staleMs: Math.round(staleMs) }, 'this node knows again what others changed');
    },
    notificationsMissing(): void {
      log.warn('notifications of the database do not arrive; what they would say is found a little later');
    },
    notificationsArrive(): void {
      log.info('notifications of the database arrive again');
    },
    storeRefused(operation: string, error: unknown): void {
      metrics.storeRefusals(operation).count += 1;
      log.error({ operation, error }, 'the store refused; it will be tried again');
    },
    jobFinished(job: string, changed: number, durationMs: number): void {
      metrics.jobSeconds(job).observe(durationMs / 1_000);
      // It is there from now on, or its first failure would not show as an increase.
      metrics.jobFailures(job);
      metrics.jobSucceededAt(job).seconds = clock.now() / 1_000;
      if (changed >= JOB_CHANGES_TOLD_MIN)
        log.info({ job, changed, durationMs: Math.round(durationMs) }, 'job finished');
      else if (changed > 0) log.debug({ job, changed, durationMs }, 'job finished');
    },
    jobFailed(job: string, error: unknown): void {
      metrics.jobFailures(job).count += 1;
      log.error({ job, error }, 'job failed');
    },
  };
}

function endpointEvents(log: Log, metrics: Metrics) {
  return {
    endpointSuspended(fields: {
      readonly organizationId: string;
      readonly endpointId: string;
      readonly reason: string;
      readonly consecutiveFailures: number;
    }): void {
      metrics.suspensions(fields.reason).count += 1;
      log.warn(fields, 'endpoint suspended');
    },
    endpointChanged(fields: {
      readonly endpointId: string;
      readonly status: string;
      readonly actor: string;
      readonly requestId: string;
    }): void {
      metrics.endpointChanges(fields.status).count += 1;
      log.info(fields, 'endpoint changed');
    },
    secretRotated(fields: {
      readonly owner: string;
      readonly secretId: string;
      readonly retiredId: string | null;
      readonly actor: string;
      readonly reason: string | null;
      readonly requestId: string;
    }): void {
      metrics.rotations.count += 1;
      log.info(fields, 'signing key rotated');
    },
    secretRevoked(fields: {
      readonly owner: string;
      readonly secretId: string;
      readonly actor: string;
      readonly requestId: string;
    }): void {
      metrics.revocations.count += 1;
      log.warn(fields, 'signing key revoked');
    },
    keyChanged(fields: {
      readonly keyId: string;
      readonly organizationId: string;
      readonly change: 'created' | 'imported' | 'revoked';
      readonly actor: string;
      readonly requestId: string;
    }): void {
      log.info(fields, 'API key changed');
    },
    accessRefused(fields: { readonly code: string; readonly requestId: string }): void {
      metrics.accessRefused(fields.code).count += 1;
      // A line for each would let anyone fill the log.
      log.debug(fields, 'access refused');
    },
  };
}

function operationEvents(log: Log, metrics: Metrics) {
  return {
    serverStarted(fields: {
      readonly url: string;
      readonly metricsUrl: string | null;
      readonly database: string;
      readonly role: string;
      readonly version: string;
    }): void {
      log.info(fields, 'server started');
    },
    serverStopping(fields: { readonly cause: string; readonly inFlight: number }): void {
      log.info(fields, 'server is stopping');
    },
    serverStopped(fields: { readonly durationMs: number }): void {
      log.info(fields, 'server stopped');
    },
    masterKeyGenerated(fields: { readonly path: string }): void {
      log.warn(
        fields,
        'no master key is configured: one was generated; keep a copy of this file, apart from the database',
      );
    },
    /** Something that must not happen did, and was contained. */
    fault(where: string, error: unknown, requestId?: string): void {
      metrics.faults.count += 1;
      log.error({ where, requestId, error }, 'unexpected error');
    },
  };
}

type RemovedRows = { readonly events: number; readonly deliveries: number; readonly attempts: number };

function retentionEvents(log: Log, metrics: Metrics) {
  return {
    retentionRemoved({ events, deliveries, attempts }: RemovedRows): void {
      metrics.removed.events.count += events;
      metrics.removed.deliveries.count += deliveries;
      metrics.removed.attempts.count += attempts;
    },
    retentionReport(fields: RemovedRows & { readonly retentionDays: number }): void {
      log.info(fields, 'events past retention were removed');
    },
    eventsPruned(fields: RemovedRows & { readonly before: number; readonly actor: string }): void {
      log.info(fields, 'an operator removed old events');
    },
    payloadErased(fields: { readonly eventKey: string; readonly actor: string }): void {
      metrics.erasures.count += 1;
      log.info(fields, 'payload erased');
    },
  };
}
