import { isIP, type Socket } from 'node:net';
import { buildConnector } from 'undici';
import type { AddressPolicy } from './address-policy.ts';
import { boundReads, type ReadContext } from './bounded-reads.ts';
import type { GuardedLookup } from './guarded-lookup.ts';
import { blockedAddress, NetRefusal } from './net-refusal.ts';

/** The operator's TLS settings. Verification cannot be switched off. */
export type TlsOptions = { readonly ca?: string | readonly string[] | undefined };

export type ConnectPhase = 'dns' | 'connect' | 'tls' | 'connected';

/** One try to open a connection, with the times of its phases. */
export class ConnectAttempt {
  phase: ConnectPhase;
  readonly startedAt: number;
  resolvedAt: number | null = null;
  connectedAt: number | null = null;
  securedAt: number | null = null;
  isBlocked = false;
  socket: Socket | null = null;

  constructor(phase: ConnectPhase, startedAt: number) {
    this.phase = phase;
    this.startedAt = startedAt;
  }

  /** Ends a connection that nobody waits for any more. */
  cancel(): void {
    if (this.phase !== 'connected') this.socket?.destroy(CANCELLED);
  }
}

/**
 * undici does not say which request a connection is for. But it calls the connector inside `dispatch`, and starts or
 * fails the request inside the connector's callback; what is noted here during those calls ties them together.
 */
export type ConnectContext = ReadContext & {
  /** Set while a request is being dispatched: who a new connection is for. */
  dispatching: { attempt: ConnectAttempt | null } | null;
  /** Set while the end of an attempt is being told to undici. */
  ending: ConnectAttempt | null;
  openSockets: number;
};

export type GuardedConnectorOptions = {
  readonly policy: AddressPolicy;
  readonly lookup: GuardedLookup;
  readonly monotonic: () => number;
  readonly context: ConnectContext;
  readonly tls?: TlsOptions | undefined;
};

/** A backstop: the deadline of the request that waits for a connection is shorter, and cancels it. */
const CONNECT_MS_MAX = 60_000;
/** Node's 250 ms is less than one round trip around the world, and then it would give up on an address that works. */
const NEXT_ADDRESS_MS = 1_000;
const TLS_SESSIONS_MAX = 1_000;
const CANCELLED = new NetRefusal('timeout', 'The connection was given up.');

/** Opens connections to allowed addresses only. Every socket of a delivery comes from here. */
export function createGuardedConnector(options: GuardedConnectorOptions): buildConnector.connector {
  const { policy, monotonic, context } = options;
  const ca = options.tls?.ca;
  const open = buildConnector({
    lookup: options.lookup.lookup,
    autoSelectFamily: true,
    autoSelectFamilyAttemptTimeout: NEXT_ADDRESS_MS,
    allowH2: false,
    maxCachedSessions: TLS_SESSIONS_MAX,
    timeout: CONNECT_MS_MAX,
    minVersion: 'TLSv1.2',
    rejectUnauthorized: true,
    ...(ca === undefined ? {} : { ca: typeof ca === 'string' ? ca : [...ca] }),
  });

  return function connect(target, callback) {
    const literal = isIP(target.hostname) !== 0;
    const attempt = new ConnectAttempt(literal ? 'connect' : 'dns', monotonic());
    if (context.dispatching !== null) context.dispatching.attempt = attempt;
    const end = (error: Error | null, socket: Socket | null): void => {
      context.ending = attempt;
      try {
        if (socket !== null && error === null) callback(null, socket);
        else callback(error ?? blockedAddress(), null);
      } finally {
        context.ending = null;
      }
    };
    // Node calls no lookup for a literal, so this is the only check of one before packets leave.
    if (literal && !policy.allows(target.hostname)) {
      process.nextTick(end, blockedAddress(), null);
      return;
    }
    // `servername` is left out on purpose: undici takes it from a `host` header, and the name that is verified must be the URL's.
    const { host, hostname, protocol, port } = target;
    const opened: unknown = open(
      { hostname, protocol, port, ...(host === undefined ? {} : { host }) },
      (error, socket) => {
        if (error !== null) return end(error, null);
        attempt.connectedAt ??= monotonic();
        if (protocol === 'https:') attempt.securedAt = monotonic();
        if (attempt.isBlocked) return end(blockedAddress(), null);
        attempt.phase = 'connected';
        attempt.socket = null;
        end(null, socket);
      },
    );
    // Typed as void, but undici returns the socket.
    const socket = opened as Socket;
    boundReads(socket, context);
    watch(socket, attempt, protocol === 'https:', options);
  };
}

function watch(socket: Socket, attempt: ConnectAttempt, isTls: boolean, options: GuardedConnectorOptions): void {
  const { policy, monotonic, context } = options;
  attempt.socket = socket;
  context.openSockets += 1;
  socket.once('close', () => {
    context.openSockets -= 1;
  });
  socket.once('lookup', () => {
    attempt.resolvedAt = monotonic();
    if (attempt.phase === 'dns') attempt.phase = 'connect';
  });
  // In front of undici's own listener, so that a refused peer never gets a byte of a request.
  socket.prependOnceListener('connect', () => {
    attempt.connectedAt = monotonic();
    attempt.phase = isTls ? 'tls' : 'connect';
    if (socket.remoteAddress !== undefined && policy.allows(socket.remoteAddress)) return;
    attempt.isBlocked = true;
    socket.destroy(blockedAddress());
  });
}
