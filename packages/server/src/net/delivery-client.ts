import type { Client } from 'undici';
import type { AddressPolicy } from './address-policy.ts';
import { RESPONSE_HEADER_BYTES_MAX } from './bounded-reads.ts';
import { WheelDriver } from './deadline-wheel.ts';
import { Exchange, type ExchangeTools } from './exchange.ts';
import { type ConnectContext, createGuardedConnector, type TlsOptions } from './guarded-connector.ts';
import { GuardedLookup, type Resolve } from './guarded-lookup.ts';
import { NetRefusal } from './net-refusal.ts';
import { OriginPools } from './origin-pools.ts';
import type { Sender, SendRequest, SendResult } from './sender.ts';

export type DeliveryClientOptions = {
  readonly policy: AddressPolicy;
  /** Milliseconds of a clock that never steps back. */
  readonly monotonic?: (() => number) | undefined;
  readonly resolve?: Resolve | undefined;
  /** Names resolved at the same time: UV_THREADPOOL_SIZE less one. */
  readonly lookupsMax?: number | undefined;
  readonly tls?: TlsOptions | undefined;
  /** Past this many open sockets a connection is closed after its answer instead of kept. */
  readonly keptSocketsMax?: number | undefined;
  /** Connections older than this take no new request, so that a changed DNS record counts under constant load too. */
  readonly connectionMsMax?: number | undefined;
};

/** Receivers close idle connections after 5 s (Node) and more; a request that meets the closing is lost. */
const IDLE_MS = 4_000;
const IDLE_MS_MAX = 30_000;
const KEPT_SOCKETS_MAX = 4_096;
const CONNECTION_MS_MAX = 5 * 60_000;
/** No compression: a small body must not become a large one here. */
const ENCODING_HEADER = ['accept-encoding', 'identity'];

type Target = { readonly origin: string; readonly path: string };

/** Builds the one sender of a node. */
export function createDeliveryClient(options: DeliveryClientOptions): Sender {
  const monotonic = options.monotonic ?? (() => performance.now());
  const context: ConnectContext = { dispatching: null, ending: null, reading: null, openSockets: 0 };
  const tools: ExchangeTools = { wheel: new WheelDriver(monotonic), context, monotonic };
  const lookup = new GuardedLookup({
    policy: options.policy,
    monotonic,
    resolve: options.resolve,
    lookupsMax: options.lookupsMax,
  });
  const connect = createGuardedConnector({ policy: options.policy, lookup, monotonic, context, tls: options.tls });
  const pools = new OriginPools({
    client: clientOptions(connect),
    poolMsMax: options.connectionMsMax ?? CONNECTION_MS_MAX,
  });
  const keptSocketsMax = options.keptSocketsMax ?? KEPT_SOCKETS_MAX;
  const targets = new WeakMap<URL, Target>();
  let closing: Promise<void> | null = null;

  function start(request: SendRequest, exchange: Exchange): void {
    if (closing !== null) {
      exchange.onResponseError(null, new NetRefusal('closed', 'The sender was shut down.'));
      return;
    }
    let target = targets.get(request.url);
    if (target === undefined) {
      target = { origin: request.url.origin, path: request.url.pathname + request.url.search };
      targets.set(request.url, target);
    }
    const connection = pools.get(target.origin, exchange.startedAt).take();
    exchange.connection = connection;
    context.dispatching = exchange;
    connection.client.dispatch(
      {
        path: target.path,
        method: 'POST',
        headers: ENCODING_HEADER.concat(request.headers),
        body: request.body,
        reset: context.openSockets > keptSocketsMax,
      },
      exchange,
    );
    context.dispatching = null;
  }

  return {
    send(request): Promise<SendResult> {
      return new Promise((resolve) => {
        start(request, new Exchange(tools, request, resolve));
      });
    },
    close(): Promise<void> {
      closing ??= pools.close();
      return closing;
    },
    destroy(): Promise<void> {
      closing ??= Promise.resolve();
      return pools.destroy();
    },
  };
}

function clientOptions(connect: ReturnType<typeof createGuardedConnector>): Client.Options {
  return {
    connect,
    pipelining: 1,
    allowH2: false,
    // Not by an environment variable either: the experimental parser has other limits.
    useMilo: false,
    maxHeaderSize: RESPONSE_HEADER_BYTES_MAX,
    // Both are idle timers, which a byte per second keeps at bay. The deadline of the exchange covers the whole.
    headersTimeout: 0,
    bodyTimeout: 0,
    keepAliveTimeout: IDLE_MS,
    keepAliveMaxTimeout: IDLE_MS_MAX,
  };
}
