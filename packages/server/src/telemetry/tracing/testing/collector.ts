import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import { gunzipSync } from 'node:zlib';
import { decodeTraces, type SeenSpan } from './otlp.ts';

/** How it answers: `hang` never does, `endless` begins a 200 and never ends it. */
export type CollectorMode = 'take' | 'hang' | 'endless' | number;

/** A collector on a loopback socket: it reads what comes as OTLP/HTTP and keeps the spans that it took. */
export type TestCollector = {
  readonly url: string;
  readonly port: number;
  readonly spans: readonly SeenSpan[];
  /** Bytes of every body, taken or not. */
  readonly bodies: readonly Buffer[];
  readonly headers: readonly IncomingHttpHeaders[];
  mode: CollectorMode;
  /** What the body of an answer holds. */
  answer: Uint8Array;
  stop(): Promise<void>;
};

const ENDLESS_CHUNK = Buffer.alloc(16 * 1024, 'x');

export async function startCollector(mode: CollectorMode = 'take', port = 0): Promise<TestCollector> {
  const spans: SeenSpan[] = [];
  const bodies: Buffer[] = [];
  const headers: IncomingHttpHeaders[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const sent = Buffer.concat(chunks);
      const body = request.headers['content-encoding'] === 'gzip' ? gunzipSync(sent) : sent;
      headers.push(request.headers);
      bodies.push(body);
      const isRight = request.method === 'POST' && request.url === '/v1/traces';
      const type = request.headers['content-type'];
      if (!isRight || type !== 'application/x-protobuf') response.writeHead(404).end();
      else respond(body, response);
    });
  });
  function respond(body: Buffer, response: ServerResponse): void {
    if (collector.mode === 'hang') return;
    if (collector.mode === 'endless') {
      response.writeHead(200, { 'content-type': 'application/x-protobuf' });
      const pour = (): void => {
        while (response.writable && response.write(ENDLESS_CHUNK));
      };
      response.on('drain', pour);
      pour();
      return;
    }
    if (collector.mode === 'take') spans.push(...decodeTraces(body));
    const status = collector.mode === 'take' ? 200 : collector.mode;
    response.writeHead(status, { 'content-type': 'application/x-protobuf' }).end(collector.answer);
  }
  await new Promise<void>((resolve) => {
    server.listen(port, '127.0.0.1', resolve);
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('a collector without a port');
  const collector: TestCollector = {
    url: `http://127.0.0.1:${address.port}`,
    port: address.port,
    spans,
    bodies,
    headers,
    mode,
    answer: new Uint8Array(0),
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => {
        server.close(resolve);
      });
    },
  };
  return collector;
}
