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

/** Called for every event and attempt: nothing here may allocate. */
function trafficEvents(log: Log, metrics: Metrics) {
  return {
    eventsAccepted(accepted: number, duplicates: number, deliveries: number): void {
      metrics.eventsAccepted.count += accepted;
      metrics.eventsDuplicate.count += duplicates;
      metrics.deliveriesCreated.count += deliveries;
    },
    acceptRefused(reason: string): void {
      metrics.acceptRefused(reason).count += 1;
    },
    attemptEnded(responseStatus: number | null, errorKind: string | null, phases: Phases): void {
      const kind = attemptClass(responseStatus, errorKind);
      metrics.attempts[kind].count += 1;
      const seconds = kind === '2xx' ? metrics.attemptSeconds.succeeded : metrics.attemptSeconds.failed;
      seconds.observe(phases.totalMs / 1_000);
      if (phases.firstByteMs !== null) metrics.phaseSeconds.first_byte.observe(phases.firstByteMs / 1_000);
      // A reused connection has none of these.
      if (phases.dnsMs !== null) metrics.phaseSeconds.dns.observe(phases.dnsMs / 1_000);
      if (phases.connectMs !== null) metrics.phaseSeconds.connect.observe(phases.connectMs / 1_000);
      if (phases.tlsMs !== null) metrics.phaseSeconds.tls.observe(phases.tlsMs / 1_000);
    },
    deliverySucceeded(ageMs: number): void {
      metrics.deliveriesEnded('succeeded').count += 1;
      metrics.deliverySeconds.observe(Math.max(0, ageMs) / 1_000);
    },
    deliveryDied(fields: { readonly deliveryId: string; readonly endpointId: string; readonly reason: string }): void {
      metrics.deliveriesEnded(fields.reason).count += 1;
      log.debug(fields, 'delivery is dead');
    },
    leasesLost(count: number): void {
      if (count === 0) return;
      metrics.leasesLost.count += count;
      log.warn({ count }, 'results arrived after their leases were gone');
    },
    storeCommitted(units: number, durationMs: number): void {
      metrics.commitUnits.observe(units);
      metrics.commitSeconds.observe(durationMs / 1_000);
    },
  };
}

function endpointEvents(log: Log, metrics: Metrics) {
  return {
    endpointSuspended(fields: {
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
      log.info(fields, 'access refused');
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
    storeFailed(error: unknown): void {
      metrics.commitFailures.count += 1;
      log.error({ error }, 'a commit failed');
    },
    jobEnded(job: string, durationMs: number): void {
      metrics.jobSeconds(job).observe(durationMs / 1_000);
      log.debug({ job, durationMs }, 'job ended');
    },
    jobFailed(job: string, error: unknown): void {
      metrics.jobFailures(job).count += 1;
      log.error({ job, error }, 'job failed');
    },
    /** A program error: something that should have been a value was thrown. */
    unexpected(where: string, error: unknown): void {
      log.error({ where, error }, 'unexpected error');
    },
  };
}
