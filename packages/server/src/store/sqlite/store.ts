import type { Clock } from '../../domain/clock.ts';
import {
  DISK_FREE_RATIO_MIN,
  STORE_QUEUE_BYTES_MAX,
  STORE_QUEUE_ROW_BYTES,
  STORE_QUEUE_UNITS_MAX,
} from '../../domain/limits.ts';
import { type AcceptUnit, type Change, type Currency, type RecordUnit, type Store, StoreUnavailable } from '../port.ts';
import { Trouble, type TroubleTelemetry } from '../trouble.ts';
import type { DiskWatch } from './disk.ts';
import { GroupCommit } from './group-commit.ts';
import type { ReaderLink, WriterLink } from './link.ts';
import type { FileLock } from './lock.ts';
import { spaceOf } from './space.ts';
import { acceptCodec } from './wire/accept.ts';
import type { UnitCodec } from './wire/batch.ts';
import { claimCodec, releaseCodec, takeDueCodec } from './wire/claim.ts';
import { applyCodec, housekeepCodec, pingCodec, pruneCodec, resealCodec } from './wire/rare.ts';
import { recordCodec } from './wire/record.ts';

/** The log is copied into the database when it has this many pages: 32 MiB. */
const WAL_FRAMES_MAX = 4_096;

const DISK_LOW = `less than ${DISK_FREE_RATIO_MIN * 100} % of the disk is free`;

/** Listeners are told of a change before it is answered, and nobody else changes anything. */
const ALWAYS_CURRENT: Currency = { goodUntil: Number.POSITIVE_INFINITY, renew: async () => true };

/** What the store tells of itself. */
export type StoreTelemetry = TroubleTelemetry & {
  storeCommitted(units: number, durationMs: number): void;
  /** One step of the tables to a newer release's, in a file that was there before. */
  storeMigrated?(step: { readonly from: number; readonly to: number; readonly durationMs: number }): void;
};

export type SqliteStoreParts = {
  readonly writer: WriterLink;
  readonly reader: ReaderLink;
  readonly clock: Clock;
  readonly disk: DiskWatch | null;
  /** For its size; none for a database in memory. */
  readonly path?: string;
  readonly defer: (callback: () => void) => void;
  readonly lock: FileLock | null;
  readonly telemetry: StoreTelemetry | null;
  /** Is told once when a thread that the store cannot do without ended: only another start helps. */
  readonly onFatal: ((cause: Error) => void) | null;
};

