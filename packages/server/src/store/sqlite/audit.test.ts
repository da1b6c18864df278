import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import { parseId, timeOfId, uuidOf } from '../../domain/ids.ts';
import type { AuditFilter } from '../port.ts';
import { IN_MEMORY, openWriterConnection } from './connection.ts';
import { migrate } from './migrate.ts';
import { FIRST_TABLES } from './migrations/0001-first-tables.ts';
import { MIGRATIONS } from './migrations/registry.ts';
import { AUDIT_SCAN_ROWS_MAX } from './reader/audit.ts';
import { createSyncReader } from './reader/reader.ts';

const OPEN: AuditFilter = {
  organizationId: null,
  actor: null,
  action: null,
  target: null,
  since: null,
  until: null,
};
const AT = Date.UTC(2026, 10, 21, 12, 34, 56, 789);

describe('the audit log in SQLite', () => {
  it('refuses to change or to delete a line, whatever asks', () => {
    const db = openWriterConnection(IN_MEMORY);
    const insert = `INSERT INTO audit (id, at, organization_id, actor, action, target, detail)
      VALUES ('aud_1', 1, 'org_1', 'a', 'key.revoked', 't', '{}')`;
    db.exec(insert);
    for (const sql of ["UPDATE audit SET actor = 'b'", 'UPDATE audit SET number = 9', 'DELETE FROM audit']) {
      expect(() => db.exec(sql)).toThrow('the audit log is append-only');
    }
    expect(createSyncReader(db).audit(OPEN, { after: null, itemsMax: 9 }).items).toMatchObject([{ actor: 'a' }]);
  });

  it('looks at so many lines for a page, and says where the next one goes on', () => {
    const db = openWriterConnection(IN_MEMORY);
    const rows = AUDIT_SCAN_ROWS_MAX + 500;
    db.exec(`INSERT INTO audit (id, at, organization_id, actor, action, target, detail)
      WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${rows})
      SELECT 'aud_' || i, i, 'org_1', CASE i WHEN 1 THEN 'rare' ELSE 'usual' END, 'key.revoked', 't', '{}' FROM n`);
    const reader = createSyncReader(db);
    for (const organizationId of [null, 'org_1'] as const) {
      const filter = { ...OPEN, organizationId, actor: 'rare' };
      const first = reader.audit(filter, { after: null, itemsMax: 10 });
      expect(first).toEqual({ items: [], nextCursor: '501' });
      const second = reader.audit(filter, { after: first.nextCursor, itemsMax: 10 });
      expect([second.items.map(({ id }) => id), second.nextCursor]).toEqual([['aud_1'], null]);
      // Exactly as many as may be looked at: the page that follows is empty, and the last.
      const edge = reader.audit({ ...filter, actor: 'none' }, { after: String(AUDIT_SCAN_ROWS_MAX + 1), itemsMax: 10 });
      expect(edge).toEqual({ items: [], nextCursor: '1' });
      expect(reader.audit(filter, { after: '1', itemsMax: 10 })).toEqual({ items: [], nextCursor: null });
    }
  });

  it('of a database from before keeps its lines, which get ids and lose nothing', () => {
    const db = new DatabaseSync(IN_MEMORY);
    db.exec(FIRST_TABLES);
    db.exec('PRAGMA application_id = 1215262571; PRAGMA user_version = 1');
    const insert = db.prepare(`INSERT INTO audit (at, organization_id, actor, action, target, reason, detail)
      VALUES (?, 'org_1', ?, 'secret.rotated', 'ep_1', 'why', ?)`);
    insert.run(AT, 'key_1', JSON.stringify({ secretId: 'sec_1', force: true, requestId: '01R' }));
    insert.run(AT + 1, 'system', JSON.stringify({ consecutiveFailures: 3 }));
    migrate(db, 'old.db');
    expect(db.prepare('PRAGMA user_version').get()).toEqual({ user_version: MIGRATIONS.length });
    const { items } = createSyncReader(db).audit(OPEN, { after: null, itemsMax: 9 });
    expect(items).toMatchObject([
      { actor: 'system', requestId: null, address: null, detail: { consecutiveFailures: 3 } },
      { actor: 'key_1', reason: 'why', requestId: '01R', address: null },
    ]);
    expect(items[1]?.detail).toEqual({ secretId: 'sec_1', force: true });
    for (const { id, at } of items) {
      expect(parseId('aud', id)).toBe(id);
      expect(timeOfId(id)).toBe(at);
      // Version and variant of a UUIDv7.
      expect(uuidOf(id)).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    }
    expect(new Set(items.map(({ id }) => id)).size).toBe(2);
  });
});
