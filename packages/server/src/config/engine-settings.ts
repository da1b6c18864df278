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
