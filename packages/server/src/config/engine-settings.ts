import { NATIVE_ROTATION_LIMITS, type OperatorRotationLimits } from '../domain/policy-choice.ts';
import { DEFAULT_ENGINE_SETTINGS, type EngineSettings } from '../engine/settings.ts';
import type { Config } from './settings.ts';
import { readVersion } from './version.ts';

/** What the operator configured, as the engine wants it. */
export function engineSettings(config: Config): EngineSettings {
  return {
    ...DEFAULT_ENGINE_SETTINGS,
    retryScheduleForAll: config.retrySchedule,
    sendDeadlineSeconds: config.sendDeadlineSeconds,
    autoSuspendAttempts: config.autoSuspendAttempts,
    autoSuspendHours: config.autoSuspendHours,
    retentionDays: config.retentionDays,
    userAgent: `Hookring/${readVersion()}`,
  };
}

/** What the operator allows of every rotation. */
export function rotationLimits({ graceSecondsMax, graceSecondsDefault }: Config): OperatorRotationLimits {
  return { ...NATIVE_ROTATION_LIMITS, graceSecondsMax, graceSecondsDefault };
}
