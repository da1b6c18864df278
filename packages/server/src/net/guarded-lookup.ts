import dns from 'node:dns/promises';
import type { LookupFunction } from 'node:net';
import type { AddressPolicy } from './address-policy.ts';
import { blockedAddress, NetRefusal } from './net-refusal.ts';

export type ResolvedAddress = { readonly address: string; readonly family: 4 | 6 };
export type Resolve = (hostname: string) => Promise<readonly ResolvedAddress[]>;

export type GuardedLookupOptions = {
  readonly policy: AddressPolicy;
  readonly monotonic: () => number;
  readonly resolve?: Resolve | undefined;
  /** Resolutions at the same time. See `LOOKUPS_MAX`. */
  readonly lookupsMax?: number | undefined;
  readonly lookupMsMax?: number | undefined;
  readonly cacheMs?: number | undefined;
};

/**
 * `dns.lookup` blocks a thread of libuv's pool, which has UV_THREADPOOL_SIZE threads (4 unless the environment says
 * otherwise before the process starts) and also serves files and cryptography. A name server that does not answer holds a
 * thread for 10 s and more, and nothing can take it back. So one thread is left to the others, and of the rest only half
 * serve hosts that have never resolved: a tenant's dead names queue behind each other, not in front of working receivers.
 */
const LOOKUPS_MAX = 3;
const LOOKUP_MS_MAX = 10_000;
const LOOKUP_QUEUE_MAX = 10_000;
/** Long enough for a burst of new connections, short enough that a changed record counts at once. */
const CACHE_MS = 5_000;
const CACHE_HOSTS_MAX = 4_096;
const PROVEN_HOSTS_MAX = 20_000;
const ADDRESSES_MAX = 16;

type Answer = { readonly addresses: readonly ResolvedAddress[] } | { readonly refusal: NetRefusal };
type Flight = {
  readonly hostname: string;
  readonly waiters: ((answer: Answer) => void)[];
  timer: NodeJS.Timeout | null;
  proven: boolean;
};

/**
 * Resolves names for the connector and passes on only addresses that the policy allows; the socket connects to these
 * very addresses, so no second answer can slip in between. A flight is one host's resolution: *queued* until a slot is
 * free, *running*, then *settled*; lookups of the same host join it. Past its time the waiters are told, a queued flight
 * is dropped, and a running one keeps its slot until the resolver lets go.
 */
export class GuardedLookup {
  readonly #policy: AddressPolicy;
  readonly #monotonic: () => number;
  readonly #resolve: Resolve;
  readonly #lookupsMax: number;
  readonly #unprovenMax: number;
  readonly #lookupMsMax: number;
  readonly #cacheMs: number;
  readonly #cache = new Map<string, { readonly addresses: readonly ResolvedAddress[]; readonly expiresAt: number }>();
  readonly #flights = new Map<string, Flight>();
  readonly #queued = { proven: new Set<Flight>(), unproven: new Set<Flight>() };
  /** Hosts whose last resolution succeeded, oldest first. */
  readonly #proven = new Set<string>();
  #running = 0;
  #runningUnproven = 0;

  constructor(options: GuardedLookupOptions) {
    this.#policy = options.policy;
    this.#monotonic = options.monotonic;
    this.#resolve = options.resolve ?? resolveWithSystem;
    this.#lookupsMax = Math.max(1, options.lookupsMax ?? LOOKUPS_MAX);
    this.#unprovenMax = Math.ceil(this.#lookupsMax / 2);
    this.#lookupMsMax = options.lookupMsMax ?? LOOKUP_MS_MAX;
    this.#cacheMs = options.cacheMs ?? CACHE_MS;
  }