export function createSqliteStore(parts: SqliteStoreParts): Store {
  const { writer, clock } = parts;
  let fatal: Error | null = null;
  function end(cause: Error): void {
    if (fatal !== null) return;
    fatal = cause;
    parts.onFatal?.(cause);
  }
  const listeners: ((changes: readonly Change[]) => void)[] = [];
  const monotonic = (): number => clock.monotonic();
  const commitTrouble = new Trouble(monotonic, parts.telemetry);
  const diskTrouble = new Trouble(monotonic, parts.telemetry);
  const commits = new GroupCommit(watched(writer, commitTrouble, end), parts.defer, {
    monotonic,
    committed: (units, durationMs) => parts.telemetry?.storeCommitted(units, durationMs),
  });
  parts.reader.onGone(end);
  let closing: Promise<void> | null = null;

  const room = {
    get units() {
      return commits.isOpen ? Math.max(0, STORE_QUEUE_UNITS_MAX - commits.units) : 0;
    },
    get bytes() {
      return commits.isOpen ? Math.max(0, STORE_QUEUE_BYTES_MAX - commits.bytes) : 0;
    },
  };

  /** For work that can be refused. What the engine must be able to store is bounded by what it keeps in memory. */
  function submitIfRoom<Unit, Result>(
    codec: UnitCodec<Unit, Result>,
    unit: Unit,
    overheadBytes: number,
  ): Promise<Result> {
    const isFull = room.units === 0 || room.bytes < codec.slabBytes(unit) + overheadBytes;
    // What is larger than the whole queue goes when nothing else waits, or it would never.
    if (isFull && commits.isOpen && commits.units > 0) return Promise.reject(new StoreUnavailable('queue_full'));
    return commits.submit(codec, unit, overheadBytes);
  }

  function tell(changes: readonly Change[]): void {
    if (changes.length === 0) return;
    for (const listener of listeners) {
      try {
        listener(changes);
      } catch (error) {
        // A broken listener is a defect of its own: it must not keep the units of a whole batch from their answers.
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }

  /** Listeners are told while the answer is read, before any promise of its batch can run on. */
  function telling<Unit, Result extends { readonly changes: readonly Change[] }>(
    codec: UnitCodec<Unit, Result>,
  ): UnitCodec<Unit, Result> {
    return {
      ...codec,
      decode(unit, answer) {
        const outcome = codec.decode(unit, answer);
        tell(outcome.changes);
        return outcome;
      },
    };
  }
  const tellingApplyCodec = telling(applyCodec);
  const tellingResealCodec = telling(resealCodec);

  async function close(): Promise<void> {
    await commits.drain();
    parts.disk?.stop();
    await parts.reader.close();
    await writer.close();
    parts.lock?.release();
  }

  return {
    reader: parts.reader.reader,
    incarnation: writer.incarnation,
    clock,
    currency: ALWAYS_CURRENT,
    spreadMs: 0,
    recordWaitMs: 0,
    retentionUnitMs: 1,
    room,
    accept(unit) {
      if (parts.disk?.isLow === true) {
        diskTrouble.failed(DISK_LOW);
        return Promise.reject(new StoreUnavailable('disk_low'));
      }
      diskTrouble.worked();
      return submitIfRoom(acceptCodec, unit, acceptOverhead(unit));
    },
    record: (unit) => commits.submit(recordCodec, unit, recordOverhead(unit)),
    claim: (unit) => commits.submit(claimCodec, unit, STORE_QUEUE_ROW_BYTES),
    takeDue: (unit) => commits.submit(takeDueCodec, unit, STORE_QUEUE_ROW_BYTES),
    release: (unit) => commits.submit(releaseCodec, unit, STORE_QUEUE_ROW_BYTES),
    apply: async (commands) =>
      (await submitIfRoom(tellingApplyCodec, commands, STORE_QUEUE_ROW_BYTES * commands.length)).applied,
    housekeep: (step) => commits.submit(housekeepCodec, { step, now: clock.now() }, STORE_QUEUE_ROW_BYTES),
    prune: (unit) => commits.submit(pruneCodec, { ...unit, now: clock.now() }, STORE_QUEUE_ROW_BYTES),
    async reseal(unit) {
      const { changed } = await submitIfRoom(tellingResealCodec, unit, STORE_QUEUE_ROW_BYTES * unit.secrets.length);
      return { changed };
    },
    // One process owns the file.
    takeJob: async () => true,
    onLeasesLost() {},
    space: async () => await spaceOf(parts.path ?? null, parts.disk?.freeRatio ?? null),
    onChange(listener) {
      listeners.push(listener);
    },
    async ping() {
      if (fatal !== null) throw new StoreUnavailable('closed', { cause: fatal });
      if (parts.disk?.isLow === true) throw new StoreUnavailable('disk_low');
      await commits.submit(pingCodec, { now: clock.now() }, STORE_QUEUE_ROW_BYTES);
    },
    close() {
      closing ??= close();
      return closing;
    },
  };
}

/** The same link, which also keeps the log short, tells of trouble, and says when the writer is gone. */
function watched(writer: WriterLink, trouble: Trouble, end: (cause: Error) => void): WriterLink {
  return {
    ...writer,
    onAnswer(listener) {
      writer.onAnswer((answer) => {
        if (answer.failure === null) trouble.worked();
        else trouble.failed(answer.failure);
        if (answer.walFrames !== null && answer.walFrames > WAL_FRAMES_MAX) writer.checkpoint();
        listener(answer);
      });
    },
    onGone(listener) {
      writer.onGone((cause) => {
        listener(cause);
        end(cause);
      });
    },
  };
}

function acceptOverhead(unit: AcceptUnit): number {
  let rows = unit.events.length;
  for (const { deliveries } of unit.events) rows += deliveries.length;
  return rows * STORE_QUEUE_ROW_BYTES;
}

function recordOverhead(unit: RecordUnit): number {
  return (unit.outcomes.length + unit.health.length) * STORE_QUEUE_ROW_BYTES;
}
