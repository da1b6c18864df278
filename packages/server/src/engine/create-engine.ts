import type { Clock, Random, Timers } from '../domain/clock.ts';
import type { IdSource } from '../domain/ids.ts';
import type { Sender } from '../net/sender.ts';
import type { Store } from '../store/port.ts';
import type { Vault } from '../store/vault.ts';
import type { Directory } from './directory.ts';
import type { Engine } from './engine.ts';
import type { Scheduler } from './scheduler.ts';
import type { EngineSettings } from './settings.ts';
import type { EngineTelemetry } from './telemetry.ts';

export type EngineOptions = {
  readonly store: Store;
  readonly vault: Vault;
  readonly sender: Sender;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly ids: IdSource;
  readonly settings: EngineSettings;
  readonly telemetry: EngineTelemetry;
};

export type EngineWithParts = Engine & { readonly directory: Directory; readonly scheduler: Scheduler };

export declare function createEngine(options: EngineOptions): EngineWithParts;
