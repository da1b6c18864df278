import type { DatabaseSync } from 'node:sqlite';
import type { Sealed } from '../../../domain/secret.ts';
import { pageOf, TEXT_MAX } from '../../page.ts';
import { apiKeyOf, idempotencyOf, organizationOf } from '../../rows.ts';
import { text } from '../cells.ts';
import type { SyncReader } from './sync-reader.ts';

type Reads = Pick<
  SyncReader,
  | 'organization'
  | 'organizationByExternalId'
  | 'organizations'
  | 'apiKeyByHash'
  | 'apiKey'
  | 'apiKeys'
  | 'idempotency'
  | 'serviceKey'
>;

export function createOrganizationReads(db: DatabaseSync): Reads {
  const byId = db.prepare('SELECT * FROM organizations WHERE id = ?');
  const byExternalId = db.prepare('SELECT * FROM organizations WHERE external_id = ?');
  const list = db.prepare('SELECT * FROM organizations WHERE id < ? ORDER BY id DESC LIMIT ?');
  const keyByHash = db.prepare('SELECT * FROM api_keys WHERE token_hash = ?');
  const key = db.prepare('SELECT * FROM api_keys WHERE id = ? AND organization_id = ?');
  const keys = db.prepare('SELECT * FROM api_keys WHERE organization_id = ? AND id < ? ORDER BY id DESC LIMIT ?');
  const idempotency = db.prepare(
    'SELECT * FROM idempotency WHERE principal = ? AND route = ? AND key = ? AND expires_at > ?',
  );
  const serviceKey = db.prepare('SELECT sealed FROM service_keys WHERE name = ?');

  return {
    organization(id) {
      const row = byId.get(id);
      return row === undefined ? null : organizationOf(row);
    },
    organizationByExternalId(externalId) {
      const row = byExternalId.get(externalId);
      return row === undefined ? null : organizationOf(row);
    },
    organizations({ after, itemsMax }) {
      return pageOf(list.all(after ?? TEXT_MAX, itemsMax + 1), itemsMax, organizationOf, (row) => text(row['id']));
    },
    apiKeyByHash(tokenHash) {
      const row = keyByHash.get(tokenHash);
      return row === undefined ? null : apiKeyOf(row);
    },
    apiKey(organizationId, id) {
      const row = key.get(id, organizationId);
      return row === undefined ? null : apiKeyOf(row);
    },
    apiKeys(organizationId, { after, itemsMax }) {
      const rows = keys.all(organizationId, after ?? TEXT_MAX, itemsMax + 1);
      return pageOf(rows, itemsMax, apiKeyOf, (row) => text(row['id']));
    },
    idempotency(principal, route, idempotencyKey, now) {
      const row = idempotency.get(principal, route, idempotencyKey, now);
      return row === undefined ? null : idempotencyOf(row);
    },
    serviceKey(name) {
      const row = serviceKey.get(name);
      // Written by the vault.
      return row === undefined ? null : (text(row['sealed']) as Sealed);
    },
  };
}
