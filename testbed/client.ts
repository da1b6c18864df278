import type { ServerProcess } from './server-process.ts';

export type Answer = {
  readonly status: number;
  readonly headers: Headers;
  /** The body as JSON; null when it is empty or no JSON. */
  readonly json: Record<string, never> & Record<string, unknown>;
  readonly text: string;
};

export type CallOptions = {
  readonly body?: unknown;
  readonly raw?: string | Uint8Array<ArrayBuffer>;
  readonly headers?: Readonly<Record<string, string>>;
  /** Another key than the server's bootstrap key; null: none. */
  readonly key?: string | null;
};

export type Client = (method: string, path: string, options?: CallOptions) => Promise<Answer>;

/** Calls a server's API as any HTTP client would. */
export function clientOf(server: Pick<ServerProcess, 'url' | 'key'>): Client {
  return async (method, path, { body, raw, headers = {}, key = server.key } = {}) => {
    const sent = raw ?? (body === undefined ? undefined : JSON.stringify(body));
    const response = await fetch(`${server.url}${path}`, {
      method,
      headers: {
        ...(key === null ? {} : { authorization: `Bearer ${key}` }),
        ...(sent === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(sent === undefined ? {} : { body: sent }),
    });
    const text = await response.text();
    return { status: response.status, headers: response.headers, text, json: parsed(text) };
  };
}

function parsed(text: string): Answer['json'] {
  try {
    return JSON.parse(text) as Answer['json']; // Tests assert the shape that they read.
  } catch {
    return {};
  }
}

/** Waits until `probe` answers something other than null, undefined or false. */
export async function eventually<T>(
  probe: () => Promise<T | null | undefined | false> | T | null | undefined | false,
  timeoutMs = 10_000,
): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const found = await probe();
    if (found !== null && found !== undefined && found !== false) return found;
    if (Date.now() > deadline) throw new Error(`nothing came within ${timeoutMs} ms`);
    await new Promise((resolve) => {
      setTimeout(resolve, 20);
    });
  }
}
