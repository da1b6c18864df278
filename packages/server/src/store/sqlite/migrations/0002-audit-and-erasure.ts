const ALPHABET = "'0123456789abcdefghjkmnpqrstvwxyz'";
/** One character of a TypeID that stands for the lowest five bits of an SQL expression. */
const character = (bits: string): string => `substr(${ALPHABET}, ((${bits}) & 31) + 1, 1)`;
/** The ten characters of the time, then version, variant and 74 random bits, as `ids.ts` makes them. */
const SUFFIX = [
  ...[45, 40, 35, 30, 25, 20, 15, 10, 5, 0].map((shift) => character(`at >> ${shift}`)),
  character('14 | (random() & 1)'),
  character('random()'),
  character('random()'),
  character('8 | (random() & 19)'),
  ...Array.from({ length: 12 }, () => character('random()')),
].join(' ||\n  ');

/**
 * Says where an audited request came from, and lets nobody rewrite what was audited; rows from before get the id that
 * they lack first. An event whose payload was erased keeps its row, so that its history can still be read.
 */
export const AUDIT_AND_ERASURE = `
ALTER TABLE audit ADD COLUMN address TEXT;
ALTER TABLE audit ADD COLUMN id TEXT;
ALTER TABLE audit ADD COLUMN request_id TEXT;
UPDATE audit SET
  id = 'aud_' || ${SUFFIX},
  request_id = json_extract(detail, '$.requestId'),
  detail = json_remove(detail, '$.requestId');

CREATE TRIGGER audit_keeps_rows BEFORE DELETE ON audit
BEGIN
  SELECT RAISE(ABORT, 'the audit log is append-only');
END;

CREATE TRIGGER audit_keeps_words BEFORE UPDATE ON audit
BEGIN
  SELECT RAISE(ABORT, 'the audit log is append-only');
END;

-- A table of its own: SQLite reads a whole table to give it another column, and events are all there is.
CREATE TABLE erasures (
  event INTEGER PRIMARY KEY,
  at INTEGER NOT NULL
) STRICT;

CREATE INDEX secrets_active ON secrets (activates_at) WHERE superseded_at IS NULL AND ends_at IS NULL;
`;
