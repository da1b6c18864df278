/** "Hook" in ASCII: locks of this program, beside those of others in the same database. */
const SPACE = 0x486f6f6b;

// Held to the end of a transaction, so that they mean the same behind a pooler.
export const MIGRATION_LOCK = `${SPACE}, 1`;
export const PARTITIONS_LOCK = `${SPACE}, 2`;
