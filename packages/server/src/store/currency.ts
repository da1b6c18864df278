import type { Clock, Timers } from '../domain/clock.ts';
import type { Change, Currency } from './port.ts';
import { type Moment, momentOf, sleptSince } from './sleep.ts';

/** So often others' changes are read. */
export const POLL_MS = 250;
/** Memory is good for so long from the beginning of the last good read. */
export const GOOD_MS = 700;
/** A read without an answer for so long has failed. */
export const READ_MS_MAX = 2_000;
/** However many notifications come, reads begin no closer together than this. */
const NUDGE_GAP_MS = 20;
/** After a read that failed nobody asks again for so long. */
const FAILED_PAUSE_MS = 50;
const HELD_UP = 'this process was held up';

export type ChangesRead = {
  /** What committed after the number that was asked for, in the order of commits. */
  readonly changes: readonly Change[];
  /** Of the newest change that was looked at: the next read goes on from there. */
  readonly lastNumber: number;
  /** When that was made, where it is still known: the store may have gone back and given its number again. */
  readonly lastAt?: number | null;
  /** More had committed than one read looks at. */
  readonly more: boolean;
  /** What the store's own clock said meanwhile, wall-clock milliseconds. */
  readonly databaseTime: number;
};

export type CurrencyTelemetry = {
  /** Memory cannot be vouched for any more: this node neither signs nor lets in before it has read again. */
  readonly memoryStale?: (cause: string) => void;
  readonly memoryCurrent?: (staleMs: number) => void;
};

/** Something else that is good until a monotonic time, such as the beat of the node. */
export type Limit = {
  readonly goodUntil: number;
  /** Of what memory is stale when this is past, for the log. */
  readonly cause: string;
  renew?(): Promise<unknown>;
};

export type CurrencyOptions = {
  /** The machine's. */
  readonly clock: Clock;
  readonly timers: Timers;
  /** `after` is null at first: then there is nothing to tell, since nothing was remembered before. */
  readonly readChanges: (after: number | null, at: number | null) => Promise<ChangesRead>;
  /** Puts them into memory, before it returns. */
  readonly tell: (changes: readonly Change[]) => void;
  /** The store's clock was seen at `databaseTime` between these monotonic times. */
  readonly onTime?: (sample: {
    readonly sentAt: number;
    readonly receivedAt: number;
    readonly databaseTime: number;
  }) => void;
  /** What must hold beside: memory is good no longer than these are. */
  readonly limits?: readonly Limit[];
  readonly telemetry?: CurrencyTelemetry | null;
};

export type NodeCurrency = Currency & {
  /** The first read; what there is to know is known from then on. Answers whether it went well. */
  start(): Promise<boolean>;
  /** Something changed, somebody says: reads at once. */
  nudge(): void;
  /** Reads no more. What was good stays so until its time. */
  stop(): void;
};

/**
 * How long this node may trust what it remembers, where others change it too.
 *
 * It is resting or reading, one read at a time, shared by all who ask. A read that began at a monotonic time and brought
 * everything up to its end makes memory good until GOOD_MS after its *beginning*: a change that it missed committed later
 * than that. A read that fails, or takes longer than READ_MS_MAX, changes nothing: memory is good until its time, and then
 * is not. Whatever holds this thread up holds up the reading, never the time at which trust ends; and where the monotonic
 * clock stood still with a suspended machine, trust ends when it wakes up.
 */
