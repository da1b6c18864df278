import { createHmac, randomBytes, randomFillSync } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { tokenHash } from './app/access.ts';
import { bootstrap } from './app/bootstrap.ts';
import type { AppContext } from './app/context.ts';
import { createKeyedQueue } from './app/keyed-queue.ts';
import type { Config } from './config/settings.ts';
import { mountDialect, surfaceOf } from './dialects/mount-dialect.ts';
import { nativeDialect } from './dialects/native/native.ts';
import { systemClock, systemTimers } from './domain/clock.ts';
import { createIdSource } from './domain/ids.ts';
import { NATIVE_ROTATION_LIMITS } from './domain/policy-choice.ts';
import { createEngine } from './engine/create-engine.ts';
import { DEFAULT_ENGINE_SETTINGS } from './engine/settings.ts';
import { mountHealth } from './http/health.ts';
import { createRateLimiter } from './http/rate-limit.ts';
import { createRequestIds } from './http/request-id.ts';
import { createHttpServer, type HttpServer } from './http/server.ts';
import { createAddressPolicy } from './net/address-policy.ts';
import { createDeliveryClient } from './net/delivery-client.ts';
import { openMasterKeys } from './store/master-key.ts';
import { openSqliteStore } from './store/sqlite/open.ts';
import { createVault } from './store/vault.ts';
import type { Telemetry } from './telemetry/telemetry.ts';

export type Service = {
  readonly http: HttpServer['fastify'];
  /** Opens every operation for the command line on this machine; valid until this process ends. */
  readonly localToken: string;
  /** The token of the first API key, at the very first start only. */
  readonly firstToken: string | null;
  /** Begins to send. Without it the service answers, and sends nothing. */
  startSending(): Promise<void>;
  /** Answers the URL it listens on. */
  listen(): Promise<string>;
  stop(): Promise<void>;
};

/** Builds everything once and connects it. The only place that constructs. */
export async function createService(config: Config, telemetry: Telemetry): Promise<Service> {
  const clock = systemClock;
  const fillRandom = (bytes: Uint8Array): void => void randomFillSync(bytes);
  const ids = createIdSource({ now: clock.now, fillRandom });
  const { events } = telemetry;

  const store = await openSqliteStore({ path: config.database.path, mode: 'threads', clock, telemetry: events });
  const masterKeys = await openMasterKeys({ configured: config.masterKeys, databasePath: config.database.path });
  if (masterKeys.generatedAt !== null) events.masterKeyGenerated({ path: masterKeys.generatedAt });
  const vault = createVault(masterKeys);

  const addresses = createAddressPolicy({ allowPrivate: config.allowPrivate ?? [] });
  if (!addresses.ok) throw new Error(`a range that passed the configuration is broken: ${addresses.detail}`);
  const sender = createDeliveryClient({ policy: addresses.policy });
  const engine = createEngine({
    store,
    vault,
    sender,
    clock,
    timers: systemTimers,
    random: Math.random,
    ids,
    telemetry: events,
    settings: {
      ...DEFAULT_ENGINE_SETTINGS,
      retryScheduleForAll: config.retrySchedule,
      sendDeadlineSeconds: config.sendDeadlineSeconds,
      autoSuspendAttempts: config.autoSuspendAttempts,
      autoSuspendHours: config.autoSuspendHours,
      retentionDays: config.retentionDays,
    },
  });

  const localToken = randomBytes(32).toString('base64url');
  // A key of this run: fingerprints of requests in the store reveal nothing of their bodies.
  const digestKey = masterKeys.derive('request-fingerprints');
  const app: AppContext = {
    store,
    engine,
    directory: engine.directory,
    vault,
    masterKeys,
    clock,
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
  const first = await bootstrap(app);

  const native = nativeDialect();
  const onCrash = (error: unknown, facts: { requestId: string }): void => events.unexpected(`http ${facts.requestId}`, error);
  const http = createHttpServer({
    fallback: surfaceOf(native),
    requestIds: createRequestIds({ now: clock.now, random: Math.random }),
    onCrash,
    trustProxy: config.trustProxy,
  });
  const rateLimiter = config.rateLimit === null ? null : createRateLimiter(config.rateLimit, clock);
  mountDialect(http, native, { services: app, onCrash, rateLimiter });
  let state: 'idle' | 'sending' | 'stopping' = 'idle';
  mountHealth(http.fastify, {
    ready: async () => {
      if (state !== 'sending') return { ok: false, reason: state === 'idle' ? 'not sending' : 'stopping' };
      await store.ping();
      return { ok: true };
    },
    metrics: async () => ({ contentType: telemetry.registry.contentType, body: await telemetry.registry.metrics() }),
  });
  telemetry.observe({ engine: engine.figures, backlog: store.reader.figures, storeRoom: () => store.room, now: clock.now });
  await http.fastify.ready();

  return {
    http: http.fastify,
    localToken,
    firstToken: first.token,
    async startSending() {
      await engine.start();
      state = 'sending';
    },
    async listen() {
      await http.fastify.listen({ host: config.host, port: config.port });
      const { port } = http.fastify.server.address() as AddressInfo; // It listens on TCP.
      const host = config.host.includes(':') ? `[${config.host}]` : config.host;
      return `http://${host}:${port}`;
    },
    async stop() {
      state = 'stopping';
      // Answers first, sends next, the store last: each may still need what comes after it.
      await http.fastify.close();
      await engine.stop();
      await sender.close();
      await store.close();
    },
  };
}
