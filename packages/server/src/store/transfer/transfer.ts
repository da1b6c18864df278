import { TransferRefusal } from './refusal.ts';
import type { Source } from './source.ts';
import { TABLES, type TableTransfer } from './tables.ts';
import type { Target } from './target.ts';

/** Counts and checksums of one table on both sides. */
export type Compared = {
  readonly table: string;
  readonly source: { readonly rows: number; readonly checksum: string };
  readonly target: { readonly rows: number; readonly checksum: string };
  readonly equal: boolean;
};

export type TransferProgress = { readonly done: number; readonly total: number; readonly text: string };
export type TransferOptions = {
  readonly source: Source;
  readonly target: Target;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: TransferProgress) => void;
};

export type Copied = {
  /** It went on where an earlier one was ended. */
  readonly resumed: boolean;
  /** Texts of this run that lost a character which PostgreSQL cannot keep. */
  readonly cleaned: number;
};

/** Copies what is not there yet. It can be ended at any moment, and goes on from there. */
export async function copyAll({ source, target, signal, onProgress }: TransferOptions): Promise<Copied> {
  const resumed = await target.begin(source.identity);
  const total = TABLES.reduce((sum, { table }) => sum + (source.counts.get(table) ?? 0), 0);
  const reached = await target.progress();
  let done = [...reached.values()].reduce((sum, { rows }) => sum + rows, 0);
  let cleaned = 0;
  for (const table of TABLES) {
    let { cursor, isFinished } = reached.get(table.table) ?? { cursor: null, isFinished: false };
    while (!isFinished) {
      await breath(signal);
      onProgress({ done, total, text: `copying ${table.table}` });
      const batch = source.batch(table, cursor);
      await target.store(table, cursor, batch);
      done += batch?.rows.length ?? 0;
      cleaned += batch?.cleaned ?? 0;
      cursor = batch?.cursor ?? cursor;
      isFinished = batch?.isLast ?? true;
    }
  }
  onProgress({ done, total, text: 'counting' });
  await target.settle();
  return { resumed, cleaned };
}

/** Reads both sides from one end to the other. */
export async function compareAll({
  source,
  target,
  signal,
  onProgress,
}: TransferOptions): Promise<readonly Compared[]> {
  const total = TABLES.reduce((sum, { table }) => sum + (source.counts.get(table) ?? 0), 0);
  const compared: Compared[] = [];
  let done = 0;
  for (const table of TABLES) {
    const text = `comparing ${table.table}`;
    onProgress({ done, total, text });
    // PostgreSQL adds up its side meanwhile.
    const there = target.sum(table);
    // It is waited for below; until then nobody else would look at its failure.
    there.catch(() => {});
    const here = await sumOf(source, table, signal, (rows) => onProgress({ done: done + rows, total, text }));
    const found = await there;
    const equal = here.rows === found.rows && here.checksum === found.checksum;
    compared.push({ table: table.table, source: here, target: found, equal });
    done += here.rows;
  }
  return compared;
}

async function sumOf(source: Source, table: TableTransfer, signal: AbortSignal, onRows: (rows: number) => void) {
  const sums = source.sums(table);
  for (;;) {
    await breath(signal);
    const { value, done } = sums.next();
    onRows(value.rows);
    if (done === true) return { rows: value.rows, checksum: value.checksum };
  }
}

/** Signals are heard between the steps only. */
async function breath(signal: AbortSignal): Promise<void> {
  await new Promise((resolve) => {
    setImmediate(resolve);
  });
  if (signal.aborted) throw new TransferRefusal('cancelled', 'stopped; run it again, and it goes on where it was');
}
