import type { Database, Statement } from './database.ts';
import { UnsuitableServer } from './errors.ts';

/** Is there from the first row of a transfer from SQLite until all of them are there and were compared. */
export const TRANSFER_TABLE = 'hookring_transfer';

const EXISTS: Statement = {
  name: 'unfinished_transfer',
  text: `SELECT to_regclass('${TRANSFER_TABLE}') IS NOT NULL`,
};

/** A server on half of a history would send what the other half says was sent. */
export async function refuseUnfinishedTransfer(database: Database, where: string): Promise<void> {
  const { rows } = await database.on('read').run(EXISTS);
  if (rows[0]?.[0] !== true) return;
  throw new UnsuitableServer(
    where,
    'a migration from SQLite into it is not finished. Run "hookring migrate-store" again: it goes on where it was',
  );
}
