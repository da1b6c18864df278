import type { Fault } from './fault.ts';
import { DATABASE } from './rows/database.ts';
import { DISK_FULL, DISK_READ_ONLY } from './rows/disk.ts';
import { DNS } from './rows/dns.ts';
import { FREEZE } from './rows/freeze.ts';
import { HOSTILE } from './rows/hostile.ts';
import { KILLS } from './rows/kill.ts';
import { PARTITION, PARTITION_ALL } from './rows/partition.ts';
import { TORN_LOG } from './rows/torn-log.ts';

/** In the order of the page. */
export const MATRIX: readonly Fault[] = [
  ...KILLS,
  FREEZE,
  ...DATABASE,
  PARTITION,
  PARTITION_ALL,
  DISK_FULL,
  DISK_READ_ONLY,
  TORN_LOG,
  ...HOSTILE,
  DNS,
];
