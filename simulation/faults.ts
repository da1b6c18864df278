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

/**
 * Deliveries between two faults of a kind, on average, in a world that has that kind. What holds a node up for long is
 * rarer where deliveries come fast, or nothing else would happen there: see `weather.ts` and `crashRateOf` in `plan.ts`.
 */
export const DELIVERIES_BETWEEN: Readonly<Record<FaultKind, number>> = {
  'crash before a call to the store': 3_000,
  'crash after a call to the store took effect': 3_000,
  'crash before a request': 3_000,
  'crash after a request left': 3_000,
  // Most timers are called off before they fire.
  'crash before a timer': 2_000,
  'crash after a timer': 2_000,
  'store refused': 1_600,
  "store's answer late after its commit": 2_000,
  "store's answer lost after its commit": 2_000,
  'store slow': 1_500,
  'read refused': 700,
  'read slow': 700,
  'timer late': 1_000,
  'connection refused': 1_200,
  'name not found': 1_200,
  'reset before the receiver read it': 1_200,
  'reset after the receiver took it': 1_200,
  'answer lost after a 2xx': 1_200,
  'kept connection had died': 1_200,
  'timeout before the receiver read it': 1_200,
  'timeout after the receiver took it': 1_200,
  'notification lost': 1_000,
  'change feed delayed': 1_800,
  'disk full for a while': 3_500,
  'event loop held up': 3_500,
  'event loop held up past the lease': 2_400,
  'wall clock jumps forward': 4_000,
  'wall clock jumps back': 4_000,
  'node cut off from the database': 5_000,
  'node stopped and started': 6_500,
};
/**
 * Which of the calls that follow is struck, so that it is not always the one right behind the commit of new deliveries.
 * Requests are as many as deliveries, and of what comes seldom none is let pass.
 */
const CALLS_PASSED_MAX: Readonly<Record<Calls, number>> = {
  store: 16,
  request: 60,
  read: 24,
  timer: 16,
  notification: 8,
  feed: 8,
};

export type Calls = (typeof CALL_FAULTS)[CallFault];

export type FaultRates = {
  readonly enabled: ReadonlySet<FaultKind>;
  /** How much more often than usual things go wrong, and nodes crash. */
  readonly faultRate: number;
  readonly crashRate: number;
};

/** The faults that strike one kind of call, drawn as one: after how many deliveries the next, and which of them it is. */
class Stream {
  readonly #random: Random;
  readonly #kinds: readonly CallFault[];
  /** Of each kind with those before it, faults per delivery. */
  readonly #rates: readonly number[];
  readonly #passedMax: number;
  /** So many deliveries must have been made. */
  #dueAt: number;
  /** Calls until it strikes; none while it is not due. */
  #left = 0;

  constructor(random: Random, calls: Calls, rates: FaultRates) {
    this.#random = random;
    this.#kinds = CALL_KINDS.filter((kind) => CALL_FAULTS[kind] === calls && rates.enabled.has(kind));
    let sum = 0;
    this.#rates = this.#kinds.map((kind) => (sum += rateOf(kind, rates)));
    this.#passedMax = CALLS_PASSED_MAX[calls];
    this.#dueAt = this.#draw();
  }

  next(deliveries: number): CallFault | null {
    if (this.#left === 0) {
      if (deliveries < this.#dueAt) return null;
      this.#dueAt += this.#draw();
      this.#left = 1 + this.#random.below(this.#passedMax);
    }
    this.#left -= 1;
    if (this.#left > 0) return null;
    const wanted = this.#random.next() * (this.#rates.at(-1) ?? 0);
    return this.#kinds[this.#rates.findIndex((rate) => wanted < rate)] ?? null;
  }

  #draw(): number {
    const rate = this.#rates.at(-1) ?? 0;
    return rate === 0 ? Number.POSITIVE_INFINITY : this.#random.exponential(1 / rate);
  }
}

export class Faults {
  readonly counts = new Map<FaultKind, number>();
  inAll = 0;
  readonly #streams: Readonly<Record<Calls, Stream>>;
  readonly #enabled: ReadonlySet<FaultKind>;
  /** Made so far. */
  readonly #deliveries: () => number;
  /** Off while the world is to begin, and to come to rest. */
  on = true;
  onStruck: (kind: FaultKind) => void = () => {};

  constructor(random: Random, rates: FaultRates, deliveries: () => number) {
    this.#enabled = rates.enabled;
    this.#deliveries = deliveries;
    const streamOf = (calls: Calls, number: number): Stream => new Stream(random.fork(number), calls, rates);
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
    return this.on ? this.#streams[calls].next(this.#deliveries()) : null;
  }

  isEnabled(kind: FaultKind): boolean {
    return this.on && this.#enabled.has(kind);
  }

  count(kind: FaultKind): void {
    this.counts.set(kind, (this.counts.get(kind) ?? 0) + 1);
    this.inAll += 1;
    this.onStruck(kind);
  }
}

function rateOf(kind: CallFault, { faultRate, crashRate }: FaultRates): number {
  return (kind.startsWith('crash') ? crashRate : faultRate) / DELIVERIES_BETWEEN[kind];
}

/** As it is written on a command line. */
export function slugOf(kind: FaultKind): string {
  return kind.replaceAll("'", '').replaceAll(' ', '-');
}
