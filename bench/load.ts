/** The load generator, in a process of its own: writes requests that it has made before and only looks at statuses. */
import { connect, type Socket } from 'node:net';
import type { LoadOrder, LoadResult } from './load-process.ts';

const STAMP = '@'.repeat(16);
const HEAD_END = Buffer.from('\r\n\r\n');
const LENGTH = /\r\ncontent-length: *(\d+)/i;
const TICK_MS = 1;
const NOTHING = { bytes: Buffer.alloc(0), stampAt: -1 };

/** One connection with at most one request under way. The server may close it in between. */
class Connection {
  readonly socket: Socket;
  readonly #onAnswer: (connection: Connection, status: number) => void;
  #pending: Buffer | null = null;
  #isBusy = false;
  isEnded = false;

  constructor(order: LoadOrder, onAnswer: (connection: Connection, status: number) => void) {
    this.#onAnswer = onAnswer;
    this.socket = connect({ host: order.host, port: order.port, noDelay: true });
    this.socket.on('data', (chunk: Buffer) => this.#read(chunk));
    this.socket.on('error', (error) => this.#end(error));
    this.socket.on('close', () => this.#end(new Error('the server closed a connection in use')));
  }

  send(bytes: Buffer): void {
    this.#isBusy = true;
    this.socket.write(bytes);
  }

  #end(error: Error): void {
    if (this.#isBusy) throw error;
    this.isEnded = true;
  }

  #read(chunk: Buffer): void {
    // What comes unasked says that nothing was asked for too long.
    if (!this.#isBusy) return;
    const bytes = this.#pending === null ? chunk : Buffer.concat([this.#pending, chunk]);
    const headEnd = bytes.indexOf(HEAD_END);
    if (headEnd === -1) {
      this.#pending = bytes;
      return;
    }
    const head = bytes.toString('latin1', 0, headEnd);
    if (bytes.length < headEnd + HEAD_END.length + Number(LENGTH.exec(head)?.[1] ?? 0)) {
      this.#pending = bytes;
      return;
    }
    this.#pending = null;
    this.#isBusy = false;
    this.#onAnswer(this, Number(head.slice(9, 12)));
  }
}

type Request = { readonly bytes: Buffer; readonly stampAt: number };

function requestsOf(order: LoadOrder): readonly Request[] {
  return order.bodies.map((text) => {
    const body = Buffer.from(text);
    const bytes = Buffer.concat([Buffer.from(`${order.head}content-length: ${body.length}\r\n\r\n`), body]);
    return { bytes, stampAt: order.stamped ? bytes.indexOf(STAMP) : -1 };
  });
}

async function run(order: LoadOrder): Promise<LoadResult> {
  const requests = requestsOf(order);
  let sent = 0;
  let answered = 0;
  let refused = 0;
  return await new Promise((resolve) => {
    const idle: Connection[] = [];
    const connections: Connection[] = [];
    const send = (connection: Connection): void => {
      const { bytes, stampAt } = requests[sent % requests.length] ?? NOTHING;
      sent += 1;
      if (stampAt < 0) {
        connection.send(bytes);
        return;
      }
      const stamped = Buffer.from(bytes);
      stamped.write(String(process.hrtime.bigint() / 1_000n).padStart(STAMP.length, '0'), stampAt, 'latin1');
      connection.send(stamped);
    };
    const onAnswer = (connection: Connection, status: number): void => {
      answered += 1;
      if (status < 200 || status > 299) refused += 1;
      if (answered === order.requests) {
        for (const { socket } of connections) socket.destroy();
        resolve({ seconds: (performance.now() - startedAt) / 1_000, refused });
      } else if (order.perSecond > 0) {
        idle.push(connection);
      } else if (sent < order.requests) {
        send(connection);
      }
    };
    for (let index = 0; index < order.connections; index += 1) connections.push(new Connection(order, onAnswer));
    const startedAt = performance.now();
    if (order.perSecond === 0) {
      for (const connection of connections.slice(0, order.requests)) send(connection);
      return;
    }
    idle.push(...connections);
    const timer = setInterval(() => {
      const due = Math.min(order.requests, Math.floor(((performance.now() - startedAt) / 1_000) * order.perSecond));
      for (let count = Math.ceil(due - sent); count > 0; count -= 1) {
        let connection = idle.pop();
        while (connection?.isEnded === true) connection = idle.pop();
        if (connection === undefined) {
          // Never waits for an answer: that is what an open loop is.
          connection = new Connection(order, onAnswer);
          connections.push(connection);
        }
        send(connection);
      }
      if (sent >= order.requests) clearInterval(timer);
    }, TICK_MS);
  });
}

process.on('message', (order: LoadOrder) => {
  void run(order).then((result) => process.send?.(result));
});
process.once('disconnect', () => process.exit());
