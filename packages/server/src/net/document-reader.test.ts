import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import { createDocumentReader, type DocumentRequest, type DocumentResult } from './document-reader.ts';
import { listen, SHORT_MS } from './loopback.testing.ts';

const PATIENT_MS = 20_000;
const BYTES_MAX = 1_000;

type Answer = (response: ServerResponse, request: IncomingMessage) => void;

function get(url: string, more: Partial<DocumentRequest> = {}, read = createDocumentReader()): Promise<DocumentResult> {
  return read({
    url: new URL(url),
    accept: 'application/json',
    deadlineMs: PATIENT_MS,
    bytesMax: BYTES_MAX,
    ...more,
  });
}

/** What comes of a server that answers so, in one line. */
async function cameOf(answer: Answer, more: Partial<DocumentRequest> = {}): Promise<string> {
  const port = await listen(createServer((request, response) => answer(response, request)));
  return told(await get(`http://127.0.0.1:${port}/keys?of=me`, more));
}

function told(result: DocumentResult): string {
  return result.kind === 'document' ? Buffer.from(result.bytes).toString() : `${result.failure}: ${result.detail}`;
}

describe('reading a document', () => {
  it('asks for it once, with nothing of ours in the headers, and closes the connection', async () => {
    const asked: IncomingMessage[] = [];
    const server = createServer((request, response) => {
      asked.push(request);
      response.end('{"keys":[]}');
    });
    const closed = new Promise<void>((resolve) => {
      server.on('connection', (socket) => socket.once('close', () => resolve()));
    });
    const port = await listen(server);
    expect(told(await get(`http://127.0.0.1:${port}/keys?of=me`))).toBe('{"keys":[]}');
    await closed;
    expect(asked.map(({ method, url }) => [method, url])).toEqual([['GET', '/keys?of=me']]);
    expect(Object.keys(asked[0]!.headers).sort()).toEqual(['accept', 'accept-encoding', 'connection', 'host']);
  });

  it.each<[string, Answer, string]>([
    ['fails', (response) => void response.writeHead(503).end('{}'), 'status: the answer was 503, and only 200 will do'],
    [
      'is empty on purpose',
      (response) => void response.writeHead(204).end(),
      'status: the answer was 204, and only 200 will do',
    ],
    ['hangs up', (response) => void response.destroy(), 'unreachable: the request failed (UND_ERR_SOCKET)'],
    [
      'is cut off',
      (response) => {
        response.writeHead(200, { 'content-length': '10' }).write('abc');
        setImmediate(() => response.destroy());
      },
      'unreachable: the request failed (UND_ERR_SOCKET)',
    ],
    [
      'has too many header bytes',
      (response) => void response.setHeader('x', 'y'.repeat(20_000)).end(),
      'unreachable: the request failed (UND_ERR_HEADERS_OVERFLOW)',
    ],
    [
      'has another encoding',
      (response) => void response.setHeader('content-encoding', 'br').end('x'),
      'unreadable: the answer has a content encoding that was not asked for',
    ],
  ])('that %s says why there is none', async (_name, answer, expected) => {
    expect(await cameOf(answer)).toBe(expected);
  });

  it('follows no redirect, not even to the same server', async () => {
    const paths: (string | undefined)[] = [];
    const result = await cameOf((response, { url }) => {
      paths.push(url);
      response.writeHead(302, { location: '/elsewhere' }).end();
    });
    expect([result, paths]).toEqual(['status: the answer was 302, and only 200 will do', ['/keys?of=me']]);
  });

  it('takes as many bytes as it may, and not one more', async () => {
    expect(await cameOf((response) => void response.end('x'.repeat(BYTES_MAX)))).toHaveLength(BYTES_MAX);
    expect(await cameOf((response) => void response.end('x'.repeat(BYTES_MAX + 1)))).toBe(
      'too_large: the answer is over 1000 bytes',
    );
  });

  it('stops reading a body without an end', async () => {
    let stopped = false;
    const result = await cameOf((response) => {
      response.on('close', () => {
        stopped = true;
      });
      const more = (): void => {
        if (!stopped) response.write('x'.repeat(100), () => setImmediate(more));
      };
      more();
    });
    expect(result).toBe('too_large: the answer is over 1000 bytes');
    await expect.poll(() => stopped).toBe(true);
  });

  it('gives up in time when nothing comes, when the body trickles, and when nobody answers the handshake', async () => {
    const late = `timeout: no whole answer within ${SHORT_MS} ms`;
    const timers: NodeJS.Timeout[] = [];
    const trickle: Answer = (response) => {
      response.writeHead(200);
      timers.push(setInterval(() => response.write('x'), 10));
    };
    expect(await cameOf(() => undefined, { deadlineMs: SHORT_MS })).toBe(late);
    expect(await cameOf(trickle, { deadlineMs: SHORT_MS })).toBe(late);
    for (const timer of timers) clearInterval(timer);
    const silent = await listen(net.createServer());
    expect(told(await get(`https://127.0.0.1:${silent}/`, { deadlineMs: SHORT_MS }))).toBe(late);
  });

  it('unpacks gzip up to the same bound: a small answer never becomes a large one', async () => {
    const packed =
      (text: string): Answer =>
      (response) => {
        response.setHeader('content-encoding', 'gzip').end(gzipSync(text));
      };
    expect(await cameOf(packed('{"keys":[]}'))).toBe('{"keys":[]}');
    expect(await cameOf(packed('x'.repeat(BYTES_MAX)))).toHaveLength(BYTES_MAX);
    expect(gzipSync('x'.repeat(500_000)).byteLength).toBeLessThan(BYTES_MAX);
    expect(await cameOf(packed('x'.repeat(500_000)))).toBe('too_large: the answer is over 1000 bytes');
    const broken: Answer = (response) => void response.setHeader('content-encoding', 'gzip').end('plain');
    expect(await cameOf(broken)).toBe('unreadable: the answer is no gzip (Z_DATA_ERROR)');
  });

  it('says that nobody listens there, without an address', async () => {
    const server = net.createServer();
    const port = await listen(server);
    await new Promise((resolve) => server.close(resolve));
    expect(told(await get(`http://127.0.0.1:${port}/`))).toBe('unreachable: the request failed (ECONNREFUSED)');
  });
});

describe('reading a document by https', () => {
  const folder = mkdtempSync(join(tmpdir(), 'hookring-tls-'));
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  const request = 'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost';
  const name = ['-addext', 'subjectAltName=DNS:localhost', '-keyout', key, '-out', cert];
  execFileSync('openssl', request.split(' ').concat(name), { stdio: 'ignore' });
  const identity = { key: readFileSync(key), cert: readFileSync(cert) };
  afterAll(() => rmSync(folder, { recursive: true }));

  it('believes only a certificate that is known and for that name', async () => {
    const port = await listen(createTlsServer(identity, (_request, response) => void response.end('ok')));
    const trusting = createDocumentReader({ tls: { ca: identity.cert.toString() } });
    expect(told(await get(`https://localhost:${port}/`, {}, trusting))).toBe('ok');
    expect(told(await get(`https://localhost:${port}/`))).toBe(
      'unreachable: the request failed (DEPTH_ZERO_SELF_SIGNED_CERT)',
    );
    expect(told(await get(`https://127.0.0.1:${port}/`, {}, trusting))).toBe(
      'unreachable: the request failed (ERR_TLS_CERT_ALTNAME_INVALID)',
    );
  });
});