export function createCurrency(options: CurrencyOptions): NodeCurrency {
  const { clock, timers, readChanges, tell, limits = [], telemetry = null } = options;
  let position: number | null = null;
  let positionAt: number | null = null;
  let readUntil = Number.NEGATIVE_INFINITY;
  /** When the read began by which memory is good. */
  let readFrom: Moment = momentOf(clock);
  let underway: Promise<void> | null = null;
  let timer: { cancel(): void } | null = null;
  let timerAt = Number.POSITIVE_INFINITY;
  let beganAt = Number.NEGATIVE_INFINITY;
  let failedAt = Number.NEGATIVE_INFINITY;
  /** Of the last failure, for the log. */
  let cause = HELD_UP;
  /** Null while memory is good, as far as was told. */
  let staleSince: number | null = null;
  /** Somebody said that something changed, while a read was under way that may not have seen it. */
  let nudged = false;
  let started = false;
  let stopped = false;

  const isStopped = (): boolean => stopped;
  function goodUntil(): number {
    let until = sleptSince(clock, readFrom) ? Number.NEGATIVE_INFINITY : readUntil;
    for (const limit of limits) until = Math.min(until, limit.goodUntil);
    return until;
  }
  const isGood = (): boolean => clock.monotonic() < goodUntil();

  function watch(): void {
    if (!started || stopped) return;
    const now = clock.monotonic();
    const until = goodUntil();
    if (now < until) {
      if (staleSince !== null) telemetry?.memoryCurrent?.(now - staleSince);
      staleSince = null;
      return;
    }
    if (staleSince !== null) return;
    staleSince = Number.isFinite(until) ? until : now;
    telemetry?.memoryStale?.(limits.find((limit) => limit.goodUntil <= now)?.cause ?? cause);
  }

  function planAt(at: number): void {
    if (stopped || at >= timerAt) return;
    timer?.cancel();
    timerAt = at;
    timer = timers.setTimeout(
      () => {
        timerAt = Number.POSITIVE_INFINITY;
        watch();
        void read();
      },
      Math.max(0, at - clock.monotonic()),
    );
  }

  function read(): Promise<void> {
    if (stopped) return Promise.resolve();
    underway ??= readAll()
      .catch(failed)
      .finally(() => {
        underway = null;
        watch();
        planAt(Math.max(clock.monotonic(), beganAt + (nudged ? NUDGE_GAP_MS : POLL_MS)));
        nudged = false;
      });
    return underway;
  }

  function failed(error: unknown): void {
    failedAt = clock.monotonic();
    cause = error instanceof Error ? error.message : String(error);
  }

  /** Read by read, until one finds nothing behind what it brought. */
  async function readAll(): Promise<void> {
    timer?.cancel();
    timerAt = Number.POSITIVE_INFINITY;
    for (let more = true; more && !isStopped(); ) {
      const from = momentOf(clock);
      beganAt = from.monotonic;
      const [after, at] = [position, positionAt];
      const answer = await inTime(async () => await readChanges(after, at));
      const { changes, lastNumber, lastAt = null, databaseTime } = answer;
      options.onTime?.({ sentAt: beganAt, receivedAt: clock.monotonic(), databaseTime });
      // Nothing was remembered before the first read, unless it took several tries.
      if (after === null && Number.isFinite(failedAt)) tell([{ kind: 'everything' }]);
      if (changes.length > 0) tell(changes);
      position = lastNumber;
      positionAt = lastAt;
      ({ more } = answer);
      if (more) continue;
      readFrom = from;
      readUntil = from.monotonic + GOOD_MS;
    }
    cause = HELD_UP;
  }

  /** What comes too late is not heard. */
  async function inTime<T>(work: () => Promise<T>): Promise<T> {
    let deadline: { cancel(): void } | undefined;
    const late = new Promise<never>((_, reject) => {
      deadline = timers.setTimeout(() => reject(new Error(`no answer for ${READ_MS_MAX} ms`)), READ_MS_MAX);
    });
    try {
      return await Promise.race([work(), late]);
    } finally {
      deadline?.cancel();
    }
  }

  async function renew(): Promise<boolean> {
    // A store that refuses must not be asked once for each request that comes.
    if (underway === null && clock.monotonic() - failedAt < FAILED_PAUSE_MS) return isGood();
    const now = clock.monotonic();
    const past = limits.filter((limit) => limit.goodUntil <= now);
    await Promise.all([
      read(),
      ...past.map(async (limit) => await inTime(async () => await limit.renew?.()).catch(failed)),
    ]);
    return isGood();
  }

  return {
    get goodUntil() {
      return goodUntil();
    },
    renew,
    async start() {
      started = true;
      await read();
      return isGood();
    },
    nudge() {
      if (!started || stopped) return;
      if (underway === null) planAt(Math.max(clock.monotonic(), beganAt + NUDGE_GAP_MS));
      else nudged = true;
    },
    stop() {
      stopped = true;
      timer?.cancel();
    },
  };
}
