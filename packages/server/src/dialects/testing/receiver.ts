import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export type Received = {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  /** Names in lower case. */
  readonly headers: IncomingHttpHeaders;
  /** Names and values in turn, as they were sent. */
  readonly rawHeaders: readonly string[];
  readonly body: Buffer;
};

/** `hang up`: the connection is closed without an answer. */
export type ReceiverAnswer =
  | { readonly status: number; readonly body?: string; readonly headers?: Readonly<Record<string, string>> }
  | 'hang up';

/** A webhook receiver on this machine. */
export type Receiver = {
  /** Of an endpoint that leads here. */
  readonly url: string;
  /** The same by https, which the sender of `runDialects` trusts. */
  readonly secureUrl: string;
  /** Every request, in the order in which they were whole. */
  readonly received: Received[];
  /** What is answered from now on: always the same, or what a request deserves. A promise keeps the request waiting. */
  answer: ReceiverAnswer | ((request: Received) => ReceiverAnswer | Promise<ReceiverAnswer>);
  /** Resolves with all matching requests as soon as there are `count` of them, those that came before included. */
  arrived(matches: (request: Received) => boolean, count?: number): Promise<readonly Received[]>;
};

export type RunningReceiver = { readonly receiver: Receiver; readonly stop: () => void };

const THANKS: ReceiverAnswer = { status: 200, body: 'thanks' };

export async function startReceiver(): Promise<RunningReceiver> {
  const received: Received[] = [];
  const waiting = new Set<() => void>();
  const take = (request: IncomingMessage, response: ServerResponse): void => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { method = '', url = '', headers, rawHeaders } = request;
      const whole: Received = { method, path: url, headers, rawHeaders, body: Buffer.concat(chunks) };
      received.push(whole);
      const { answer } = receiver;
      for (const look of waiting) look();
      void reply(response, typeof answer === 'function' ? answer(whole) : answer);
    });
  };
  const plain = createServer(take);
  const secure = createTlsServer(testIdentity(), take);
  const [port, securePort] = await Promise.all([listen(plain), listen(secure)]);
  const receiver: Receiver = {
    url: `http://127.0.0.1:${port}/hook`,
    secureUrl: `https://127.0.0.1:${securePort}/hook`,
    received,
    answer: THANKS,
    arrived: async (matches, count = 1) =>
      await new Promise((resolve) => {
        const look = (): void => {
          const found = received.filter(matches);
          if (found.length < count) return;
          waiting.delete(look);
          resolve(found);
        };
        waiting.add(look);
        look();
      }),
  };
  const stop = (): void => {
    for (const server of [plain, secure]) {
      server.closeAllConnections();
      server.close();
    }
  };
  return { receiver, stop };
}

async function reply(response: ServerResponse, promised: ReceiverAnswer | Promise<ReceiverAnswer>): Promise<void> {
  const answer = await promised;
  if (answer === 'hang up') {
    response.destroy();
    return;
  }
  const { status, body = '', headers = {} } = answer;
  response.writeHead(status, { 'x-receiver': 'test', ...headers }).end(body);
}

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('not listening on a port');
  return address.port;
}

type Identity = { readonly key: string; readonly cert: string };
let identity: Identity | null = null;

/** A key and a certificate of its own signing for this machine, made once per process. */
export function testIdentity(): Identity {
  identity ??= makeIdentity();
  return identity;
}

const CERTIFICATE = 'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=127.0.0.1';

function makeIdentity(): Identity {
  const folder = mkdtempSync(join(tmpdir(), 'hookring-tls-'));
  try {
    const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
    const more = ['-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', key, '-out', cert];
    execFileSync('openssl', [...CERTIFICATE.split(' '), ...more], { stdio: 'ignore' });
    return { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
