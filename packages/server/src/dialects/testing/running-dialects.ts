import { randomBytes, randomFillSync } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SignJWT } from 'jose/jwt/sign';
import { bootstrap } from '../../app/bootstrap.ts';
import { type AppContext, SILENT_APP_TELEMETRY } from '../../app/context.ts';
import { createApp } from '../../app/create-app.ts';
import type { SessionJwtSettings } from '../../app/session-jwts.ts';
import { systemTimers } from '../../domain/clock.ts';
import { createIdSource } from '../../domain/ids.ts';
import { NATIVE_ROTATION_LIMITS, type OperatorRotationLimits } from '../../domain/policy-choice.ts';
import { createEngine } from '../../engine/create-engine.ts';
import { DEFAULT_ENGINE_SETTINGS, type EngineSettings } from '../../engine/settings.ts';
import { SILENT_TELEMETRY } from '../../engine/telemetry.ts';
import type { RateLimitSetting } from '../../http/rate-limit.ts';
import type { HttpServer, HttpServerOptions } from '../../http/server.ts';
import { createAddressPolicy } from '../../net/address-policy.ts';
import { createDeliveryClient } from '../../net/delivery-client.ts';
import { createDocumentReader } from '../../net/document-reader.ts';
import { openMasterKeys } from '../../store/master-key.ts';
import type { Store } from '../../store/port.ts';
import { openSqliteStore } from '../../store/sqlite/open.ts';
import { createVault } from '../../store/vault.ts';
import { createApiServer } from '../api-server.ts';
import type { Dialect } from '../dialect.ts';
import { type Arrangement, arrangeDialects } from '../mounts.ts';
import { nativeDialect } from '../native/native.ts';
import { type AdjustableClock, createAdjustableClock } from './adjustable-clock.ts';
import { type Receiver, startReceiver, testIdentity } from './receiver.ts';

export type RunOptions = {
  /** The operator's word on who stands at the root. */
  readonly rootDialect?: string;
  /** Seconds before each retry, for all endpoints: none unless given. null: as their dialects say. */
  readonly retrySchedule?: readonly number[] | null;
  /** No limit unless given. */
  readonly rateLimit?: RateLimitSetting;
  readonly rotationLimits?: Partial<OperatorRotationLimits>;
  /** Whose session JWTs are believed; nobody's unless given. */
  readonly sessionJwts?: SessionJwtSettings;
  /** When a failing endpoint is suspended, and the like. */
  readonly engine?: Partial<EngineSettings>;
  /** Whose word on where a request came from is taken; nobody's unless given. */
  readonly trustProxy?: HttpServerOptions['trustProxy'];
};

export type RunningDialects = {
  readonly http: HttpServer['fastify'];
  /** The native API as it runs here, for `checkedClient`. */
  readonly native: Dialect;
  /** Where a dialect stands: `/acme`, or `''` at the root. */
  prefixOf(dialect: Pick<Dialect, 'name'>): string;
  /** Holds every scope, for the organization `default` and any other. */
  readonly bootstrapKey: string;
  readonly receiver: Receiver;
  /** To see what is written, and how. */
  readonly store: Store;
  /** What was answered with 500. */
  readonly crashes: unknown[];
  readonly clock: AdjustableClock;
  /** Puts the clock of the whole server forward: what lives until then has ended. Timers go on as they were. */
  advance(milliseconds: number): void;
  /** A JWT of the issuer in `sessionJwts`, valid for an hour: `{ org: 'default', scope: 'endpoints:read' }`. */
  sessionJwt(claims: Readonly<Record<string, unknown>>): Promise<string>;
  /** Listens on a free port of this machine; answers `http://127.0.0.1:…`. */
  listen(): Promise<string>;
  stop(): Promise<void>;
};

const LOOPBACK = '127.0.0.0/8';
const JWT_SECONDS = 3_600;

/**
 * The native API and the given dialects at their usual places, over the whole engine in this process: SQLite in memory,
 * real sockets to a receiver on this machine.
 */
