import { createHmac, randomBytes, randomFillSync } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { tokenHash } from '../../app/access.ts';
import { bootstrap } from '../../app/bootstrap.ts';
import type { AppContext } from '../../app/context.ts';
import { createKeyedQueue } from '../../app/keyed-queue.ts';
import { systemClock, systemTimers } from '../../domain/clock.ts';
import { createIdSource } from '../../domain/ids.ts';
import { NATIVE_ROTATION_LIMITS } from '../../domain/policy-choice.ts';
import { createEngine } from '../../engine/create-engine.ts';
import { DEFAULT_ENGINE_SETTINGS } from '../../engine/settings.ts';
import { SILENT_TELEMETRY } from '../../engine/telemetry.ts';
import { createRequestIds } from '../../http/request-id.ts';
import { createHttpServer, type HttpServer } from '../../http/server.ts';
import { createAddressPolicy } from '../../net/address-policy.ts';
import { createDeliveryClient } from '../../net/delivery-client.ts';
import { openMasterKeys } from '../../store/master-key.ts';
import { openSqliteStore } from '../../store/sqlite/open.ts';
import { createVault } from '../../store/vault.ts';
import type { Dialect } from '../define-dialect.ts';
import { mountDialect, surfaceOf } from '../mount-dialect.ts';

export type Received = {
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
};

/** What the receiver at `url` answers; changed by tests. */
export type Receiver = {
  readonly url: string;
  readonly received: Received[];
  answer: { status: number; body: string };
};

export type RunningDialects = {
  readonly http: HttpServer['fastify'];
  /** Holds every scope, for the organization `default` and any other. */
  readonly bootstrapKey: string;
  readonly receiver: Receiver;
  readonly crashes: unknown[];
  stop(): Promise<void>;
};

const LOOPBACK = '127.0.0.0/8';
const DIGEST_KEY = 'test';

/** Dialects over the whole engine in this process: SQLite in memory, real sockets to a receiver on this machine. */
export async function runDialects(dialects: readonly [Dialect, ...Dialect[]]): Promise<RunningDialects> {
  const clock = systemClock;
  const fillRandom = (bytes: Uint8Array): void => void randomFillSync(bytes);
  const ids = createIdSource({ now: () => clock.now(), fillRandom });
  const store = await openSqliteStore({ path: ':memory:', mode: 'inline', clock });
  // The database is in memory; the key file, which operations change, is not.
  const folder = await mkdtemp(join(tmpdir(), 'hookring-'));
  const masterKeys = await openMasterKeys({ configured: null, databasePath: join(folder, 'test.db') });
  const vault = createVault(masterKeys);
  const addresses = createAddressPolicy({ allowPrivate: [LOOPBACK] });
  if (!addresses.ok) throw new Error(addresses.detail);
  const sender = createDeliveryClient({ policy: addresses.policy });
  const engine = createEngine({
    store,
    vault,
    sender,
    clock,
    timers: systemTimers,
    random: Math.random,
    ids,
    telemetry: SILENT_TELEMETRY,
    settings: { ...DEFAULT_ENGINE_SETTINGS, retryScheduleForAll: [] },
  });
  const bootstrapKey = `bootstrap_${randomBytes(32).toString('hex')}`;
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
    digest: (bytes) => createHmac('sha256', DIGEST_KEY).update(bytes).digest('base64url'),
    queue: createKeyedQueue(),
    settings: {
      urlRules: { allowHttp: true, allowPrivate: addresses.policy.opened },
      bootstrapKeyHash: tokenHash(bootstrapKey),
      localTokenHash: null,
      rotationLimits: NATIVE_ROTATION_LIMITS,
    },
    telemetry: { secretRotated() {}, secretRevoked() {}, endpointChanged() {}, accessRefused() {} },
  };
  await bootstrap(app, { mintKey: false });
  const crashes: unknown[] = [];
  const onCrash = (error: unknown): void => void crashes.push(error);
  const http = createHttpServer({
    fallback: surfaceOf(dialects[0]),
    requestIds: createRequestIds({ now: () => clock.now(), random: Math.random }),
    onCrash,
    trustProxy: false,
  });
  for (const dialect of dialects) mountDialect(http, dialect, { services: app, onCrash, rateLimiter: null });
  await http.fastify.ready();
  await engine.start();
  const { receiver, server } = await startReceiver();
  return {
    http: http.fastify,
    bootstrapKey,
    receiver,
    crashes,
    async stop() {
      await http.fastify.close();
      await engine.stop();
      await sender.close();
      await store.close();
      await rm(folder, { recursive: true });
      server.closeAllConnections();
      server.close();
    },
  };
}

async function startReceiver(): Promise<{ receiver: Receiver; server: Server }> {
  const received: Received[] = [];
  const answer = { status: 200, body: 'thanks' };
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      received.push({ headers: request.headers, body: Buffer.concat(chunks) });
      response.writeHead(receiver.answer.status, { 'x-receiver': 'test' }).end(receiver.answer.body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('not listening on a port');
  const receiver: Receiver = { url: `http://127.0.0.1:${address.port}/hook`, received, answer };
  return { receiver, server };
}
