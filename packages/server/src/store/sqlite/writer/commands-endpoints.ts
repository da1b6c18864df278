import type { Endpoint } from '../../../domain/endpoint.ts';
import { settingsOf } from '../../rows.ts';
import type { WriteContext } from './context.ts';

export type EndpointCommands = {
  insert(endpoint: Endpoint): boolean;
  put(endpoint: Endpoint, expectedVersion: number, resetHealth: boolean): 'conflict' | 'applied' | 'woken';
  /** Whether it has that version. */
  has(id: string, version: number): boolean;
  wake(id: string): boolean;
  defer(id: string, dueAt: number): void;
};

export function createEndpointCommands({ db, directory, due }: WriteContext): EndpointCommands {
  const insert = db.prepare(`
    INSERT INTO endpoints (id, organization, url, status, status_reason, status_at, settings, version, created_at, updated_at)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`);
  const put = db.prepare(`
    UPDATE endpoints SET url = ?, status = ?, status_reason = ?, status_at = ?, settings = ?, version = ?, updated_at = ?,
      draining = ?
    WHERE number = ? AND version = ?`);
  const selectVersion = db.prepare('SELECT 1 FROM endpoints WHERE id = ? AND version = ?');
  const resetHealth = db.prepare(
    'UPDATE endpoint_health SET consecutive_failures = 0, failing_since = NULL WHERE endpoint = ?',
  );
  return {
    insert(endpoint) {
      const organization = directory.organization(endpoint.organizationId);
      if (organization === null) return false;
      const { kind, reason, at } = statusOf(endpoint);
      const { id, url, version, createdAt, updatedAt } = endpoint;
      const settings = settingsOf(endpoint);
      const { changes } = insert.run(id, organization, url, kind, reason, at, settings, version, createdAt, updatedAt);
      return changes === 1;
    },

    put(endpoint, expectedVersion, reset) {
      const entry = directory.endpoint(endpoint.id);
      if (entry === null || entry.organization !== directory.organization(endpoint.organizationId)) return 'conflict';
      const { kind, reason, at } = statusOf(endpoint);
      const { url, version, updatedAt } = endpoint;
      const settings = settingsOf(endpoint);
      const draining = kind === 'archived' ? 1 : 0;
      const { changes } = put.run(
        url,
        kind,
        reason,
        at,
        settings,
        version,
        updatedAt,
        draining,
        entry.number,
        expectedVersion,
      );
      if (changes !== 1) return 'conflict';
      if (reset) resetHealth.run(entry.number);
      const resumed = entry.status !== 'active' && kind === 'active';
      entry.status = kind;
      return resumed && due.wake(entry) ? 'woken' : 'applied';
    },

    has: (id, version) => selectVersion.get(id, version) !== undefined,

    wake(id) {
      const entry = directory.endpoint(id);
      return entry !== null && due.wake(entry);
    },

    defer(id, dueAt) {
      const entry = directory.endpoint(id);
      if (entry !== null) due.defer(entry, dueAt);
    },
  };
}

function statusOf({ status }: Endpoint): { kind: string; reason: string | null; at: number | null } {
  switch (status.kind) {
    case 'active':
      return { kind: status.kind, reason: null, at: null };
    case 'suspended':
      return { kind: status.kind, reason: status.reason, at: status.at };
    case 'archived':
      return { kind: status.kind, reason: null, at: status.at };
  }
}
