import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { parseArgs } from 'node:util';

export type SinkStatus = 0 | 200 | 204 | 500;

export type SinkOptions = {
  readonly host?: string;
  /** 0, the default: any free one. */
  readonly port?: number;
  /** 204 by default. 200 and 500 answer with an empty body; 0 never answers. */
  readonly status?: SinkStatus;
  /** How long it takes for each answer; 0 by default. */
  readonly delayMs?: number;
};

export type SinkCounts = { readonly count: number; readonly bytes: number; readonly connections: number };

/** A responder that counts requests and does nothing else, so that a benchmark measures the sender. */
export type Sink = AsyncDisposable & {
  readonly host: string;
  readonly port: number;
  url(path?: string): string;
  counts(): SinkCounts;
  stop(): Promise<void>;
};

type Counters = { count: number; bytes: number; connections: number };

const HOST = '127.0.0.1';
const DELAY_MS_MAX = 600_000;
const HEADERS_BYTES_MAX = 64 * 1024;
const HEADERS_END = Buffer.from('\r\n\r\n');
const LENGTH_HEADER = /\r\ncontent-length:[ \t]*(\d{1,10})[ \t]*\r\n/i;
const CHUNKED_HEADER = /\r\ntransfer-encoding:/i;
const COUNT_REQUEST = 'GET /__count ';
const NO_LENGTH = Buffer.from('HTTP/1.1 411 Length Required\r\nconnection: close\r\ncontent-length: 0\r\n\r\n');
const TOO_LARGE = Buffer.from('HTTP/1.1 431 Headers Too Large\r\nconnection: close\r\ncontent-length: 0\r\n\r\n');
const ANSWERS = {
  200: Buffer.from('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n'),
  204: Buffer.from('HTTP/1.1 204 No Content\r\n\r\n'),
  500: Buffer.from('HTTP/1.1 500 Internal Server Error\r\ncontent-length: 0\r\n\r\n'),
} as const;

