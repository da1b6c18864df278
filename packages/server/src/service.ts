import { createHmac, randomBytes, randomFillSync } from 'node:crypto';
import { tokenHash } from './app/access.ts';
import { bootstrap, checkMasterKeys } from './app/bootstrap.ts';
import type { AppContext } from './app/context.ts';
import { createKeyedQueue } from './app/keyed-queue.ts';
import { openServiceKey } from './app/service-key.ts';
import { engineSettings } from './config/engine-settings.ts';
import { removeServerFile, serverFilePath, writeServerFile } from './config/server-file.ts';
import type { OfflineResult, StartResult } from './config/service-shape.ts';
import type { Config } from './config/settings.ts';
import { attempted } from './config/start-problem.ts';
import { lookupThreads } from './config/thread-pool.ts';
import { readVersion } from './config/version.ts';
import { createApiServer } from './dialects/api-server.ts';
import { systemClock, systemTimers } from './domain/clock.ts';
import { createIdSource } from './domain/ids.ts';
import { NATIVE_ROTATION_LIMITS } from './domain/policy-choice.ts';
import { createEngine } from './engine/create-engine.ts';
import { mountHealth } from './http/health.ts';
import { injected } from './http/inject.ts';
import { close, listen } from './http/lifecycle.ts';
import { createAddressPolicy } from './net/address-policy.ts';
import { createDeliveryClient } from './net/delivery-client.ts';
import { openMasterKeys } from './store/master-key.ts';
import { openSqliteStore } from './store/sqlite/open.ts';
import { createVault } from './store/vault.ts';
import { createTelemetry, type Telemetry } from './telemetry/telemetry.ts';

/** Starts to listen and to send. Resolves when the node is ready. */
export async function startService(config: Config, telemetry: Telemetry): Promise<StartResult> {
  return await attempted(async () => {
    const built = await build(config, telemetry, { mintKey: true });
    try {
      await built.start();
      const url = await listen(built.http, config);
      const file = serverFilePath(config.database);
      writeServerFile(file, { url, token: built.localToken, pid: process.pid });
      telemetry.events.serverStarted({ url, database: config.database.path, version: readVersion() });
      const stop = async (): Promise<void> => {
        removeServerFile(file, process.pid);
        await built.stop();
      };
      return { url, firstKey: built.firstToken, inFlight: built.inFlight, stop };
    } catch (error) {
      await built.stop();
      throw error;
    }
  });
}

/** The whole API in this process, for commands while no server runs: neither listens nor sends. */
export async function openOffline(config: Config): Promise<OfflineResult> {
  return await attempted(async () => {
    const built = await build(config, createTelemetry({ level: 'silent' }), { mintKey: false });
    return {
      fetch: async (request: Request) => await injected(built.http, request),
      token: built.localToken,
      close: async () => await built.stop(),
    };
  });
}

/** Builds everything once and connects it. The only place that constructs. */
async function build(config: Config, telemetry: Telemetry, options: { mintKey: boolean }) {
  const clock = systemClock;
  const fillRandom = (bytes: Uint8Array): void => void randomFillSync(bytes);
  const ids = createIdSource({ now: clock.now, fillRandom });
  const { events } = telemetry;

  // Closed in reverse order: answers first, sends next, the store last, since each may need what is behind it.
  await using opened = new AsyncDisposableStack();
  // Without its store a node can do nothing more; ended, it is started again by whoever supervises it.
  const onFatal = (cause: Error): void => {
    events.fault('store', cause);
    process.exit(1);
  };
  const { path } = config.database;
  const store = await openSqliteStore({ path, mode: 'threads', clock, telemetry: events, onFatal });
  opened.defer(async () => await store.close());
  const masterKeys = await openMasterKeys({
    configured: config.masterKeys,
    databasePath: path,
    hasSealed: async () => (await store.reader.sealedSecrets({ after: null, itemsMax: 1 })).items.length > 0,
  });
  if (masterKeys.generatedAt !== null) events.masterKeyGenerated({ path: masterKeys.generatedAt });
  const vault = createVault(masterKeys);
  await checkMasterKeys({ store, vault, masterKeys });

  const addresses = createAddressPolicy({ allowPrivate: config.allowPrivate ?? [] });
  if (!addresses.ok) throw new Error(`a range that passed the configuration is broken: ${addresses.detail}`);
  const sender = createDeliveryClient({ policy: addresses.policy, lookupsMax: lookupThreads(process.env) });
  opened.defer(async () => await sender.close());
  const engine = createEngine({
    store,
    vault,
    sender,
    clock,
    timers: systemTimers,
    random: Math.random,
    ids,
    telemetry: events,
    settings: engineSettings(config),
  });
  const abort = async () => await sender.destroy();
  opened.defer(async () => await engine.stop({ forceAfterMs: config.shutdownSeconds * 1_000, abort }));

  const localToken = randomBytes(32).toString('base64url');
  // Keyed: fingerprints of requests in the store reveal nothing of their bodies.
  const digestKey = await openServiceKey({ store, vault, fillRandom }, 'request-fingerprints');
  const app: AppContext = {
    store,
    engine,
    directory: engine.directory,
    vault,
    masterKeys,
    clock,
    timers: systemTimers,
    ids,
    fillRandom,
    digest: (bytes) => createHmac('sha256', digestKey).update(bytes).digest('base64url'),
    queue: createKeyedQueue(),
    settings: {
      urlRules: { allowHttp: config.allowHttp, allowPrivate: addresses.policy.opened },
      bootstrapKeyHash: config.bootstrapKey === null ? null : tokenHash(config.bootstrapKey),
      localTokenHash: tokenHash(localToken),
      rotationLimits: NATIVE_ROTATION_LIMITS,
    },
    telemetry: events,
  };
  const first = await bootstrap(app, options);

  const http = createApiServer({
    services: app,
    clock,
    random: Math.random,
    onCrash: (error, facts) => events.fault(`http ${facts.requestId}`, error),
    trustProxy: config.trustProxy,
    rateLimit: config.rateLimit,
  });
  opened.defer(async () => await close(http.fastify));
  let state: 'idle' | 'sending' | 'stopping' = 'idle';
  mountHealth(http.fastify, {
    ready: async () => {
      if (state !== 'sending') return { ok: false, reason: state === 'idle' ? 'not sending' : 'stopping' };
      await store.ping();
      return { ok: true };
    },
    registry: telemetry.registry,
  });
  const backlog = async () => await store.reader.figures();
  telemetry.observe({ engine: () => engine.figures(), backlog, storeRoom: () => store.room, now: clock.now });
  await http.fastify.ready();

  const owned = opened.move();
  return {
    http: http.fastify,
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
