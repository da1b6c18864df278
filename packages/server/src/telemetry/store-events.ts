import type { Clock } from '../domain/clock.ts';
import type { Log } from './log.ts';
import type { Metrics } from './metrics.ts';
import { createSeldom } from './seldom.ts';

/** A commit that took longer is told of, so that a slow disk is found. */
const SLOW_COMMIT_MS = 1_000;
/** A job that changed so much is told of at `info`. */
const JOB_CHANGES_TOLD_MIN = 1_000;

/** What the way to the store tells. */
export function storeEvents(log: Log, metrics: Metrics, clock: Clock) {
  const seldom = createSeldom(clock.monotonic);
  return {
    storeCommitted(units: number, durationMs: number): void {
      metrics.commitUnits.observe(units);
      metrics.commitSeconds.observe(durationMs / 1_000);
      if (durationMs < SLOW_COMMIT_MS) return;
      const untold = seldom('slow commit');
      if (untold === null) return;
      const fields = { units, durationMs: Math.round(durationMs), untold };
      log.warn(fields, 'commits are slow: the disk is busy, or on PostgreSQL something holds locks');
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
    databaseAwaited(fields: { readonly cause: string; readonly waitedMs: number; readonly waitsMsMax: number }): void {
      log.warn(fields, 'the database is not there yet; this start waits for it');
    },
    storeMigrated(fields: { readonly from: number; readonly to: number; readonly durationMs: number }): void {
      log.info(fields, 'the tables of the database were brought to a newer schema version');
    },
    storeFailing(cause: string): void {
      log.error({ cause }, 'the database takes nothing: events are refused until it does again');
    },
    storeWorksAgain(afterMs: number): void {
      log.warn({ afterMs: Math.round(afterMs) }, 'the database takes writes again');
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
      const untold = seldom(`store: ${reasonOf(error)}`);
      if (untold !== null) log.error({ operation, error, untold }, 'the store refused; it will be tried again');
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
      const untold = seldom(`job: ${reasonOf(error)}`);
      if (untold !== null) log.error({ job, error, untold }, 'job failed');
    },
  };
}

/** All of them fail for one reason while the store is away. */
function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
