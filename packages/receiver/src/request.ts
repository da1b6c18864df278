/** One request as it came in. */
export type ReceivedRequest = {
  /** From 1, in the order in which they were complete. */
  readonly number: number;
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  /** Path and query as sent. */
  readonly target: string;
  /** Names as written, in their order. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: Uint8Array;
  /** When its last byte was there, epoch milliseconds. */
  readonly at: number;
  /** Which connection it came on, from 1. */
  readonly connection: number;
};

/** The first value of a header, in any case, or null. */
export function headerOf(request: Pick<ReceivedRequest, 'headers'>, name: string): string | null {
  const wanted = name.toLowerCase();
  for (const [each, value] of request.headers) if (each.toLowerCase() === wanted) return value;
  return null;
}

/** The headers under lower-case names, repeated ones joined by a comma, as verifying libraries want them. */
export function headerRecord(request: Pick<ReceivedRequest, 'headers'>): Record<string, string> {
  const joined = new Map<string, string>();
  for (const [name, value] of request.headers) {
    const key = name.toLowerCase();
    const before = joined.get(key);
    joined.set(key, before === undefined ? value : `${before}, ${value}`);
  }
  return Object.fromEntries(joined);
}

/** The body as text, for tests and terminals. */
export function bodyText(request: Pick<ReceivedRequest, 'body'>): string {
  return new TextDecoder().decode(request.body);
}

/** The id of the secret that made the signature at `index`, as the sender's `webhook-key-ids` says, or null. */
export function keyIdAt(request: Pick<ReceivedRequest, 'headers'>, index: number): string | null {
  return headerOf(request, 'webhook-key-ids')?.split(' ')[index] ?? null;
}
