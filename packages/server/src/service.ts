import { randomBytes, randomFillSync } from 'node:crypto';
import { bootstrap, checkMasterKeys } from './app/bootstrap.ts';
import { createApp } from './app/create-app.ts';
import { engineSettings, rotationLimits } from './config/engine-settings.ts';
import { metricsOfMainPort, observe, openMetricsListener } from './config/open-metrics.ts';
import { openTracing, withCommitsTraced } from './config/open-tracing.ts';
import { sessionJwtSettings } from './config/parse-jwt.ts';
import { removeServerFile, serverFilePath, writeServerFile } from './config/server-file.ts';
import type { OfflineResult, Setup, StartResult } from './config/service-shape.ts';
import { attempted } from './config/start-problem.ts';
import { lookupThreads } from './config/thread-pool.ts';
import { readVersion } from './config/version.ts';
import { createApiServer } from './dialects/api-server.ts';
import { withOwnDialects } from './dialects/built-in.ts';
import { arrangeDialects } from './dialects/mounts.ts';
import { systemClock, systemTimers } from './domain/clock.ts';
import { createIdSource } from './domain/ids.ts';
import { createEngine } from './engine/create-engine.ts';
import { mountHealth } from './http/health.ts';
import { injected } from './http/inject.ts';
import { close, listen } from './http/lifecycle.ts';
import { traceRequests } from './http/trace-requests.ts';
import { createAddressPolicy } from './net/address-policy.ts';
import { createDeliveryClient } from './net/delivery-client.ts';
import { createDocumentReader } from './net/document-reader.ts';
import { openSealedStore } from './store/open-sealed-store.ts';
import { loopLoad } from './telemetry/loop-load.ts';
import { createTelemetry, type Telemetry } from './telemetry/telemetry.ts';
import type { Tracing } from './telemetry/tracing/create-tracing.ts';

/** Starts to listen and to send. Resolves when the node is ready. */
export async function startService(setup: Setup, telemetry: Telemetry): Promise<StartResult> {
  return await attempted(async () => {
    const { config } = setup;
    await using opened = new AsyncDisposableStack();
    const metrics = await openMetricsListener(config, telemetry);
    if (metrics !== null) opened.defer(async () => await metrics.close());
    const tracing = await openTracing(config, telemetry);
    const built = await build(setup, telemetry, { mintKey: true, tracing });
    const { nativePrefix } = built;
    try {
      await built.start();
      const url = await listen(built.http, config);
      const file = serverFilePath(config.database);
      writeServerFile(file, { url, nativePrefix, token: built.localToken, pid: process.pid });
      const metricsUrl = metrics?.url ?? null;
      telemetry.events.serverStarted({ url, metricsUrl, database: config.database.path, version: readVersion() });
      const owned = opened.move();
      const stop = async (): Promise<void> => {
        removeServerFile(file, process.pid);
        await built.stop();
        await owned.disposeAsync();
      };
      return { url, nativePrefix, firstKey: built.firstToken, inFlight: built.inFlight, stop };
    } catch (error) {
      await built.stop();
      throw error;
    }
  });
}

/** The whole API in this process, for commands while no server runs: neither listens nor sends. */
export async function openOffline(setup: Setup): Promise<OfflineResult> {
  return await attempted(async () => {
    const built = await build(setup, createTelemetry({ level: 'silent' }), { mintKey: false, tracing: null });
    return {
      nativePrefix: built.nativePrefix,
      fetch: async (request: Request) => await injected(built.http, request),
      token: built.localToken,
      close: async () => await built.stop(),
    };
  });
}

type BuildOptions = { readonly mintKey: boolean; readonly tracing: Tracing | null };

