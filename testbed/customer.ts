import { createServer, type Server } from 'node:http';
import { Webhook } from 'standardwebhooks';

/**
 * A customer's receiver: a real server that verifies with the official library and knows at every moment one secret,
 * the one it was last configured with. After a rotation it goes on with the old one until somebody deploys the new one.
 */
export type Customer = {
  readonly url: string;
  /** Ids of events that arrived with a valid signature. */
  readonly received: ReadonlySet<string>;
  readonly latenciesMs: number[];
  readonly counts: { verified: number; rejected: number; refusedOnPurpose: number; repeated: number };
  /** The first rejection's words, or null. */
  readonly firstRejection: string | null;
  deploy(secret: string): void;
  stop(): Promise<void>;
};

export type CustomerOptions = {
  /** The share of deliveries that it answers with 500, before looking at them. */
  readonly failing: number;
  readonly random: () => number;
};

export async function startCustomer(options: CustomerOptions): Promise<Customer> {
  const received = new Set<string>();
  const latenciesMs: number[] = [];
  const counts = { verified: 0, rejected: 0, refusedOnPurpose: 0, repeated: 0 };
  let webhook: Webhook | null = null;
  let firstRejection: string | null = null;

  function judge(body: Buffer, headers: Record<string, string>): number {
    if (options.random() < options.failing) {
      counts.refusedOnPurpose += 1;
      return 500;
    }
    try {
      const event = webhook?.verify(body, headers) as { sentAt: number } | undefined; // The tour's own payload.
      if (event === undefined) return 503;
      const id = headers['webhook-id'] ?? '';
      if (received.has(id)) counts.repeated += 1;
      else latenciesMs.push(Date.now() - event.sentAt);
      received.add(id);
      counts.verified += 1;
      return 204;
    } catch (error) {
      counts.rejected += 1;
      firstRejection ??= error instanceof Error ? error.message : String(error);
      return 401;
    }
  }

  const server: Server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const headers = Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)]));
      response.writeHead(judge(Buffer.concat(chunks), headers)).end();
    });
  });
  server.keepAliveTimeout = 60_000;
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('a receiver without a port');
  return {
    url: `http://127.0.0.1:${address.port}/hooks`,
    received,
    latenciesMs,
    counts,
    get firstRejection() {
      return firstRejection;
    },
    deploy(secret) {
      webhook = new Webhook(secret);
    },
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => {
        server.close(resolve);
      });
    },
  };
}
