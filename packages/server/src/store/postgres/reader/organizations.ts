import type { Sealed } from '../../../domain/secret.ts';
import { text } from '../../cells.ts';
import { pageOf, TEXT_MAX } from '../../page.ts';
import type { Reader } from '../../reader.ts';
import { apiKeyOf, idempotencyOf, organizationOf } from '../../rows.ts';
import type { Statement } from '../database.ts';
import type { Queries } from './queries.ts';

type Reads = Pick<
  Reader,
  | 'organization'
  | 'organizationByExternalId'
  | 'organizations'
  | 'apiKeyByHash'
  | 'apiKey'
  | 'apiKeys'
  | 'idempotency'
  | 'serviceKey'
>;

const BY_ID: Statement = { name: 'read_organization', text: 'SELECT * FROM organizations WHERE id = $1' };
const BY_EXTERNAL_ID: Statement = {
  name: 'read_organization_by_external_id',
  text: 'SELECT * FROM organizations WHERE external_id = $1',
};
const LIST: Statement = {
  name: 'read_organizations',
  text: 'SELECT * FROM organizations WHERE id < $1 ORDER BY id DESC LIMIT $2',
};
const KEY_BY_HASH: Statement = {
  name: 'read_api_key_by_hash',
  text: 'SELECT * FROM api_keys WHERE token_hash = $1',
};
const KEY: Statement = {
  name: 'read_api_key',
  text: 'SELECT * FROM api_keys WHERE id = $1 AND organization_id = $2',
};
const KEYS: Statement = {
  name: 'read_api_keys',
  text: 'SELECT * FROM api_keys WHERE organization_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3',
};
const IDEMPOTENCY: Statement = {
  name: 'read_idempotency',
  text: 'SELECT * FROM idempotency WHERE principal = $1 AND route = $2 AND key = $3 AND expires_at > $4',
};
const SERVICE_KEY: Statement = {
  name: 'read_service_key',
  text: 'SELECT sealed FROM service_keys WHERE name = $1',
};

export function createOrganizationReads({ all, first }: Queries): Reads {
  return {
    async organization(id) {
      const row = await first(BY_ID, id);
      return row === undefined ? null : organizationOf(row);
    },
    async organizationByExternalId(externalId) {
      const row = await first(BY_EXTERNAL_ID, externalId);
      return row === undefined ? null : organizationOf(row);
    },
    async organizations({ after, itemsMax }) {
      const rows = await all(LIST, after ?? TEXT_MAX, itemsMax + 1);
      return pageOf(rows, itemsMax, organizationOf, (row) => text(row['id']));
    },
    async apiKeyByHash(tokenHash) {
      const row = await first(KEY_BY_HASH, tokenHash);
      return row === undefined ? null : apiKeyOf(row);
    },
    async apiKey(organizationId, id) {
      const row = await first(KEY, id, organizationId);
      return row === undefined ? null : apiKeyOf(row);
    },
    async apiKeys(organizationId, { after, itemsMax }) {
      const rows = await all(KEYS, organizationId, after ?? TEXT_MAX, itemsMax + 1);
      return pageOf(rows, itemsMax, apiKeyOf, (row) => text(row['id']));
    },
    async idempotency(principal, route, key, now) {
      const row = await first(IDEMPOTENCY, principal, route, key, now);
      return row === undefined ? null : idempotencyOf(row);
    },
    async serviceKey(name) {
      const row = await first(SERVICE_KEY, name);
      // Written by the vault.
      return row === undefined ? null : (text(row['sealed']) as Sealed);
    },
  };
}
