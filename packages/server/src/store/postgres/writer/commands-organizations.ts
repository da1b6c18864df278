import type { ApiKey } from '../../../domain/api-key.ts';
import type { Organization } from '../../../domain/organization.ts';
import type { AuditRow } from '../../port.ts';
import type { Runner, Statement } from '../database.ts';

const INSERT: Statement = {
  name: 'organization_insert',
  text: `
    INSERT INTO organizations (id, external_id, name, rotation_policy, version, created_at, updated_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING`,
};
const PUT: Statement = {
  name: 'organization_put',
  text: `
    UPDATE organizations SET external_id = $1, name = $2, rotation_policy = $3, version = $4, updated_at = $5
    WHERE id = $6 AND version = $7`,
};
const INSERT_API_KEY: Statement = {
  name: 'api_key_insert',
  text: `
    INSERT INTO api_keys (id, organization_id, name, token_hash, hint, dialect, scopes, created_at, expires_at, revoked_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT DO NOTHING`,
};
const REVOKE_API_KEY: Statement = {
  name: 'api_key_revoke',
  text: 'UPDATE api_keys SET revoked_at = least(coalesce(revoked_at, $1), $1) WHERE id = $2',
};
const INSERT_SERVICE_KEY: Statement = {
  name: 'service_key_insert',
  text: 'INSERT INTO service_keys (name, sealed) VALUES ($1, $2) ON CONFLICT DO NOTHING',
};
const REPLACE_SERVICE_KEY: Statement = {
  name: 'service_key_replace',
  text: 'UPDATE service_keys SET sealed = $1 WHERE name = $2 AND sealed = $3',
};
const APPEND_AUDIT: Statement = {
  name: 'audit_append',
  text: `
    INSERT INTO audit (id, at, organization_id, actor, action, target, reason, address, request_id, detail)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
};

// Each answers whether it could be applied.

export async function insertOrganization(runner: Runner, row: Organization): Promise<boolean> {
  const { id, externalId, name, rotationPolicy, version, createdAt, updatedAt } = row;
  const values = [id, externalId, name, JSON.stringify(rotationPolicy), version, createdAt, updatedAt];
  return (await runner.run(INSERT, values)).count === 1;
}

export async function putOrganization(runner: Runner, row: Organization, expectedVersion: number): Promise<boolean> {
  const { externalId, name, rotationPolicy, version, updatedAt, id } = row;
  const values = [externalId, name, JSON.stringify(rotationPolicy), version, updatedAt, id, expectedVersion];
  return (await runner.run(PUT, values)).count === 1;
}

export async function insertApiKey(runner: Runner, key: ApiKey): Promise<boolean> {
  const { id, organizationId, name, tokenHash, hint, dialect, createdAt, expiresAt, revokedAt } = key;
  const scopes = JSON.stringify(key.scopes);
  const values = [id, organizationId, name, tokenHash, hint, dialect, scopes, createdAt, expiresAt, revokedAt];
  return (await runner.run(INSERT_API_KEY, values)).count === 1;
}

export async function revokeApiKey(runner: Runner, id: string, at: number): Promise<boolean> {
  return (await runner.run(REVOKE_API_KEY, [at, id])).count === 1;
}

export async function putServiceKey(
  runner: Runner,
  name: string,
  sealed: string,
  replaces: string | null,
): Promise<boolean> {
  const { count } =
    replaces === null
      ? await runner.run(INSERT_SERVICE_KEY, [name, sealed])
      : await runner.run(REPLACE_SERVICE_KEY, [sealed, name, replaces]);
  return count === 1;
}

export async function appendAudit(runner: Runner, row: AuditRow): Promise<void> {
  const { id, at, organizationId, actor, action, target, reason, address, requestId } = row;
  const detail = JSON.stringify(row.detail);
  await runner.run(APPEND_AUDIT, [id, at, organizationId, actor, action, target, reason, address, requestId, detail]);
}