/** Starts a sink on a raw socket. `GET /__count` answers with its counts as JSON and is not counted. */
export async function startSink(options: SinkOptions = {}): Promise<Sink> {
  const counters: Counters = { count: 0, bytes: 0, connections: 0 };
  const sockets = new Set<Socket>();
  const status = options.status ?? 204;
  const answer = status === 0 ? null : ANSWERS[status];
  const server = createServer({ noDelay: true }, (socket) => {
    counters.connections += 1;
    sockets.add(socket);
    const reader = new RequestReader(socket, answer, counters, options.delayMs ?? 0);
    socket.on('data', (chunk: Buffer) => reader.read(chunk));
    socket.on('error', () => socket.destroy());
    socket.on('close', () => sockets.delete(socket));
  });
  const host = options.host ?? HOST;
  const port = await listen(server, options.port ?? 0, host);
  let stopped: Promise<void> | null = null;
  const stop = () => (stopped ??= close(server, sockets));
  return {
    host,
    port,
    url: (path = '/') => `http://${host}:${port}${path}`,
    counts: () => ({ ...counters }),
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

/**
 * Reads requests off one connection. It is either before the end of a request's headers, with what came of them in
 * `#head`, or inside a body, of which `#bodyLeft` bytes are still to come.
 */
class RequestReader {
  readonly #socket: Socket;
  readonly #answer: Buffer | null;
  readonly #counters: Counters;
  readonly #delayMs: number;
  #head: Buffer | null = null;
  #bodyLeft = 0;
  #closed = false;

  constructor(socket: Socket, answer: Buffer | null, counters: Counters, delayMs: number) {
    this.#socket = socket;
    this.#answer = answer;
    this.#counters = counters;
    this.#delayMs = delayMs;
  }

  read(chunk: Buffer): void {
    this.#counters.bytes += chunk.length;
    let at = 0;
    while (at < chunk.length && !this.#closed) {
      if (this.#bodyLeft > 0) {
        const taken = Math.min(this.#bodyLeft, chunk.length - at);
        this.#bodyLeft -= taken;
        at += taken;
        if (this.#bodyLeft === 0) this.#finish();
      } else {
        at = this.#readHead(chunk, at);
      }
    }
  }

  /** Answers where the body begins, in the chunk that brought the end of the headers. */
  #readHead(chunk: Buffer, from: number): number {
    if (this.#head !== null) {
      const before = this.#head.length;
      const whole = Buffer.concat([this.#head, chunk.subarray(from)]);
      this.#head = null;
      const end = this.#parseHead(whole, 0);
      return end < 0 ? chunk.length : from + end - before;
    }
    const end = this.#parseHead(chunk, from);
    return end < 0 ? chunk.length : end;
  }

  #parseHead(bytes: Buffer, from: number): number {
    const end = bytes.indexOf(HEADERS_END, from);
    if (end < 0) {
      if (bytes.length - from > HEADERS_BYTES_MAX) this.#refuse(TOO_LARGE);
      // Copied, because the rest of the chunk should not live as long as this part of it.
      else this.#head = Buffer.from(bytes.subarray(from));
      return -1;
    }
    const head = bytes.toString('latin1', from, end + 2);
    if (head.startsWith(COUNT_REQUEST)) {
      this.#tellCounts();
      return end + HEADERS_END.length;
    }
    const length = LENGTH_HEADER.exec(head);
    if (length === null && CHUNKED_HEADER.test(head)) {
      this.#refuse(NO_LENGTH);
      return -1;
    }
    this.#bodyLeft = length === null ? 0 : Number(length[1]);
    if (this.#bodyLeft === 0) this.#finish();
    return end + HEADERS_END.length;
  }

  #finish(): void {
    this.#counters.count += 1;
    if (this.#answer === null) return;
    if (this.#delayMs === 0) this.#socket.write(this.#answer);
    else setTimeout(answerLater, this.#delayMs, this.#socket, this.#answer);
  }

  #tellCounts(): void {
    const body = JSON.stringify(this.#counters);
    const headers = `content-type: application/json\r\ncontent-length: ${body.length}`;
    this.#socket.write(`HTTP/1.1 200 OK\r\n${headers}\r\n\r\n${body}`);
  }

  #refuse(answer: Buffer): void {
    this.#closed = true;
    this.#socket.end(answer);
  }
}

/** By then the connection may have ended. */
function answerLater(socket: Socket, answer: Buffer): void {
  if (socket.writable) socket.write(answer);
}

function listen(server: Server, port: number, host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve((server.address() as AddressInfo).port); // It listens on TCP, never on a pipe.
    });
  });
}

function close(server: Server, sockets: ReadonlySet<Socket>): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    for (const socket of sockets) socket.destroy();
  });
}

function statusOf(text: string | undefined): SinkStatus {
  const status = Number(text ?? 204);
  if (status === 0 || status === 200 || status === 204 || status === 500) return status;
  throw new Error(`--status ${text} is none of 0, 200, 204 and 500`);
}

function delayOf(text: string | undefined): number {
  const delayMs = Number(text ?? 0);
  if (Number.isInteger(delayMs) && delayMs >= 0 && delayMs <= DELAY_MS_MAX) return delayMs;
  throw new Error(`--delay-ms ${text} is no whole number from 0 to ${DELAY_MS_MAX}`);
}

/** `node sink.ts [--port N] [--host H] [--status 200] [--delay-ms 50]`: prints its port as a JSON line, and its counts on SIGUSR2. */
async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      port: { type: 'string' },
      host: { type: 'string' },
      status: { type: 'string' },
      'delay-ms': { type: 'string' },
    },
  });
  const sink = await startSink({
    host: values.host ?? HOST,
    port: Number(values.port ?? 0),
    status: statusOf(values.status),
    delayMs: delayOf(values['delay-ms']),
  });
  process.stdout.write(`${JSON.stringify({ port: sink.port, pid: process.pid })}\n`);
  process.on('SIGUSR2', () => process.stdout.write(`${JSON.stringify(sink.counts())}\n`));
  const stop = () => void sink.stop();
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
}

if (import.meta.main) await main();
