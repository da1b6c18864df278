import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { Client } from 'undici';
import type { TlsOptions } from './guarded-connector.ts';

export type DocumentRequest = {
  readonly url: URL;
  /** Media type that is asked for. */
  readonly accept: string;
  /** From the look-up of the name to the last byte. */
  readonly deadlineMs: number;
  /** Of the document, also when it was sent compressed. */
  readonly bytesMax: number;
};

export type DocumentFailure = 'unreachable' | 'timeout' | 'status' | 'too_large' | 'unreadable';

export type DocumentResult =
  | { readonly kind: 'document'; readonly bytes: Uint8Array }
  /** The detail is for the operator, whose own address it is: never for a tenant. */
  | { readonly kind: 'failure'; readonly failure: DocumentFailure; readonly detail: string };

export type ReadDocument = (request: DocumentRequest) => Promise<DocumentResult>;

const RESPONSE_HEADER_BYTES_MAX = 16 * 1024;
const unzipped = promisify(gunzip);

/**
 * Gets one document from an address that the operator configured. It may be a private one, so no address policy stands
 * here: nothing that a tenant wrote may ever come to this door. Redirects are not followed, and no connection is kept.
 */
export function createDocumentReader(options: { readonly tls?: TlsOptions } = {}): ReadDocument {
  const ca = options.tls?.ca;
  const tls = ca === undefined ? {} : { ca: typeof ca === 'string' ? ca : [...ca] };

  return async (request) => {
    const signal = AbortSignal.timeout(request.deadlineMs);
    const client = new Client(request.url.origin, {
      connect: { ...tls, timeout: request.deadlineMs, minVersion: 'TLSv1.2', rejectUnauthorized: true },
      allowH2: false,
      useMilo: false,
      maxHeaderSize: RESPONSE_HEADER_BYTES_MAX,
      // The signal is the deadline of the whole.
      headersTimeout: 0,
      bodyTimeout: 0,
    });
    try {
      return await read(client, request, signal);
    } catch (error) {
      if (signal.aborted) return failed('timeout', `no whole answer within ${request.deadlineMs} ms`);
      return failed('unreachable', `the request failed (${codeOf(error)})`);
    } finally {
      await client.destroy();
    }
  };
}

async function read(
  client: Client,
  { url, accept, bytesMax }: DocumentRequest,
  signal: AbortSignal,
): Promise<DocumentResult> {
  const { statusCode, headers, body } = await client.request({
    method: 'GET',
    path: url.pathname + url.search,
    headers: { accept, 'accept-encoding': 'identity' },
    signal,
  });
  // Whatever is not read ends with the client; an unheard error of its stream would end the process.
  body.on('error', () => undefined);
  if (statusCode !== 200) return failed('status', `the answer was ${statusCode}, and only 200 will do`);
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body as AsyncIterable<Uint8Array>) {
    length += chunk.byteLength;
    if (length > bytesMax) return failed('too_large', `the answer is over ${bytesMax} bytes`);
    chunks.push(chunk);
  }
  return await decoded(Buffer.concat(chunks), headers['content-encoding'], bytesMax);
}

/** Some storage serves what was stored compressed to everyone, whatever was asked for. */
async function decoded(
  bytes: Uint8Array,
  encoding: string | string[] | undefined,
  bytesMax: number,
): Promise<DocumentResult> {
  switch (encoding) {
    case undefined:
    case '':
    case 'identity':
      return { kind: 'document', bytes };
    case 'gzip':
    case 'x-gzip':
      try {
        return { kind: 'document', bytes: await unzipped(bytes, { maxOutputLength: bytesMax }) };
      } catch (error) {
        return codeOf(error) === 'ERR_BUFFER_TOO_LARGE'
          ? failed('too_large', `the answer is over ${bytesMax} bytes`)
          : failed('unreadable', `the answer is no gzip (${codeOf(error)})`);
      }
    default:
      return failed('unreadable', 'the answer has a content encoding that was not asked for');
  }
}

function failed(failure: DocumentFailure, detail: string): DocumentResult {
  return { kind: 'failure', failure, detail };
}

/** Messages of Node hold addresses and what a server said; codes are enough to act on. */
function codeOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : null;
  return typeof code === 'string' && /^[A-Z0-9_]+$/.test(code) ? code : 'UNKNOWN';
}
