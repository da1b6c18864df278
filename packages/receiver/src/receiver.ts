import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Server, Socket } from 'node:net';
import { type Behaviour, choose, OK, respond, type Script } from './behaviour.ts';
import { play } from './play.ts';
import type { ReceivedRequest } from './request.ts';
import { RequestLog, type WaitOptions } from './request-log.ts';
import { judge, type Verdict, type VerdictCounts, type VerdictOptions, Verdicts, type Verify } from './verdicts.ts';

export type ReceiverOptions = {
  readonly host?: string;
  /** 0, the default: any free one. */
  readonly port?: number;
  /** What each path does; a path that is not here does `otherwise`. */
  readonly scripts?: Readonly<Record<string, Script>>;
  readonly otherwise?: Script;
  /** PEM texts make it an https receiver. */
  readonly tls?: { readonly key: string; readonly cert: string };
  readonly verify?: Verify;
  /** What a request gets that the verifier rejected. */
  readonly rejected?: Script;
  readonly verdicts?: VerdictOptions;
  /** Called with each request once its verdict is known and before its behaviour is played. */
  readonly onRequest?: (request: ReceivedRequest, verdict: Verdict | null) => void;
  /** Adds headers to the answer of a `respond` behaviour. */
  readonly answerHeaders?: (request: ReceivedRequest, verdict: Verdict | null) => Readonly<Record<string, string>>;
  readonly requestsKeptMax?: number;
  readonly bodyBytesMax?: number;
  readonly now?: () => number;
};

export type ReceiverCounters = {
  readonly received: number;
  /** Answers sent to their last byte. */
  readonly answered: number;
  /** Exchanges that ended without a whole answer. */
  readonly broken: number;
  /** Received requests that are no longer kept. */
  readonly forgotten: number;
  readonly connections: number;
  readonly openConnections: number;
  /** Bytes written on all connections, headers included; also what the other side never read. */
  readonly bytesWritten: number;
};

export type Receiver = AsyncDisposable & {
  readonly host: string;
  readonly port: number;
  url(path?: string): string;
  /** Changes what a path does from its next request on. */
  script(path: string, script: Script): void;
  /** The kept requests, oldest first, of one path or of all. */
  requests(path?: string): readonly ReceivedRequest[];
  /**
   * Waits, without polling, until so many requests came since the start, or until one matches; answers with the kept
   * requests or with the matching ones, and rejects after `timeoutMs` (5 s).
   */
  waitFor(
    wanted: number | ((request: ReceivedRequest) => boolean),
    options?: WaitOptions,
  ): Promise<readonly ReceivedRequest[]>;
  counters(): ReceiverCounters;
  verdicts(): VerdictCounts;
  /** Ends every connection at once and waits until the port is free. */
  stop(): Promise<void>;
};

const HOST = '127.0.0.1';
const REQUESTS_KEPT_MAX = 10_000;
const BODY_BYTES_MAX = 8 * 1024 * 1024;
// Longer than any sender keeps an idle connection, so that the two never close and reuse it at the same time.
const KEEP_ALIVE_MS = 120_000;

