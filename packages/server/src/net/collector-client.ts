import { Pool } from 'undici';

/** A collector's answer is a few bytes; what comes after these is not read. */
const ANSWER_BYTES_MAX = 64 * 1024;
const CONNECT_MS_MAX = 5_000;

/** Statuses that OTLP/HTTP names as worth another try. */
const RETRYABLE = new Set([429, 502, 503, 504]);

export type PostResult =
  /** `answer` is empty when it was too long or came in another encoding. */
  | { readonly kind: 'taken'; readonly answer: Uint8Array }
  | { readonly kind: 'refused'; readonly status: number }
  /** Nothing was taken, or nobody knows: it may be tried again. */
  | { readonly kind: 'unreachable'; readonly reason: string; readonly retryAfterMs: number | null };

/** Posts bytes to one address that the operator configured, within a deadline that covers everything. */
export type CollectorClient = {
  post(body: Uint8Array): Promise<PostResult>;
  /** Ends what is under way. */
  destroy(): Promise<void>;
};

export type CollectorAddress = {
  readonly url: URL;
  readonly headers: readonly (readonly [string, string])[];
  readonly contentType: string;
  readonly userAgent: string;
  readonly deadlineMs: number;
};

/**
 * The address is the operator's, so the guard against private networks has no part in it. It is not followed elsewhere, and
 * whatever the other side does (hang, drip, never stop) ends at the deadline with one connection used.
 */
export function createCollectorClient(address: CollectorAddress): CollectorClient {
  const { url, deadlineMs } = address;
  const pool = new Pool(url.origin, { connections: 1, pipelining: 1, connect: { timeout: CONNECT_MS_MAX } });
  const headers = [
    ...address.headers.flat(),
    'content-type',
    address.contentType,
    'user-agent',
    address.userAgent,
    'accept',
    address.contentType,
  ];
  return {
    async post(body) {
      const signal = AbortSignal.timeout(deadlineMs);
      try {
        const response = await pool.request({ method: 'POST', path: url.pathname, headers, body, signal });
        const status = response.statusCode;
        const read = status >= 200 && status < 300 && response.headers['content-type'] === address.contentType;
        // The status decides: an answer that is cut off, or never ends, does not undo it.
        const answer = await readSome(response.body, read);
        if (status >= 200 && status < 300) return { kind: 'taken', answer };
        if (!RETRYABLE.has(status)) return { kind: 'refused', status };
        const retryAfterMs = delayOf(response.headers['retry-after']);
        return { kind: 'unreachable', reason: `status ${status}`, retryAfterMs };
      } catch (error) {
        return { kind: 'unreachable', reason: signal.aborted ? 'timeout' : nameOf(error), retryAfterMs: null };
      }
    },
    destroy: async () => await pool.destroy(),
  };
}

type Body = AsyncIterable<Uint8Array> & { destroy(): unknown };

async function readSome(body: Body, keep: boolean): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  try {
    for await (const chunk of body) {
      bytes += chunk.byteLength;
      // Leaving the loop ends the connection.
      if (bytes > ANSWER_BYTES_MAX) return new Uint8Array(0);
      if (keep) chunks.push(chunk);
    }
  } catch {
    return new Uint8Array(0);
  }
  return Buffer.concat(chunks);
}

function delayOf(retryAfter: string | string[] | undefined): number | null {
  return typeof retryAfter === 'string' && /^[0-9]{1,5}$/.test(retryAfter) ? Number(retryAfter) * 1_000 : null;
}

/** A code such as ECONNREFUSED: messages may name addresses. */
function nameOf(error: unknown): string {
  if (typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string')
    return error.code;
  return error instanceof Error ? error.name : 'error';
}
