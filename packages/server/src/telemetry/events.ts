import { attemptClass } from './attempt-class.ts';
import type { Log } from './log.ts';
import type { Metrics } from './metrics.ts';

export type Phases = {
  readonly dnsMs: number | null;
  readonly connectMs: number | null;
  readonly tlsMs: number | null;
  readonly firstByteMs: number | null;
  readonly totalMs: number;
};

/**
 * One function per business event: log and metric are written together, so neither can be forgotten. Ids go to the log
 * only; labels come from short lists. What happens per event or attempt is counted and logged at `debug` only.
 */
export type TelemetryEvents = ReturnType<typeof createEvents>;

export function createEvents(log: Log, metrics: Metrics) {
  return {
    ...trafficEvents(log, metrics),
    ...endpointEvents(log, metrics),
    ...operationEvents(log, metrics),
  };
}

type DeliveryEnd = { readonly kind: 'succeeded' | 'cancelled' } | { readonly kind: 'dead'; readonly reason: string };

/** What the engine tells. Most of it comes with every event or attempt: nothing here may allocate. */
function trafficEvents(log: Log, metrics: Metrics) {
  return {
    eventsAccepted(count: number, bytes: number): void {
      metrics.eventsAccepted.count += count;
      metrics.acceptedBytes.count += bytes;
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
    attemptFinished(attempt: {
      readonly status: number | null;
      readonly errorKind: string | null;
      readonly phases: Phases;
    }): void {
      const kind = attemptClass(attempt.status, attempt.errorKind);
      const isSuccess = kind === '2xx';
      metrics.attempts[kind].count += 1;
      const { dnsMs, connectMs, tlsMs, firstByteMs, totalMs } = attempt.phases;
      (isSuccess ? metrics.attemptSeconds.succeeded : metrics.attemptSeconds.failed).observe(totalMs / 1_000);
      if (firstByteMs !== null) metrics.phaseSeconds.first_byte.observe(firstByteMs / 1_000);
      // A reused connection has none of these.
      if (dnsMs !== null) metrics.phaseSeconds.dns.observe(dnsMs / 1_000);
      if (connectMs !== null) metrics.phaseSeconds.connect.observe(connectMs / 1_000);
      if (tlsMs !== null) metrics.phaseSeconds.tls.observe(tlsMs / 1_000);
      if (!isSuccess && log.isLevelEnabled('debug')) log.debug({ ...attempt }, 'attempt failed');
    },
    deliveryEnded(end: DeliveryEnd, ageMs: number): void {
      if (end.kind !== 'succeeded') {
        metrics.deliveriesEnded(end.kind === 'dead' ? end.reason : 'cancelled').count += 1;
        return;
      }
      metrics.deliveriesSucceeded.count += 1;
      metrics.deliverySeconds.observe(Math.max(0, ageMs) / 1_000);
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
    storeCommitted(units: number, durationMs: number): void {
      metrics.commitUnits.observe(units);
      metrics.commitSeconds.observe(durationMs / 1_000);
    },
    /** An echo of the receiver; a claim, so it is logged for whoever looks and counted, nothing more. */
    keyVerified(endpointId: string, secretId: string): void {
      metrics.keysVerified.count += 1;
      if (log.isLevelEnabled('trace')) log.trace({ endpointId, secretId }, 'receiver named its key');
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
    endpointChanged(fields: { readonly endpointId: string; readonly status: string; readonly actor: string }): void {
      metrics.endpointChanges(fields.status).count += 1;
      log.info(fields, 'endpoint changed');
    },
    secretRotated(fields: {
      readonly owner: string;
      readonly secretId: string;
      readonly retiredId: string | null;
      readonly actor: string;
      readonly reason: string | null;
    }): void {
      metrics.rotations.count += 1;
      log.info(fields, 'signing key rotated');
    },
    secretRevoked(fields: { readonly owner: string; readonly secretId: string; readonly actor: string }): void {
      metrics.revocations.count += 1;
      log.warn(fields, 'signing key revoked');
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
    serverStarted(fields: { readonly url: string; readonly database: string; readonly version: string }): void {
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
    storeRefused(operation: string, error: unknown): void {
      metrics.storeRefusals(operation).count += 1;
      log.error({ operation, error }, 'the store refused; it will be tried again');
    },
    jobFinished(job: string, changed: number, durationMs: number): void {
      metrics.jobSeconds(job).observe(durationMs / 1_000);
      if (changed > 0) log.debug({ job, changed, durationMs }, 'job finished');
    },
    jobFailed(job: string, error: unknown): void {
      metrics.jobFailures(job).count += 1;
      log.error({ job, error }, 'job failed');
    },
    /** Something that must not happen did, and was contained. */
    fault(where: string, error: unknown): void {
      metrics.faults.count += 1;
      log.error({ where, error }, 'unexpected error');
    },
  };
}
