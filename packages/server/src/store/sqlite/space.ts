import { stat } from 'node:fs/promises';
import type { StoreSpace } from '../port.ts';

/** Sizes as the file system has them; a database in memory has no files. */
export async function spaceOf(path: string | null, diskFreeRatio: number | null): Promise<StoreSpace> {
  if (path === null) return { databaseBytes: null, logBytes: null, diskFreeRatio };
  const [databaseBytes, logBytes] = await Promise.all([bytesOf(path), bytesOf(`${path}-wal`)]);
  return { databaseBytes, logBytes, diskFreeRatio };
}

async function bytesOf(path: string): Promise<number | null> {
  try {
    return (await stat(path)).size;
  } catch {
    return null;
  }
}
