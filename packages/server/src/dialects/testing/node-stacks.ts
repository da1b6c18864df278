import { randomBytes, randomFillSync } from 'node:crypto';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { bootstrap } from '../../app/bootstrap.ts';
import { type AppContext, SILENT_APP_TELEMETRY } from '../../app/context.ts';
import { createApp } from '../../app/create-app.ts';
import { type Clock, systemClock, systemTimers, type Timers } from '../../domain/clock.ts';
import { createIdSource } from '../../domain/ids.ts';
import { NATIVE_ROTATION_LIMITS } from '../../domain/policy-choice.ts';
import { createEngine } from '../../engine/create-engine.ts';
import { DEFAULT_ENGINE_SETTINGS } from '../../engine/settings.ts';
import { SILENT_TELEMETRY } from '../../engine/telemetry.ts';
import { headerOf, ScriptedSender } from '../../engine/testing/scripted-sender.ts';
import { createAddressPolicy } from '../../net/address-policy.ts';
import { createDocumentReader } from '../../net/document-reader.ts';
import { configuredMasterKeys, type MasterKeys } from '../../store/master-key.ts';
import type { Store } from '../../store/port.ts';
import { openPostgresStore, type PostgresStoreTelemetry } from '../../store/postgres/open.ts';
import { createTestDatabase } from '../../store/postgres/testing/database.ts';
import { createVault } from '../../store/vault.ts';
import { createApiServer } from '../api-server.ts';
import { arrangeDialects } from '../mounts.ts';

/** Few: many tests share one server. */
const CONNECTIONS = { write: 2, read: 2, control: 1, change: 2 };

export type StackOptions = {
  /** Its wall clock is wrong by so much. */
  readonly clockWrongMs?: number;
  readonly pooler?: 'none' | 'transaction';
  readonly role?: 'all' | 'api';
  readonly telemetry?: Partial<PostgresStoreTelemetry>;
};

export type Answered = {
  readonly status: number;
  // oxlint-disable-next-line typescript/no-explicit-any -- whatever the API answered, for a test to look into
  readonly body: any;
  readonly headers: Readonly<Record<string, unknown>>;
};

/** One node: its store, engine and API, in this process. What it sends ends in `sender`. */
export type NodeStack = {
  readonly store: Store;
  readonly app: AppContext;
  readonly sender: ScriptedSender;
  /** Between this node and the database. */
  readonly line: Line;
  /** Its timers do not ring while they are held, as in a process that is held up. */
  readonly timers: HeldTimers;
  ask(
    method: 'GET' | 'POST' | 'PATCH' | 'DELETE',
    path: string,
    body?: unknown,
    headers?: Readonly<Record<string, string>>,
  ): Promise<Answered>;
  /** The ids of the secrets that signed each request so far. */
  readonly keysSent: readonly string[];
  stop(): Promise<void>;
};

export type NodeStacks = { readonly open: (options?: StackOptions) => Promise<NodeStack>; readonly url: string };

/** Runs a test with nodes on a database of their own. */
export async function withStacks(test: (stacks: NodeStacks) => Promise<void>): Promise<void> {
  const database = await createTestDatabase();
  const bootstrapKey = `bootstrap_${randomBytes(32).toString('hex')}`;
  const masterKeys = configuredMasterKeys([{ id: 'test', key: randomBytes(32) }]);
  const opened: NodeStack[] = [];
  try {
    await test({
      url: database.url,
      async open(options = {}) {
        const stack = await openStack(database.url, masterKeys, bootstrapKey, options);
        opened.push(stack);
        return stack;
      },
    });
  } finally {
    for (const { line, timers } of opened) {
      line.mend();
      timers.release();
    }
    await Promise.all(opened.map(async (stack) => await stack.stop()));
    await database.drop();
  }
}

