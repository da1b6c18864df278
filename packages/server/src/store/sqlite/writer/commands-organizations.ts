import type { ApiKey } from '../../../domain/api-key.ts';
import type { Organization } from '../../../domain/organization.ts';
import type { AuditRow } from '../../port.ts';
import type { WriteContext } from './context.ts';

export type OrganizationCommands = {
  insert(organization: Organization): boolean;
  put(organization: Organization, expectedVersion: number): boolean;
  insertApiKey(key: ApiKey): boolean;
  revokeApiKey(id: string, at: number): boolean;
  putServiceKey(name: string, sealed: string, replaces: string | null): boolean;
  appendAudit(row: AuditRow): void;
};

/** Each answers whether it could be applied. */
export function createOrganizationCommands({ db }: WriteContext): OrganizationCommands {
  const insert = db.prepare(`
    INSERT INTO organizations (id, external_id, name, rotation_policy, version, created_at, updated_at)
    VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`);
  const put = db.prepare(`
    UPDATE OR IGNORE organizations SET external_id = ?, name = ?, rotation_policy = ?, version = ?, updated_at = ?
    WHERE id = ? AND version = ?`);
  const insertApiKey = db.prepare(`
    INSERT INTO api_keys (id, organization_id, name, token_hash, hint, dialect, scopes, created_at, expires_at, revoked_at)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`);
  const revokeApiKey = db.prepare('UPDATE api_keys SET revoked_at = min(coalesce(revoked_at, ?1), ?1) WHERE id = ?2');
  const insertServiceKey = db.prepare('INSERT INTO service_keys (name, sealed) VALUES (?, ?) ON CONFLICT DO NOTHING');
  const replaceServiceKey = db.prepare('UPDATE service_keys SET sealed = ? WHERE name = ? AND sealed = ?');
  const appendAudit = db.prepare(`
    INSERT INTO audit (id, at, organization_id, actor, action, target, reason, address, request_id, detail)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`);
  return {
    insert(row) {
      const policy = JSON.stringify(row.rotationPolicy);
      const { changes } = insert.run(
        row.id,
        row.externalId,
        row.name,
        policy,
        row.version,
        row.createdAt,
        row.updatedAt,
      );
      return changes === 1;
    },
    put(row, expectedVersion) {
      const policy = JSON.stringify(row.rotationPolicy);
      const { changes } = put.run(
        row.externalId,
        row.name,
        policy,
        row.version,
        row.updatedAt,
        row.id,
        expectedVersion,
      );
      return changes === 1;
    },
    putServiceKey(name, sealed, replaces) {
      const { changes } =
        replaces === null ? insertServiceKey.run(name, sealed) : replaceServiceKey.run(sealed, name, replaces);
      return changes === 1;
    },
    insertApiKey(key) {
      const { changes } = insertApiKey.run(
        key.id,
        key.organizationId,
        key.name,
        key.tokenHash,
        key.hint,
        key.dialect,
        JSON.stringify(key.scopes),
        key.createdAt,
        key.expiresAt,
        key.revokedAt,
      );
      return changes === 1;
    },
    revokeApiKey: (id, at) => revokeApiKey.run(at, id).changes === 1,
    appendAudit(row) {
      const detail = JSON.stringify(row.detail);
      appendAudit.run(
        row.id,
        row.at,
        row.organizationId,
        row.actor,
        row.action,
        row.target,
        row.reason,
        row.address,
        row.requestId,
        detail,
      );
    },
  };
}
