import type { Random } from './random.ts';

/**
 * What goes wrong. Some faults strike calls: once in so many of them. The others are weather: they come once in so many
 * virtual seconds, whatever is going on.
 */
export const CALL_FAULTS = {
  'crash before a call to the store': 'store',
  'crash after a call to the store took effect': 'store',
  'crash before a request': 'request',
  'crash after a request left': 'request',
  'crash before a timer': 'timer',
  'crash after a timer': 'timer',
  'store refused': 'store',
  "store's answer late after its commit": 'store',
  "store's answer lost after its commit": 'store',
  'store slow': 'store',
  'read refused': 'read',
  'read slow': 'read',
  'timer late': 'timer',
  'connection refused': 'request',
  'name not found': 'request',
  'reset before the receiver read it': 'request',
  'reset after the receiver took it': 'request',
  'answer lost after a 2xx': 'request',
  'kept connection had died': 'request',
  'timeout before the receiver read it': 'request',
  'timeout after the receiver took it': 'request',
  'notification lost': 'notification',
  'change feed delayed': 'feed',
} as const;

export const WEATHER = [
  'disk full for a while',
  'event loop held up',
  'event loop held up past the lease',
  'wall clock jumps forward',
  'wall clock jumps back',
  'node cut off from the database',
  'node stopped and started',
] as const;

export type CallFault = keyof typeof CALL_FAULTS;
export type WeatherFault = (typeof WEATHER)[number];
export type FaultKind = CallFault | WeatherFault;

const CALL_KINDS = Object.keys(CALL_FAULTS) as CallFault[]; // Object.keys forgets the literal keys.

export const FAULT_KINDS: readonly FaultKind[] = [...CALL_KINDS, ...WEATHER];

/** Calls between two faults of a kind, on average. */
const CALLS_BETWEEN: Readonly<Record<(typeof CALL_FAULTS)[CallFault], number>> = {
  store: 600,
  request: 1_500,
  read: 120,
  timer: 250,
  notification: 20,
  feed: 60,
};
/** Crashes cost a node what it remembered, so they are rarer than what else strikes the same calls. */
const CRASH_CALLS_BETWEEN: Readonly<Record<string, number>> = { store: 3_500, request: 15_000, timer: 1_500 };

export type Calls = (typeof CALL_FAULTS)[CallFault];

/** The faults that strike one kind of call, drawn as one: how many calls until the next, and which of them it is. */
class Stream {
  readonly #random: Random;
  readonly #kinds: readonly CallFault[];
  /** Of each kind with those before it, faults per call. */
  readonly #rates: readonly number[];
  #left: number;

  constructor(random: Random, kinds: readonly CallFault[], rate: number) {
    this.#random = random;
    this.#kinds = kinds;
    let sum = 0;
    this.#rates = kinds.map((kind) => (sum += rate / callsBetween(kind)));
    this.#left = this.#draw();
  }

  next(): CallFault | null {
    this.#left -= 1;
    if (this.#left > 0) return null;
    this.#left = this.#draw();
    const wanted = this.#random.next() * (this.#rates.at(-1) ?? 0);
    return this.#kinds[this.#rates.findIndex((rate) => wanted < rate)] ?? null;
  }

  #draw(): number {
    const rate = this.#rates.at(-1) ?? 0;
    return rate === 0 ? Number.POSITIVE_INFINITY : Math.ceil(this.#random.exponential(1 / rate));
  }
}

export class Faults {
  readonly counts = new Map<FaultKind, number>();
  readonly #streams: Readonly<Record<Calls, Stream>>;
  readonly #enabled: ReadonlySet<FaultKind>;
  /** Off while the world is to come to rest. */
  on = true;
  onStruck: (kind: FaultKind) => void = () => {};

  constructor(random: Random, enabled: ReadonlySet<FaultKind>, rate: number) {
    this.#enabled = enabled;
    const streamOf = (calls: Calls, number: number): Stream => {
      const kinds = CALL_KINDS.filter((kind) => CALL_FAULTS[kind] === calls && enabled.has(kind));
      return new Stream(random.fork(number), kinds, rate);
    };
    this.#streams = {
      store: streamOf('store', 1),
      request: streamOf('request', 2),
      read: streamOf('read', 3),
      timer: streamOf('timer', 4),
      notification: streamOf('notification', 5),
      feed: streamOf('feed', 6),
    };
  }

  /** What is to strike the next call of that kind, most often nothing. Whoever lets it happen counts it. */
  next(calls: Calls): CallFault | null {
    return this.on ? this.#streams[calls].next() : null;
  }

  isEnabled(kind: FaultKind): boolean {
    return this.on && this.#enabled.has(kind);
  }

  count(kind: FaultKind): void {
    this.counts.set(kind, (this.counts.get(kind) ?? 0) + 1);
    this.onStruck(kind);
  }
}

function callsBetween(kind: CallFault): number {
  const calls = CALL_FAULTS[kind];
  return (kind.startsWith('crash') ? CRASH_CALLS_BETWEEN[calls] : undefined) ?? CALLS_BETWEEN[calls];
}

/** As it is written on a command line. */
export function slugOf(kind: FaultKind): string {
  return kind.replaceAll("'", '').replaceAll(' ', '-');
}