async function openStack(
  url: string,
  masterKeys: MasterKeys,
  bootstrapKey: string,
  { clockWrongMs = 0, pooler = 'none', role = 'all', telemetry = {} }: StackOptions,
): Promise<NodeStack> {
  await using opened = new AsyncDisposableStack();
  const timers = new HeldTimers();
  const machine: Clock = { now: () => systemClock.now() + clockWrongMs, monotonic: systemClock.monotonic };
  const line = await openLine(url);
  opened.defer(async () => await line.close());
  const sends = role === 'all';
  const store = await openPostgresStore({
    url: line.url,
    pooler,
    sends,
    clock: machine,
    timers,
    connections: CONNECTIONS,
    telemetry: { storeCommitted() {}, ...telemetry },
  });
  opened.defer(async () => await store.close());
  const { clock } = store;
  const fillRandom = (bytes: Uint8Array): void => void randomFillSync(bytes);
  const ids = createIdSource({ now: clock.now, fillRandom });
  const vault = createVault(masterKeys);
  const sender = new ScriptedSender({
    now: clock.now,
    setTimeout: (callback, delayMs) => systemTimers.setTimeout(callback, delayMs),
  });
  const tools = { store, vault, clock, timers, ids };
  const settings = { ...DEFAULT_ENGINE_SETTINGS, retryScheduleForAll: [] };
  const engine = createEngine({
    ...tools,
    sender,
    random: Math.random,
    telemetry: SILENT_TELEMETRY,
    settings,
    sends,
  });
  opened.defer(async () => await engine.stop());
  const addresses = createAddressPolicy({ allowPrivate: [] });
  if (!addresses.ok) throw new Error(addresses.detail);
  const app = await createApp({
    ...tools,
    engine,
    directory: engine.directory,
    masterKeys,
    fillRandom,
    telemetry: SILENT_APP_TELEMETRY,
    settings: {
      urlRules: { allowHttp: false, allowPrivate: addresses.policy.opened },
      rotationLimits: NATIVE_ROTATION_LIMITS,
      retentionDays: 30,
    },
    bootstrapKey,
    localToken: null,
    sessionJwts: null,
    readDocument: createDocumentReader(),
    onFault() {},
  });
  await bootstrap(app, { mintKey: false });
  const arranged = arrangeDialects([], null);
  if (!arranged.ok) throw new Error(arranged.problem);
  const { fastify } = createApiServer({
    app,
    arrangement: arranged.value,
    clock,
    random: Math.random,
    onCrash() {},
    trustProxy: false,
    rateLimit: null,
  });
  opened.defer(async () => await fastify.close());
  await fastify.ready();
  await engine.start();
  const owned = opened.move();
  return {
    store,
    app,
    sender,
    line,
    timers,
    async ask(method, path, body, headers = {}) {
      const answer = await fastify.inject({
        method,
        url: path,
        headers: { authorization: `Bearer ${bootstrapKey}`, ...headers },
        ...(body === undefined ? {} : { payload: body as object }),
      });
      const text = answer.payload;
      return { status: answer.statusCode, body: text === '' ? null : JSON.parse(text), headers: answer.headers };
    },
    get keysSent() {
      return sender.seen.map((request) => headerOf(request, 'webhook-key-ids') ?? '');
    },
    stop: async () => await owned.disposeAsync(),
  };
}

/** Timers that ring late, when they are let go: those of a process that was held up. */
export class HeldTimers implements Timers {
  #held: (() => void)[] | null = null;

  setTimeout(callback: () => void, delayMs: number): { cancel(): void } {
    let cancelled = false;
    const ring = (): void => {
      if (cancelled) return;
      if (this.#held === null) callback();
      else this.#held.push(ring);
    };
    const timer = systemTimers.setTimeout(ring, delayMs);
    return {
      cancel() {
        cancelled = true;
        timer.cancel();
      },
    };
  }

  hold(): void {
    this.#held ??= [];
  }

  release(): void {
    const held = this.#held ?? [];
    this.#held = null;
    for (const ring of held) ring();
  }
}

/** The way to the database, which can be cut: nothing goes through any more, and nobody is told. */
export type Line = { readonly url: string; cut(): void; mend(): void; close(): Promise<void> };

async function openLine(target: string): Promise<Line> {
  const { hostname, port } = new URL(target);
  const sockets = new Set<Socket>();
  let isCut = false;
  const server: Server = createServer((near) => {
    const far = connect({ host: hostname, port: Number(port) });
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(one);
      one.on('error', () => other.destroy());
      one.on('close', () => {
        sockets.delete(one);
        other.destroy();
      });
      one.on('data', (bytes) => void other.write(bytes));
      if (isCut) one.pause();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const url = new URL(target);
  url.host = `127.0.0.1:${address.port}`;
  return {
    url: url.href,
    cut() {
      isCut = true;
      for (const socket of sockets) socket.pause();
    },
    mend() {
      isCut = false;
      for (const socket of sockets) socket.resume();
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => void server.close(() => resolve()));
    },
  };
}
