import { FIRST_TABLES } from './0001-first-tables.ts';

/** In order; the position is the schema version. Entries are only ever appended. */
export const MIGRATIONS: readonly string[] = [FIRST_TABLES];
