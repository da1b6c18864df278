import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { Webhook } from 'standardwebhooks';
import { Bits } from './bits.ts';

/** How a receiver behaves: most answer at once; some refuse now and then, some are slow, some are gone for a while. */
export type Manner = 'steady' | 'failing' | 'slow' | 'flapping';

const FAILING_RATIO = 0.1;
const SLOW_MS = 200;
const FLAPPING_PERIOD_MS = 120_000;
const FLAPPING_DOWN_MS = 15_000;
/** What was under way when a suspension was answered may still arrive. */
const UNDER_WAY_MS = 2_000;

export type Payload = { readonly seq: number; readonly sentAt: number };

export type Tally = {
  verified: number;
  /** Signatures that the official library refuses with the secret that the customer has. */
  wronglySigned: number;
  repeated: number;
  refusedOnPurpose: number;
  /** Arrivals at a customer whose suspension or archiving had been answered before. */
  afterTheEnd: number;
};

/** A customer's receiver. It knows one secret at a time, the one that it was last given. */
export class Customer {
  readonly path: string;
  readonly manner: Manner;
  readonly expected = new Bits();
  readonly received = new Bits();
  endpointId = '';
  closedAt: number | null = null;
  /** What was held is sent then; only what was accepted later tells how long a delivery takes. */
  resumedAt = 0;
  #webhook: Webhook | null = null;

  constructor(path: string, manner: Manner) {
    this.path = path;
    this.manner = manner;
  }

  deploy(secret: string): void {
    this.#webhook = new Webhook(secret);
  }

  verify(body: Buffer, headers: Record<string, string>): Payload | null {
    try {
      return (this.#webhook?.verify(body, headers) ?? null) as Payload | null; // The soak's own payload.
    } catch {
      return null;
    }
  }
}

/** All receivers behind one port, told apart by their paths. */
export class Customers implements AsyncDisposable {
  readonly tally: Tally = { verified: 0, wronglySigned: 0, repeated: 0, refusedOnPurpose: 0, afterTheEnd: 0 };
  /** From the sending of an event to its arrival at a steady customer, since the last look. */
  latenciesMs: number[] = [];
  firstWrong: string | null = null;
  readonly #server: Server;
  readonly #byPath = new Map<string, Customer>();
  url = '';

  constructor() {
    this.#server = createServer((request, response) => this.#receive(request, response));
    this.#server.keepAliveTimeout = 60_000;
  }

  async listen(): Promise<this> {
    await new Promise<void>((resolve) => {
      this.#server.listen(0, '127.0.0.1', resolve);
    });
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('receivers without a port');
    this.url = `http://127.0.0.1:${address.port}`;
    return this;
  }

  add(customer: Customer): void {
    this.#byPath.set(customer.path, customer);
  }

  remove(customer: Customer): void {
    this.#byPath.delete(customer.path);
  }

  #receive(request: IncomingMessage, response: ServerResponse): void {
    const at = Date.now();
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const customer = this.#byPath.get(request.url ?? '');
      const status = customer === undefined ? 410 : this.#judge(customer, Buffer.concat(chunks), request, at);
      const answer = (): void => void response.writeHead(status).end();
      if (customer?.manner === 'slow') setTimeout(answer, SLOW_MS);
      else answer();
    });
  }

  #judge(customer: Customer, body: Buffer, request: IncomingMessage, at: number): number {
    const { tally } = this;
    if (isRefusing(customer.manner, at)) {
      tally.refusedOnPurpose += 1;
      // 503 asks for fewer requests, and is heard: one that says so now and then would fall behind what it is sent.
      return customer.manner === 'failing' ? 500 : 503;
    }
    const headers = Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)]));
    const payload = customer.verify(body, headers);
    if (payload === null) {
      tally.wronglySigned += 1;
      this.firstWrong ??= `${customer.path} at ${new Date(at).toISOString()}: keys ${headers['webhook-key-ids']}`;
      return 401;
    }
    tally.verified += 1;
    if (customer.closedAt !== null && at > customer.closedAt + UNDER_WAY_MS) tally.afterTheEnd += 1;
    if (!customer.received.add(payload.seq)) tally.repeated += 1;
    else if (customer.manner === 'steady' && customer.closedAt === null && payload.sentAt > customer.resumedAt)
      this.latenciesMs.push(Math.max(0, at - payload.sentAt));
    return 204;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => {
      this.#server.close(resolve);
    });
  }
}

function isRefusing(manner: Manner, at: number): boolean {
  if (manner === 'failing') return Math.random() < FAILING_RATIO;
  return manner === 'flapping' && at % FLAPPING_PERIOD_MS < FLAPPING_DOWN_MS;
}
