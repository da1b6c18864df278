import { FIRST_TABLES } from './0001-first-tables.ts';
import { AUDIT_AND_ERASURE } from './0002-audit-and-erasure.ts';

/** In order; the position is the schema version. Entries are only ever appended. */
export const MIGRATIONS: readonly string[] = [FIRST_TABLES, AUDIT_AND_ERASURE];
