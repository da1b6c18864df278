import type { FastifyInstance } from 'fastify';
import type { Dialect } from '../dialects/dialect.ts';
import type { Tracing } from '../telemetry/tracing/create-tracing.ts';
import type { Config } from './settings.ts';

/** How the commands see the service: what `service.ts` exports as `startService` and `openOffline`. */

/** All that an operator says about a server. */
export type Setup = {
  readonly config: Config;
  /** Those of `hookring.config.ts`; one with the name of a built-in takes its place. */
  readonly dialects: readonly Dialect[];
};

export type StartedService = {
  /** Where it listens, the port resolved. */
  readonly url: string;
  /** Where the native API stands: `/v1`, or elsewhere when another dialect stands at the root. */
  readonly nativePrefix: string;
  /** The token of the first API key, when this start made it; null at every later one. */
  readonly firstKey: string | null;
  readonly inFlight: () => number;
  /** Drains: accepts no more, lets sends in flight end, stores their results. Resolves when all is committed. */
  readonly stop: () => Promise<void>;
};
export type StartResult =
  | { readonly ok: true; readonly service: StartedService }
  /** One sentence: the port is taken, the database belongs to another process, … */
  | { readonly ok: false; readonly problem: string };

/** The whole API on the database, in this process: it neither listens nor sends deliveries. */
export type OfflineService = {
  readonly fetch: (request: Request) => Promise<Response>;
  readonly nativePrefix: string;
  /** Has every scope; known to this process only. */
  readonly token: string;
  readonly close: () => Promise<void>;
};
export type OfflineResult =
  | { readonly ok: true; readonly service: OfflineService }
  | { readonly ok: false; readonly problem: string };

export type BuildOptions = {
  /** `offline`: for one command; it answers, and neither listens nor sends. */
  readonly mode: 'server' | 'offline';
  readonly tracing: Tracing | null;
  /** With it a database that is not there yet is waited for, until it is aborted. */
  readonly stopping?: AbortSignal | null;
};

/** Everything, built and connected, and not started yet. */
export type BuiltService = {
  readonly http: FastifyInstance;
  readonly nativePrefix: string;
  /** Opens every operation to commands on this machine, as long as this process lives. */
  readonly localToken: string;
  /** Of a key that was made just now. */
  readonly firstToken: string | null;
  readonly inFlight: () => number;
  readonly start: () => Promise<void>;
  readonly stop: () => Promise<void>;
};
