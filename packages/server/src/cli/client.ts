import { NATIVE_PREFIX_BESIDE_ROOT } from '../dialects/native/prefixes.ts';
import { CommandFailure, EXIT, type ExitCode, type FailureRow, usage } from './exit.ts';
import { hintFor, URL_HINT } from './hints.ts';
import { asRecord, type Json, records, textOrNull } from './json.ts';

const TIMEOUT_MS = 60_000;
const PROBE_TIMEOUT_MS = 5_000;

/** Sends a request to the server, over the network or within this process. */
export type Fetch = (request: Request) => Promise<Response>;

export type Client = {
  /** The server, without the path of an API. */
  readonly url: string;
  /** Where its native API stands: `/v1`, or elsewhere when another dialect stands at the root. */
  readonly nativePrefix: string;
  /** Nobody said where it stands: the usual place was taken. */
  readonly isPrefixAssumed: boolean;
  readonly fetch: Fetch;
  readonly token: string;
  /** Acts for this organization, by id or externalId; null: for that of the key. */
  readonly organization: string | null;
};

export type Call = {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  /** Below the prefix of the native API, with `{}` where the next of `ids` goes: `/endpoints/{}`. */
  readonly path: string;
  /** Below another prefix than that of the native API: `''` is the root of the server. */
  readonly prefix?: string;
  readonly ids?: readonly string[];
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
  /** Encoded as JSON, except bytes, which are sent as they are. */
  readonly body?: unknown;
  readonly contentType?: string;
  readonly idempotencyKey?: string | undefined;
};

/** The decoded answer of a request that succeeded; everything else ends the command. */
export async function call(client: Client, request: Call): Promise<Json> {
  const response = await send(client, request);
  const body = await readBody(response);
  if (response.ok) return asRecord(body);
  if (response.status === 404 && (await hasMoved(client))) throw moved(client);
  throw refusal(response.status, asRecord(body), request);
}

async function send(client: Client, request: Call): Promise<Response> {
  const headers: Record<string, string> = { authorization: `Bearer ${client.token}`, accept: 'application/json' };
  if (client.organization !== null) headers['hookring-organization'] = client.organization;
  if (request.idempotencyKey !== undefined) headers['idempotency-key'] = request.idempotencyKey;
  const body = encode(request.body);
  if (body !== null) headers['content-type'] = request.contentType ?? 'application/json';
  try {
    return await client.fetch(
      new Request(address(client, request), {
        method: request.method,
        headers,
        body,
        redirect: 'error',
        signal: AbortSignal.timeout(TIMEOUT_MS),
      }),
    );
  } catch (error) {
    throw unreachable(client.url, error);
  }
}

/** The only place that builds addresses. */
function address(client: Client, { path, prefix = client.nativePrefix, ids = [], query = {} }: Call): string {
  let next = 0;
  const filled = path.replaceAll('{}', () => encodeURIComponent(ids[next++] ?? ''));
  const url = new URL(`${client.url}${prefix}${filled}`);
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined) url.searchParams.set(name, String(value));
  }
  return url.href;
}

/** Whether the native API stands where it moves to beside another dialect at the root. The key stays out of this. */
async function hasMoved(client: Client): Promise<boolean> {
  if (!client.isPrefixAssumed) return false;
  const there = address(client, { method: 'GET', path: '/openapi.json', prefix: NATIVE_PREFIX_BESIDE_ROOT });
  try {
    const response = await client.fetch(
      new Request(there, { redirect: 'error', signal: AbortSignal.timeout(PROBE_TIMEOUT_MS) }),
    );
    await response.body?.cancel();
    return response.ok;
  } catch {
    return false;
  }
}

function moved(client: Client): CommandFailure {
  return usage(
    `the native API does not stand at ${client.url}${client.nativePrefix}: another dialect has the root of this server`,
    `Name its place in the address: --url ${client.url}${NATIVE_PREFIX_BESIDE_ROOT} (or HOOKRING_URL)`,
  );
}

function encode(body: unknown): Uint8Array<ArrayBuffer> | string | null {
  if (body === undefined) return null;
  return body instanceof Uint8Array ? new Uint8Array(body) : JSON.stringify(body);
}

async function readBody(response: Response): Promise<unknown> {
  const body = await response.text();
  if (body === '') return {};
  try {
    return JSON.parse(body) as unknown;
  } catch {
    return {};
  }
}

export function unreachable(url: string, error: unknown): CommandFailure {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const why =
    cause instanceof Error && 'code' in cause ? String(cause.code) : cause instanceof Error ? cause.message : 'unknown';
  const slow = cause instanceof Error && cause.name === 'TimeoutError';
  return new CommandFailure({
    detail: slow
      ? `${url} did not answer within ${TIMEOUT_MS / 1_000} seconds`
      : `no server answers at ${url} (${why})`,
    exitCode: EXIT.UNREACHABLE,
    code: 'unreachable',
    hint: 'Start one with "hookring serve", or say where it is with --url or HOOKRING_URL. "hookring doctor" looks into it.',
  });
}

function refusal(status: number, problem: Json, request: Call): CommandFailure {
  const code = textOrNull(problem, 'code') ?? `http_${status}`;
  const errors: FailureRow[] = records(problem['errors']).map((row) => ({
    pointer: textOrNull(row, 'pointer') ?? '',
    detail: textOrNull(row, 'detail') ?? '',
    code: textOrNull(row, 'code') ?? '',
  }));
  return new CommandFailure({
    detail: textOrNull(problem, 'detail') ?? textOrNull(problem, 'title') ?? `the server answered ${status}`,
    exitCode: exitCodeOf(status),
    code,
    status,
    requestId: textOrNull(problem, 'requestId'),
    errors,
    hint: errors.some(({ pointer }) => pointer === '/url') ? URL_HINT : hintFor(code, request.path),
  });
}

function exitCodeOf(status: number): ExitCode {
  if (status === 401 || status === 403) return EXIT.DENIED;
  return status === 404 ? EXIT.NOT_FOUND : EXIT.FAILED;
}