export async function runDialects(dialects: readonly Dialect[], options: RunOptions = {}): Promise<RunningDialects> {
  const arranged = arrangeDialects(dialects, options.rootDialect ?? null);
  if (!arranged.ok) throw new Error(arranged.problem);
  const arrangement = arranged.value;
  await using opened = new AsyncDisposableStack();
  const clock = createAdjustableClock();
  const { receiver, stop } = await startReceiver();
  opened.defer(stop);
  const bootstrapKey = `bootstrap_${randomBytes(32).toString('hex')}`;
  const app = await openApp(opened, clock, bootstrapKey, options);
  await bootstrap(app, { mintKey: false });
  const crashes: unknown[] = [];
  const http = createApiServer({
    app,
    arrangement,
    // Only the rate limit asks it how much time has passed, and a window has passed when tests say so.
    clock: { now: clock.now, monotonic: clock.now },
    random: Math.random,
    onCrash: (error) => void crashes.push(error),
    trustProxy: options.trustProxy ?? false,
    rateLimit: options.rateLimit ?? null,
  });
  opened.defer(async () => await http.fastify.close());
  await http.fastify.ready();
  await app.engine.start();
  const owned = opened.move();
  return {
    http: http.fastify,
    native: nativeDialect(arrangement.mounted),
    prefixOf: ({ name }) => prefixOf(arrangement, name),
    bootstrapKey,
    receiver,
    store: app.store,
    crashes,
    clock,
    advance: (milliseconds) => clock.advance(milliseconds),
    sessionJwt: async (claims) => await signJwt(options.sessionJwts, clock.now(), claims),
    listen: async () => await http.fastify.listen({ host: '127.0.0.1', port: 0 }),
    stop: async () => await owned.disposeAsync(),
  };
}

async function openApp(
  opened: AsyncDisposableStack,
  clock: AdjustableClock,
  bootstrapKey: string,
  options: RunOptions,
): Promise<AppContext> {
  const fillRandom = (bytes: Uint8Array): void => void randomFillSync(bytes);
  const ids = createIdSource({ now: clock.now, fillRandom });
  const store = await openSqliteStore({ path: ':memory:', mode: 'inline', clock });
  opened.defer(async () => await store.close());
  // The database is in memory; the key file, which operations change, is not.
  const folder = await mkdtemp(join(tmpdir(), 'hookring-'));
  opened.defer(async () => await rm(folder, { recursive: true }));
  const masterKeys = await openMasterKeys({ configured: null, databasePath: join(folder, 'test.db') });
  const vault = createVault(masterKeys);
  const addresses = createAddressPolicy({ allowPrivate: [LOOPBACK] });
  if (!addresses.ok) throw new Error(addresses.detail);
  const sender = createDeliveryClient({ policy: addresses.policy, tls: { ca: testIdentity().cert } });
  opened.defer(async () => await sender.close());
  const { retrySchedule = [], rotationLimits, sessionJwts, engine: engineSettings } = options;
  const engine = createEngine({
    store,
    vault,
    sender,
    clock,
    timers: systemTimers,
    random: Math.random,
    ids,
    telemetry: SILENT_TELEMETRY,
    settings: { ...DEFAULT_ENGINE_SETTINGS, retryScheduleForAll: retrySchedule, ...engineSettings },
  });
  opened.defer(async () => await engine.stop());
  return await createApp({
    store,
    engine,
    directory: engine.directory,
    vault,
    masterKeys,
    clock,
    timers: systemTimers,
    ids,
    fillRandom,
    telemetry: SILENT_APP_TELEMETRY,
    settings: {
      urlRules: { allowHttp: true, allowPrivate: addresses.policy.opened },
      rotationLimits: { ...NATIVE_ROTATION_LIMITS, ...rotationLimits },
      retentionDays: 30,
    },
    bootstrapKey,
    localToken: null,
    sessionJwts: sessionJwts ?? null,
    readDocument: createDocumentReader(),
    onFault() {},
  });
}

async function signJwt(
  settings: SessionJwtSettings | undefined,
  now: number,
  claims: Readonly<Record<string, unknown>>,
): Promise<string> {
  if (settings?.key.kind !== 'secret') throw new Error('runDialects was given no secret for session JWTs');
  const { key, issuer, audience } = settings;
  const seconds = Math.floor(now / 1_000);
  const all = {
    iat: seconds,
    exp: seconds + JWT_SECONDS,
    ...(issuer === null ? {} : { iss: issuer }),
    ...(audience === null ? {} : { aud: audience }),
    ...claims,
  };
  return await new SignJWT(all).setProtectedHeader({ alg: 'HS256' }).sign(Buffer.from(key.secret, 'utf8'));
}

function prefixOf({ mounted, nativePrefix }: Arrangement, name: string): string {
  if (name === 'native') return nativePrefix;
  const found = mounted.find(({ dialect }) => dialect.name === name);
  if (found === undefined) throw new Error(`the dialect "${name}" does not run here`);
  return found.prefix;
}
