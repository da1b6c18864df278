import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

/** One request as a customer's receiver saw it. */
export type Arrival = {
  readonly eventId: string;
  /** `webhook-timestamp`, as it came. */
  readonly timestamp: string;
  readonly signature: string;
  readonly body: string;
  readonly at: number;
  /** When the customer decided to take it, whether or not the sender learned so; null: never. */
  takenAt: number | null;
};

/** Does with a request what no good receiver does. It calls `take` when it counts as processed all the same. */
export type Misbehaviour = (exchange: {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly take: () => void;
  readonly left: AbortSignal;
}) => void;

const SLOW_SHARE = 0.2;
const SLOW_MS = 30;
/** Longer than the servers of a row wait for an answer; an idle connection is kept for much longer. */
const GIVEN_UP_MS = 3_000;

/** A receiver on a real socket of its own that keeps everything that came. */
export class Customer {
  readonly types: readonly string[];
  readonly arrivals: Arrival[] = [];
  /** Event id → when it was first taken. */
  readonly taken = new Map<string, number>();
  /** Ids of events that came although they had been taken before, once for each time. */
  readonly repeated: string[] = [];
  /** Requests that were taken, and whose connection the sender ended before or right after it had the answer. */
  givenUp = 0;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  /** What was taken last on a connection, of which there is one request at a time. */
  readonly #lastTakenAt = new Map<Socket, number>();
  readonly #host: string;
  #misbehaviour: Misbehaviour | null = null;
  #port = 0;

  private constructor(types: readonly string[], host: string) {
    this.types = types;
    this.#host = host;
    // Longer than any sender keeps an idle connection, so that the two never close and reuse it at the same time.
    this.#server = createServer({ keepAliveTimeout: 120_000 }, (request, response) => this.#take(request, response));
    this.#server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.on('error', () => socket.destroy());
      socket.once('close', () => {
        this.#sockets.delete(socket);
        if (Date.now() - (this.#lastTakenAt.get(socket) ?? 0) < GIVEN_UP_MS) this.givenUp += 1;
        this.#lastTakenAt.delete(socket);
      });
    });
  }

  /** `name` is by which the server knows the host, when it is not the address. */
  static async start(options: { types: readonly string[]; host: string; address?: string }): Promise<Customer> {
    const customer = new Customer(options.types, options.host);
    await new Promise<void>((resolve, reject) => {
      customer.#server.once('error', reject);
      customer.#server.listen(0, options.address ?? options.host, resolve);
    });
    customer.#port = (customer.#server.address() as AddressInfo).port; // It listens on TCP, never on a pipe.
    return customer;
  }

  get url(): string {
    return `http://${this.#host}:${this.#port}/hooks`;
  }

  get port(): number {
    return this.#port;
  }

  /** From the next request on; null: answers as it should. */
  misbehave(how: Misbehaviour | null): void {
    this.#misbehaviour = how;
    // Who is caught in a misbehaviour stays there until the sender leaves; new ones find a good receiver.
  }

  #take(request: IncomingMessage, response: ServerResponse): void {
    const chunks: Buffer[] = [];
    const left = new AbortController();
    response.on('error', () => response.destroy());
    response.once('close', () => left.abort());
    // Whoever ends a connection by its own answer was not given up.
    response.once('finish', () => {
      if (response.getHeader('connection') === 'close') this.#lastTakenAt.delete(request.socket);
    });
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('error', () => {});
    request.once('end', () => {
      const header = (name: string): string => String(request.headers[name] ?? '');
      const arrival: Arrival = {
        eventId: header('webhook-id'),
        timestamp: header('webhook-timestamp'),
        signature: header('webhook-signature'),
        body: Buffer.concat(chunks).toString('utf8'),
        at: Date.now(),
        takenAt: null,
      };
      this.arrivals.push(arrival);
      const take = (): void => {
        this.#lastTakenAt.set(request.socket, Date.now());
        this.#count(arrival);
      };
      if (this.#misbehaviour !== null) this.#misbehaviour({ request, response, take, left: left.signal });
      else if (Math.random() < SLOW_SHARE) setTimeout(() => answerWell(response, take), SLOW_MS);
      else answerWell(response, take);
    });
  }

  #count(arrival: Arrival): void {
    arrival.takenAt = Date.now();
    if (this.taken.has(arrival.eventId)) this.repeated.push(arrival.eventId);
    else this.taken.set(arrival.eventId, arrival.takenAt);
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => {
      this.#server.close(resolve);
    });
  }
}

function answerWell(response: ServerResponse, take: () => void): void {
  // Who was cut off before the answer processed it none the less.
  take();
  if (!response.destroyed) response.writeHead(204).end();
}
