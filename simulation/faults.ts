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

export const FAULT_KINDS: readonly FaultKind[] = [
  ...(Object.keys(CALL_FAULTS) as CallFault[]), // Object.keys forgets the literal keys.
  ...WEATHER,
];

/** Calls between two faults of a kind, on average. */
const CALLS_BETWEEN: Readonly<Record<(typeof CALL_FAULTS)[CallFault], number>> = {
  store: 1_500,
  request: 3_000,
  read: 250,
  timer: 3_000,
  notification: 20,
  feed: 150,
};
/** Crashes cost a node what it remembered, so they are rarer than what else strikes the same calls. */
const CRASH_CALLS_BETWEEN: Readonly<Record<string, number>> = { store: 8_000, request: 12_000, timer: 12_000 };

/** Counts calls until the next fault of a kind. */
class Countdown {
  readonly #random: Random;
  readonly #mean: number;
  #left: number;

  constructor(random: Random, mean: number) {
    this.#random = random;
    this.#mean = mean;
    this.#left = this.#draw();
  }

  strikes(): boolean {
    this.#left -= 1;
    if (this.#left > 0) return false;
    this.#left = this.#draw();
    return true;
  }

  #draw(): number {
    return Math.ceil(this.#random.exponential(this.#mean));
  }
}

export class Faults {
  readonly counts = new Map<FaultKind, number>();
  readonly #countdowns = new Map<CallFault, Countdown>();
  readonly #enabled: ReadonlySet<FaultKind>;
  /** Off while the world is to come to rest. */
  on = true;
  onStruck: (kind: FaultKind) => void = () => {};

  constructor(random: Random, enabled: ReadonlySet<FaultKind>, rate: number) {
    this.#enabled = enabled;
    for (const [index, kind] of FAULT_KINDS.entries()) {
      if (!isCallFault(kind) || !enabled.has(kind)) continue;
      const calls = CALL_FAULTS[kind];
      const mean = (kind.startsWith('crash') ? CRASH_CALLS_BETWEEN[calls] : undefined) ?? CALLS_BETWEEN[calls];
      this.#countdowns.set(kind, new Countdown(random.fork(index), mean / rate));
    }
  }

  /** Whether this call is struck by it. */
  strikes(kind: CallFault): boolean {
    if (!this.on || this.#countdowns.get(kind)?.strikes() !== true) return false;
    this.count(kind);
    return true;
  }

  isEnabled(kind: FaultKind): boolean {
    return this.on && this.#enabled.has(kind);
  }

  count(kind: FaultKind): void {
    this.counts.set(kind, (this.counts.get(kind) ?? 0) + 1);
    this.onStruck(kind);
  }
}

function isCallFault(kind: FaultKind): kind is CallFault {
  return Object.hasOwn(CALL_FAULTS, kind);
}
