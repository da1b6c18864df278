import { buildService } from './build-service.ts';
import { openMetricsListener } from './config/open-metrics.ts';
import { openTracing } from './config/open-tracing.ts';
import { forgetEndedServers, removeServerFile, serverFilePath, tryWriteServerFile } from './config/server-file.ts';
import type { BuiltService, OfflineResult, Setup, StartResult } from './config/service-shape.ts';
import { attempted } from './config/start-problem.ts';
import { readVersion } from './config/version.ts';
import { injected } from './http/inject.ts';
import { listen } from './http/lifecycle.ts';
import { createTelemetry, type Telemetry } from './telemetry/telemetry.ts';

/** Starts to listen and to send. Resolves when the node is ready. `stopping` ends a wait for its database. */
export async function startService(
  setup: Setup,
  telemetry: Telemetry,
  stopping: AbortSignal | null = null,
): Promise<StartResult> {
  return await attempted(async () => {
    const { config } = setup;
    const { database, role } = config;
    await using opened = new AsyncDisposableStack();
    const metrics = await openMetricsListener(config, telemetry);
    if (metrics !== null) opened.defer(async () => await metrics.close());
    const tracing = await openTracing(config, telemetry);
    const built = await buildService(setup, telemetry, { mode: 'server', tracing, stopping });
    try {
      await built.start();
      const url = await listen(built.http, config);
      const forget = makeFindable(setup, built, url);
      telemetry.events.serverStarted({
        url,
        metricsUrl: metrics?.url ?? null,
        database: database.kind === 'sqlite' ? database.path : database.shown,
        role,
        version: readVersion(),
      });
      const owned = opened.move();
      const stop = async (): Promise<void> => {
        forget();
        await built.stop();
        await owned.disposeAsync();
      };
      const { nativePrefix, firstToken: firstKey, inFlight } = built;
      return { url, nativePrefix, firstKey, inFlight, stop };
    } catch (error) {
      await built.stop();
      throw error;
    }
  });
}

/** Tells commands on this machine where the API is. A worker has none. */
function makeFindable({ config }: Setup, built: BuiltService, url: string): () => void {
  if (config.role === 'worker') return () => undefined;
  const { nativePrefix, localToken: token } = built;
  const { pid } = process;
  if (config.database.kind === 'postgres') forgetEndedServers();
  const path = serverFilePath(config.database);
  if (path === null || !tryWriteServerFile(config.database, path, { url, nativePrefix, token, pid }))
    return () => undefined;
  return () => removeServerFile(path, pid);
}

/** The whole API in this process, for commands while no server runs: neither listens nor sends. */
export async function openOffline(setup: Setup): Promise<OfflineResult> {
  return await attempted(async () => {
    const built = await buildService(setup, createTelemetry({ level: 'silent' }), { mode: 'offline', tracing: null });
    return {
      nativePrefix: built.nativePrefix,
      fetch: async (request: Request) => await injected(built.http, request),
      token: built.localToken,
      close: async () => await built.stop(),
    };
  });
}