/** Builds everything once and connects it. The only place that constructs. */
async function build({ config, dialects }: Setup, telemetry: Telemetry, options: BuildOptions) {
  const arranged = arrangeDialects(withOwnDialects(dialects), config.rootDialect);
  if (!arranged.ok) throw new Error(`dialects that passed the configuration have no place: ${arranged.problem}`);
  const { nativePrefix } = arranged.value;
  const clock = systemClock;
  const fillRandom = (bytes: Uint8Array): void => void randomFillSync(bytes);
  const ids = createIdSource({ now: clock.now, fillRandom });
  const { events } = telemetry;

  // Closed in reverse order: answers first, sends next, the store last, since each may need what is behind it.
  await using opened = new AsyncDisposableStack();
  const { tracing } = options;
  if (tracing !== null) opened.defer(async () => await tracing.stop());
  // Without its store a node can do nothing more; ended, it is started again by whoever supervises it.
  const onFatal = (cause: Error): void => {
    events.fault('store', cause);
    process.exit(1);
  };
  const { path } = config.database;
  const opening = {
    path,
    configuredKeys: config.masterKeys,
    clock,
    telemetry: withCommitsTraced(events, tracing),
    onFatal,
  };
  const { store, masterKeys, vault } = await openSealedStore(opening);
  opened.defer(async () => await store.close());
  if (masterKeys.generatedAt !== null) events.masterKeyGenerated({ path: masterKeys.generatedAt });
  await checkMasterKeys({ store, vault, masterKeys });

  const addresses = createAddressPolicy({ allowPrivate: config.allowPrivate ?? [] });
  if (!addresses.ok) throw new Error(`a range that passed the configuration is broken: ${addresses.detail}`);
  const sender = createDeliveryClient({ policy: addresses.policy, lookupsMax: lookupThreads(process.env) });
  opened.defer(async () => await sender.close());
  const tools = { store, vault, clock, timers: systemTimers, ids, telemetry: events };
  const engine = createEngine({
    ...tools,
    tracing,
    sender,
    random: Math.random,
    loopLoad: loopLoad(),
    settings: engineSettings(config),
  });
  const abort = async () => await sender.destroy();
  opened.defer(async () => await engine.stop({ forceAfterMs: config.shutdownSeconds * 1_000, abort }));

  const localToken = randomBytes(32).toString('base64url');
  const app = await createApp({
    ...tools,
    engine,
    directory: engine.directory,
    masterKeys,
    fillRandom,
    settings: {
      urlRules: { allowHttp: config.allowHttp, allowPrivate: addresses.policy.opened },
      rotationLimits: rotationLimits(config),
      retentionDays: config.retentionDays,
    },
    bootstrapKey: config.bootstrapKey,
    localToken,
    sessionJwts: sessionJwtSettings(config),
    readDocument: createDocumentReader(),
    onFault: (where, error) => events.fault(where, error),
  });
  const first = await bootstrap(app, options);

  const http = createApiServer({
    app,
    arrangement: arranged.value,
    clock,
    random: Math.random,
    onCrash: (error, facts) => events.fault('http', error, facts.requestId),
    trustProxy: config.trustProxy,
    rateLimit: config.rateLimit,
    watch: telemetry.requests,
  });
  opened.defer(async () => await close(http.fastify));
  if (tracing !== null) traceRequests(http.fastify, { monotonic: clock.monotonic, run: tracing.requests.run });
  let state: 'idle' | 'sending' | 'stopping' = 'idle';
  mountHealth(http.fastify, {
    ready: async () => {
      if (state !== 'sending') return { ok: false, reason: state === 'idle' ? 'not sending' : 'stopping' };
      await store.ping();
      return { ok: true };
    },
    metrics: metricsOfMainPort(config, telemetry),
  });
  observe(telemetry, { engine, store, clock });
  await http.fastify.ready();

  const owned = opened.move();
  return {
    http: http.fastify,
    nativePrefix,
    /** Opens every operation to commands on this machine, as long as this process lives. */
    localToken,
    firstToken: first.token,
    inFlight: () => engine.figures().inFlight,
    start: async () => {
      await engine.start();
      state = 'sending';
    },
    stop: async () => {
      state = 'stopping';
      await owned.disposeAsync();
    },
  };
}
