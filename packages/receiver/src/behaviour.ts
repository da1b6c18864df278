import type { ReceivedRequest } from './request.ts';

export type ResponseHeaders = Readonly<Record<string, string | readonly string[]>>;

/** What the receiver does with one request. */
export type Behaviour =
  | {
      readonly kind: 'respond';
      readonly status?: number;
      readonly headers?: ResponseHeaders;
      readonly body?: string | Uint8Array;
      readonly delayMs?: number;
    }
  /** Reads the request and never answers. */
  | { readonly kind: 'hang' }
  /** Sends the body in `chunks` pieces with a pause before each. */
  | {
      readonly kind: 'trickle';
      readonly chunks: number;
      readonly intervalMs: number;
      readonly chunk?: string;
      readonly status?: number;
    }
  /** Resets the connection instead of an answer. */
  | { readonly kind: 'reset' }
  /** Promises a body, sends half of it and closes the connection. */
  | { readonly kind: 'closeMidBody'; readonly status?: number; readonly bytes?: number }
  /** Sends a body until the sender goes away. */
  | { readonly kind: 'endless'; readonly status?: number }
  /** A small gzip body that unpacks to `bytes` zeros. */
  | { readonly kind: 'gzipBomb'; readonly bytes: number; readonly status?: number }
  /** Answers with bytes that are not HTTP. */
  | { readonly kind: 'garbage' };

/** Chooses a behaviour for each request, or is the same for all. */
export type Script = Behaviour | ((request: ReceivedRequest) => Behaviour);

export const OK: Behaviour = { kind: 'respond', status: 204 };

export function respond(status: number, rest: Omit<Extract<Behaviour, { kind: 'respond' }>, 'kind' | 'status'> = {}) {
  return { kind: 'respond', status, ...rest } satisfies Behaviour;
}

export function redirect(location: string, status = 302): Behaviour {
  return respond(status, { headers: { location } });
}

export function gone(): Behaviour {
  return respond(410);
}

/** A 429 whose Retry-After is in seconds, or an HTTP date when it is text. */
export function tooManyRequests(retryAfter: number | string): Behaviour {
  return respond(429, { headers: { 'retry-after': String(retryAfter) } });
}

/** One behaviour after the other, then the last one for ever. */
export function inSequence(first: readonly Script[], then: Script = OK): Script {
  let next = 0;
  return (request) => {
    const script = first[next] ?? then;
    next += 1;
    return choose(script, request);
  };
}

/** Plays `script` for this fraction of the requests, by the given random source (0 to 1). */
export function sometimes(options: {
  readonly fraction: number;
  readonly random: () => number;
  readonly script: Script;
  readonly otherwise?: Script;
}): Script {
  return (request) => choose(options.random() < options.fraction ? options.script : (options.otherwise ?? OK), request);
}

export function choose(script: Script, request: ReceivedRequest): Behaviour {
  return typeof script === 'function' ? script(request) : script;
}
