import { number } from '../cells.ts';
import type { StoreSpace } from '../port.ts';
import type { Database, Statement } from './database.ts';

const SIZE: Statement = { name: 'space', text: 'SELECT pg_database_size(current_database())' };

/** The log and the disk are the server's own matter: it tells them to administrators alone. */
export async function spaceOf(database: Database): Promise<StoreSpace> {
  const { rows } = await database.on('read').run(SIZE);
  return { databaseBytes: number(rows[0]?.[0]), logBytes: null, diskFreeRatio: null };
}
