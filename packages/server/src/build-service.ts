import { randomBytes, randomFillSync } from 'node:crypto';
import { bootstrap } from './app/bootstrap.ts';
import { checkMasterKeys } from './app/check-master-keys.ts';
import { createApp } from './app/create-app.ts';
import { engineSettings, rotationLimits } from './config/engine-settings.ts';
import { metricsOfMainPort, observe } from './config/open-metrics.ts';
import { withCommitsTraced } from './config/open-tracing.ts';
import { sessionJwtSettings } from './config/parse-jwt.ts';
import { readiness } from './config/readiness.ts';
import type { BuildOptions, BuiltService, Setup } from './config/service-shape.ts';
import { storePlace } from './config/store-place.ts';
import { lookupThreads } from './config/thread-pool.ts';
import { createApiServer } from './dialects/api-server.ts';
import { withOwnDialects } from './dialects/built-in.ts';
import { arrangeDialects } from './dialects/mounts.ts';
import { createWorkerServer } from './dialects/worker-server.ts';
import { systemClock, systemTimers } from './domain/clock.ts';
import { createIdSource } from './domain/ids.ts';
import { createEngine } from './engine/create-engine.ts';
import { mountHealth } from './http/health.ts';
import { close } from './http/lifecycle.ts';
import { traceRequests } from './http/trace-requests.ts';
import { createAddressPolicy } from './net/address-policy.ts';
import { createDeliveryClient } from './net/delivery-client.ts';
import { createDocumentReader } from './net/document-reader.ts';
import { openSealedStore } from './store/open-sealed-store.ts';
import { loopLoad } from './telemetry/loop-load.ts';
import type { Telemetry } from './telemetry/telemetry.ts';

/** Builds everything once and connects it. The only place that constructs. */
export async function buildService(
  { config, dialects }: Setup,
  telemetry: Telemetry,
  { mode, tracing, stopping = null }: BuildOptions,
): Promise<BuiltService> {
  const arranged = arrangeDialects(withOwnDialects(dialects), config.rootDialect);
  if (!arranged.ok) throw new Error(`dialects that passed the configuration have no place: ${arranged.problem}`);
  const { nativePrefix } = arranged.value;
  const { events } = telemetry;
  const sends = mode === 'server' && config.role !== 'api';
  const answers = mode === 'offline' || config.role !== 'worker';

  // Closed in reverse order: answers first, sends next, the store last, since each may need what is behind it.
  await using opened = new AsyncDisposableStack();
  if (tracing !== null) opened.defer(async () => await tracing.stop());
  // Without its store a node can do nothing more; ended, it is started again by whoever supervises it.
  const onFatal = (cause: Error): void => {
    events.fault('store', cause);
    process.exit(1);
  };
  const { store, masterKeys, vault } = await openSealedStore({
    place: storePlace(config, sends),
    configuredKeys: config.masterKeys,
    clock: systemClock,
    telemetry: withCommitsTraced(events, tracing),
    onFatal,
    patience: stopping === null ? null : { stopping, onWaiting: (fields) => events.databaseAwaited(fields) },
  });
  opened.defer(async () => await store.close());
  if (masterKeys.generatedAt !== null) events.masterKeyGenerated({ path: masterKeys.generatedAt });
  await checkMasterKeys({ store, vault, masterKeys });

  // From here on time is that of the store, which all nodes share.
  const { clock } = store;
  const fillRandom = (bytes: Uint8Array): void => void randomFillSync(bytes);
  const ids = createIdSource({ now: clock.now, fillRandom });
  const addresses = createAddressPolicy({ allowPrivate: config.allowPrivate ?? [] });
  if (!addresses.ok) throw new Error(`a range that passed the configuration is broken: ${addresses.detail}`);
  const sender = createDeliveryClient({ policy: addresses.policy, lookupsMax: lookupThreads(process.env) });
  opened.defer(async () => await sender.close());
  const tools = { store, vault, clock, timers: systemTimers, ids, telemetry: events };
  const random = Math.random;
  const settings = engineSettings(config);
  const engine = createEngine({ ...tools, tracing, sender, random, loopLoad: loopLoad(), settings, sends });
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
  // A key that a worker made would be shown where nobody looks for it.
  const first = answers ? await bootstrap(app, { mintKey: mode === 'server' }) : { token: null };

  const http = (answers ? createApiServer : createWorkerServer)({
    app,
    arrangement: arranged.value,
    clock,
    random,
    onCrash: (error, facts) => events.fault('http', error, facts.requestId),
    trustProxy: config.trustProxy,
    rateLimit: config.rateLimit,
    watch: telemetry.requests,
  });
  opened.defer(async () => await close(http.fastify));
  if (tracing !== null) traceRequests(http.fastify, { monotonic: clock.monotonic, run: tracing.requests.run });
  const ready = readiness(store);
  mountHealth(http.fastify, { ready: ready.check, metrics: metricsOfMainPort(config, telemetry) });
  observe(telemetry, { engine, store, clock });
  await http.fastify.ready();

  const owned = opened.move();
  return {
    http: http.fastify,
    nativePrefix,
    localToken,
    firstToken: first.token,
    inFlight: () => engine.figures().inFlight,
    start: async () => {
      await engine.start();
      ready.become('working');
    },
    stop: async () => {
      ready.become('stopping');
      await owned.disposeAsync();
    },
  };
}
