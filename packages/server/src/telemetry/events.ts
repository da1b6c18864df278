import type { Clock } from '../domain/clock.ts';
import { attemptClass } from './attempt-class.ts';
import type { Log } from './log.ts';
import type { Metrics } from './metrics.ts';
import { storeEvents } from './store-events.ts';

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
    takenOver(rows: number): void {
      log.warn({ rows }, 'took over what servers that are gone had leased');
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