  /** Node's own signature. Not called for IP literals: the connector checks those. */
  readonly lookup: LookupFunction = (hostname, options, callback) => {
    this.#find(hostname, (answer) => {
      if ('refusal' in answer) return callback(answer.refusal, '', 0);
      const wanted = options.family === 4 || options.family === 6 ? options.family : 0;
      const addresses = answer.addresses.filter(({ family }) => wanted === 0 || family === wanted);
      const [first] = addresses;
      if (first === undefined) return callback(new NetRefusal('dns', 'The host has no address of this family.'), '', 0);
      if (options.all === true) callback(null, [...addresses]);
      else callback(null, first.address, first.family);
    });
  };

  #find(hostname: string, waiter: (answer: Answer) => void): void {
    const cached = this.#cache.get(hostname);
    if (cached !== undefined) {
      if (cached.expiresAt > this.#monotonic()) {
        process.nextTick(waiter, { addresses: cached.addresses });
        return;
      }
      this.#cache.delete(hostname);
    }
    const flight = this.#flights.get(hostname);
    if (flight !== undefined) {
      flight.waiters.push(waiter);
      return;
    }
    if (this.#flights.size >= LOOKUP_QUEUE_MAX) {
      process.nextTick(waiter, { refusal: new NetRefusal('dns', 'Too many host names are being resolved.') });
      return;
    }
    this.#take(hostname, waiter);
  }

  #take(hostname: string, waiter: (answer: Answer) => void): void {
    const flight: Flight = { hostname, waiters: [waiter], timer: null, proven: this.#proven.has(hostname) };
    this.#flights.set(hostname, flight);
    flight.timer = setTimeout(() => {
      this.#queued.proven.delete(flight);
      this.#queued.unproven.delete(flight);
      this.#settle(flight, { refusal: new NetRefusal('dns', 'The host name did not resolve in time.') });
    }, this.#lookupMsMax);
    (flight.proven ? this.#queued.proven : this.#queued.unproven).add(flight);
    this.#startNext();
  }

  #startNext(): void {
    while (this.#running < this.#lookupsMax) {
      const flight = this.#nextFlight();
      if (flight === undefined) return;
      this.#running += 1;
      if (!flight.proven) this.#runningUnproven += 1;
      void this.#run(flight);
    }
  }

  #nextFlight(): Flight | undefined {
    const [proven] = this.#queued.proven;
    if (proven !== undefined) {
      this.#queued.proven.delete(proven);
      return proven;
    }
    if (this.#runningUnproven >= this.#unprovenMax) return undefined;
    const [unproven] = this.#queued.unproven;
    if (unproven !== undefined) this.#queued.unproven.delete(unproven);
    return unproven;
  }

  async #run(flight: Flight): Promise<void> {
    const answer = await this.#ask(flight.hostname);
    this.#running -= 1;
    if (!flight.proven) this.#runningUnproven -= 1;
    if ('addresses' in answer) this.#remember(flight.hostname, answer.addresses);
    this.#settle(flight, answer);
    this.#startNext();
  }

  async #ask(hostname: string): Promise<Answer> {
    try {
      const found = await this.#resolve(hostname);
      const addresses = found.filter(({ address }) => this.#policy.allows(address)).slice(0, ADDRESSES_MAX);
      if (addresses.length > 0) return { addresses };
      return { refusal: found.length > 0 ? blockedAddress() : notFound() };
    } catch {
      // The resolver's own message is not passed on: it can name the name server.
      return { refusal: notFound() };
    }
  }

  #remember(hostname: string, addresses: readonly ResolvedAddress[]): void {
    putLast(this.#cache, hostname, { addresses, expiresAt: this.#monotonic() + this.#cacheMs }, CACHE_HOSTS_MAX);
    this.#proven.delete(hostname);
    this.#proven.add(hostname);
    if (this.#proven.size > PROVEN_HOSTS_MAX) dropFirst(this.#proven);
  }

  #settle(flight: Flight, answer: Answer): void {
    // A flight that ran out of time was settled before its resolver came back.
    if (flight.timer === null) return;
    clearTimeout(flight.timer);
    flight.timer = null;
    this.#flights.delete(flight.hostname);
    if ('refusal' in answer) this.#proven.delete(flight.hostname);
    for (const waiter of flight.waiters) waiter(answer);
  }
}

function notFound(): NetRefusal {
  return new NetRefusal('dns', 'The host name does not resolve.');
}

const LOOPBACK: readonly ResolvedAddress[] = [
  { address: '127.0.0.1', family: 4 },
  { address: '::1', family: 6 },
];

/** The system's resolver, so that /etc/hosts and container networks count. RFC 6761 says what `localhost` is. */
async function resolveWithSystem(hostname: string): Promise<readonly ResolvedAddress[]> {
  if (hostname === 'localhost') return LOOPBACK;
  const found = await dns.lookup(hostname, { all: true });
  return found.map(({ address, family }) => ({ address, family: family === 6 ? 6 : 4 }));
}

function putLast<V>(map: Map<string, V>, key: string, value: V, sizeMax: number): void {
  map.delete(key);
  map.set(key, value);
  if (map.size > sizeMax) dropFirst(map);
}

function dropFirst(collection: Map<string, unknown> | Set<string>): void {
  const { value, done } = collection.keys().next();
  if (done !== true) collection.delete(value);
}
