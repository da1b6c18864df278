import { AsyncLocalStorage } from 'node:async_hooks';

/** The HTTP request in which events came. */
export type TracedRequest = {
  /** Monotonic. */
  readonly arrivedAt: number;
  readonly requestId: string;
  readonly method: string;
  /** The pattern of the path, never the path itself. */
  readonly route: string | undefined;
  /** As it was sent. */
  readonly traceparent: string | undefined;
};

/** Hands the request to whatever runs in it, so that no layer between has to pass it on. */
export type RequestScope = {
  readonly run: (request: TracedRequest, handle: () => void) => void;
  readonly current: TracedRequest | null;
};

export function createRequestScope(): RequestScope {
  const storage = new AsyncLocalStorage<TracedRequest>();
  return {
    run: (request, handle) => storage.run(request, handle),
    get current() {
      return storage.getStore() ?? null;
    },
  };
}