/** Starts a receiver on a real socket. */
export async function startReceiver(options: ReceiverOptions = {}): Promise<Receiver> {
  const desk = new Desk(options);
  const handle = (message: IncomingMessage, response: ServerResponse) => void desk.handle(message, response);
  const timeouts = { keepAliveTimeout: KEEP_ALIVE_MS, noDelay: true };
  const { tls } = options;
  const server: Server = tls ? createTlsServer({ ...tls, ...timeouts }, handle) : createServer(timeouts, handle);
  server.on('connection', (socket: Socket) => desk.connected(socket));
  // A request names the secured socket, which is not the one that was accepted.
  server.on(tls ? 'secureConnection' : 'connection', (socket: Socket) => desk.ready(socket));
  const host = options.host ?? HOST;
  await listen(server, options.port ?? 0, host);
  const { port } = server.address() as AddressInfo; // It listens on TCP, never on a pipe.
  const origin = `${options.tls ? 'https' : 'http'}://${host.includes(':') ? `[${host}]` : host}:${port}`;
  let stopped: Promise<void> | null = null;
  const stop = () => (stopped ??= desk.close(server));
  return {
    host,
    port,
    url: (path = '/') => origin + path,
    script: (path, script) => desk.script(path, script),
    requests: (path) => desk.log.all().filter((request) => path === undefined || request.path === path),
    waitFor: (wanted, wait) => desk.log.waitFor(wanted, wait),
    counters: () => desk.counters(),
    verdicts: () => desk.verdicts.counts(),
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

function listen(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

/** Takes requests in, one after the other through: read, record, verify, choose, play. */
class Desk {
  readonly log: RequestLog;
  readonly verdicts: Verdicts;
  readonly #options: ReceiverOptions;
  readonly #scripts: Map<string, Script>;
  readonly #now: () => number;
  readonly #sockets = new Set<Socket>();
  readonly #connectionNumbers = new WeakMap<Socket, number>();
  readonly #stopping = new AbortController();
  #connections = 0;
  #numbered = 0;
  #readyConnections = 0;
  #bytesOfClosed = 0;
  #answered = 0;
  #broken = 0;

  constructor(options: ReceiverOptions) {
    this.#options = options;
    this.#scripts = new Map(Object.entries(options.scripts ?? {}));
    this.#now = options.now ?? Date.now;
    this.log = new RequestLog(options.requestsKeptMax ?? REQUESTS_KEPT_MAX);
    this.verdicts = new Verdicts(options.verdicts);
  }

  script(path: string, script: Script): void {
    this.#scripts.set(path, script);
  }

  connected(socket: Socket): void {
    this.#connections += 1;
    this.#sockets.add(socket);
    // A sender that resets is part of the play.
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      this.#sockets.delete(socket);
      this.#bytesOfClosed += socket.bytesWritten;
    });
  }

  ready(socket: Socket): void {
    this.#readyConnections += 1;
    this.#connectionNumbers.set(socket, this.#readyConnections);
    socket.on('error', () => socket.destroy());
  }

  async handle(message: IncomingMessage, response: ServerResponse): Promise<void> {
    const left = new AbortController();
    response.on('error', () => response.destroy());
    response.on('close', () => {
      left.abort();
      if (response.writableFinished) this.#answered += 1;
      else this.#broken += 1;
    });
    const body = await readBody(message, this.#options.bodyBytesMax ?? BODY_BYTES_MAX);
    if (body === 'cut') return;
    if (body === 'too_large') {
      response.writeHead(413, { connection: 'close' }).end();
      return;
    }
    const request = this.#record(message, body);
    const verdict = this.#options.verify ? await judge(this.#options.verify, request) : null;
    if (verdict !== null) this.verdicts.count(request, verdict);
    this.verdicts.countId(request);
    this.log.add(request);
    this.#options.onRequest?.(request, verdict);
    await play(this.#behaviour(request, verdict), response, AbortSignal.any([left.signal, this.#stopping.signal]));
  }

  counters(): ReceiverCounters {
    let bytesWritten = this.#bytesOfClosed;
    for (const socket of this.#sockets) bytesWritten += socket.bytesWritten;
    return {
      received: this.log.received,
      answered: this.#answered,
      broken: this.#broken,
      forgotten: this.log.forgotten,
      connections: this.#connections,
      openConnections: this.#sockets.size,
      bytesWritten,
    };
  }

  close(server: Server): Promise<void> {
    this.#stopping.abort();
    this.log.close();
    return new Promise((resolve) => {
      server.close(() => resolve());
      for (const socket of this.#sockets) socket.destroy();
    });
  }

  #record(message: IncomingMessage, body: Uint8Array): ReceivedRequest {
    const target = message.url ?? '/';
    const query = target.indexOf('?');
    const headers: [string, string][] = [];
    for (let index = 0; index + 1 < message.rawHeaders.length; index += 2) {
      headers.push([message.rawHeaders[index] ?? '', message.rawHeaders[index + 1] ?? '']);
    }
    this.#numbered += 1;
    return {
      number: this.#numbered,
      method: message.method ?? '',
      path: query < 0 ? target : target.slice(0, query),
      target,
      headers,
      body,
      at: this.#now(),
      connection: this.#connectionNumbers.get(message.socket) ?? 0,
    };
  }

  #behaviour(request: ReceivedRequest, verdict: Verdict | null): Behaviour {
    const script =
      verdict?.ok === false
        ? (this.#options.rejected ?? respond(401))
        : (this.#scripts.get(request.path) ?? this.#options.otherwise ?? OK);
    const behaviour = choose(script, request);
    if (behaviour.kind !== 'respond' || this.#options.answerHeaders === undefined) return behaviour;
    return { ...behaviour, headers: { ...this.#options.answerHeaders(request, verdict), ...behaviour.headers } };
  }
}

/** Collects a body; `cut` when the sender went away in the middle of it. */
async function readBody(message: IncomingMessage, bytesMax: number): Promise<Uint8Array | 'cut' | 'too_large'> {
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    const parts: AsyncIterable<Buffer> = message.iterator({ destroyOnReturn: false });
    for await (const chunk of parts) {
      length += chunk.length;
      if (length > bytesMax) return 'too_large';
      chunks.push(chunk);
    }
  } catch {
    return 'cut';
  }
  return Buffer.concat(chunks, length);
}
