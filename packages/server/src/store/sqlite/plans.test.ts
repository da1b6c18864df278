import type { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import { text } from './cells.ts';
import { IN_MEMORY, openWriterConnection } from './connection.ts';
import { createSyncReader } from './reader/reader.ts';
import { createWriter } from './writer/writer.ts';

/** Statements that read a whole table on purpose: counts for metrics, which look at pages and at no row. */
const WHOLE_TABLE = new Set(['SELECT count(*) AS queued FROM queue', 'SELECT count(*) AS secrets FROM secrets']);

/** A walk over the rows of a bounded subquery (named s or q, or unnamed), or over an index that holds next to nothing. */
function isBounded(detail: string): boolean {
  return (
    /^SCAN (\(subquery-\d+\)|s|q|CONSTANT ROW|\d+ CONSTANT ROWS)$/.test(detail) ||
    detail === 'SCAN endpoints USING COVERING INDEX endpoints_draining' ||
    // Stops at FIGURES_COUNT_MAX.
    /^SCAN endpoints USING (COVERING )?INDEX endpoints_suspended$/.test(detail)
  );
}

function statementsOf(db: DatabaseSync): string[] {
  const statements = new Set<string>();
  const prepare = db.prepare.bind(db);
  db.prepare = (sql) => {
    statements.add(sql);
    return prepare(sql);
  };
  createWriter(db, 0);
  createSyncReader(db);
  db.prepare = prepare;
  return [...statements].filter((sql) => !sql.startsWith('PRAGMA'));
}

describe('query plans', () => {
  const db = openWriterConnection(IN_MEMORY);
  const statements = statementsOf(db);

  it('covers the statements of the writer and of the reader', () => {
    expect(statements.length).toBeGreaterThan(100);
  });

  it.each(statements.map((sql) => [sql.replaceAll(/\s+/g, ' ').trim(), sql] as const))('%s', (_name, sql) => {
    const plan = db.prepare(`EXPLAIN QUERY PLAN ${sql}`).all();
    const scans = plan
      .map((row) => text(row['detail']))
      .filter((detail) => detail.startsWith('SCAN') && !isBounded(detail));
    expect(WHOLE_TABLE.has(sql) ? [] : scans).toEqual([]);
  });

  it.each([
    ['claim', 'FROM queue q LEFT JOIN deliveries d', 'queue_waiting'],
    ['takeDue', 'FROM due_endpoints d JOIN endpoints e', 'due_endpoints_by_time'],
    ['expire held', "WHERE e.status = 'suspended'", 'endpoints_suspended'],
    ['living endpoints', "e.id < ? AND e.status <> 'archived'", 'endpoints_by_organization'],
    ['active endpoints', "status <> 'archived' AND status = 'active'", 'endpoints_subscribed'],
    ['attempts in the order of numbers', 'FROM attempts WHERE endpoint = ? AND number >= ?', 'attempts_by_endpoint'],
    ['the last attempt of a delivery', 'SELECT max(l.number)', 'attempts_by_delivery'],
    ['dead deliveries', "status = 'dead' AND number < ?2", 'deliveries_dead'],
    ['audit of an organization', 'FROM audit WHERE organization_id = ?', 'audit_by_organization'],
    ['audit of everyone', 'FROM audit WHERE  number >= ?', 'SEARCH audit USING INTEGER PRIMARY KEY'],
    ['prune idempotency', 'DELETE FROM idempotency', 'idempotency_by_expiry'],
    ['purge secrets', 'UPDATE secret_history SET sealed = NULL', 'secret_history_sealed'],
  ])('%s uses its own index, and sorts nothing', (_name, part, index) => {
    const [sql] = statements.filter((statement) => statement.includes(part));
    const plan = db
      .prepare(`EXPLAIN QUERY PLAN ${sql}`)
      .all()
      .map((row) => text(row['detail']));
    expect(plan.join('\n')).toContain(index);
    expect(plan.join('\n')).not.toContain('TEMP B-TREE');
  });
});

describe('schema', () => {
  it('is the committed one', async () => {
    const db = openWriterConnection(IN_MEMORY);
    const rows = db
      .prepare("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%' ORDER BY name")
      .all();
    const dump = rows.map((row) => `${text(row['sql'])};\n`).join('\n');
    await expect(dump).toMatchFileSnapshot('./schema.sql');
  });
});
