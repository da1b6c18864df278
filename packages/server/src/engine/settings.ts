import {
  IN_FLIGHT_MAX,
  LANE_CONCURRENCY_DEFAULT,
  MEMORY_BYTES_MAX,
  MEMORY_DELIVERIES_MAX,
  RETENTION_DAYS_DEFAULT,
} from '../domain/limits.ts';
import { NATIVE_RETRY_SCHEDULE_SECONDS } from '../domain/retry-schedule.ts';

/** What an operator may set, as plain validated data. */
export type EngineSettings = {
  /** Seconds before each retry, for endpoints without a schedule of their own. */
  readonly retrySchedule: readonly number[];
  /** Overrides every endpoint's schedule when set. */
  readonly retryScheduleForAll: readonly number[] | null;
  readonly sendDeadlineSeconds: number;
  readonly autoSuspendAttempts: number;
  readonly autoSuspendHours: number;
  readonly retentionDays: number;
  readonly userAgent: string;
  readonly limits: EngineLimits;
};

/** Bounds of one node. */
export type EngineLimits = {
  readonly inFlight: number;
  readonly memoryDeliveries: number;
  /** An eighth of it must hold a delivery of any size. */
  readonly memoryBytes: number;
  readonly laneConcurrency: number;
  readonly lanes: number;
  /** Results that wait for the store; past it nothing is sent. */
  readonly unrecorded: number;
  /** Endpoints that the directory keeps for fan-out. */
  readonly endpointsKept: number;
};

export const DEFAULT_ENGINE_SETTINGS: EngineSettings = {
  retrySchedule: NATIVE_RETRY_SCHEDULE_SECONDS,
  retryScheduleForAll: null,
  sendDeadlineSeconds: 15,
  autoSuspendAttempts: 20,
  autoSuspendHours: 12,
  retentionDays: RETENTION_DAYS_DEFAULT,
  userAgent: 'Hookring/0.1',
  limits: {
    inFlight: IN_FLIGHT_MAX,
    memoryDeliveries: MEMORY_DELIVERIES_MAX,
    memoryBytes: MEMORY_BYTES_MAX,
    laneConcurrency: LANE_CONCURRENCY_DEFAULT,
    // Not more than deliveries in memory: a lane that holds none can be opened when its turn comes.
    lanes: MEMORY_DELIVERIES_MAX,
    unrecorded: 5_000,
    endpointsKept: 100_000,
  },
};
