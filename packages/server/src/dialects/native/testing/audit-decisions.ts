import { createHash, randomBytes } from 'node:crypto';
import { expect } from 'vitest';
import type { AuditAction } from '../../../domain/audit-action.ts';
import type { Answer, Ask, Json } from '../../testing/checked-client.ts';
import { createEndpoint, createKey, endedDelivery, type NativeWorld } from './native-world.ts';

type Expected = { readonly action: AuditAction; readonly target: string; readonly reason?: string };
/** Does one request that changes something, and says what the log must tell of it. */
type Deed = (does: Does) => Promise<Expected>;
type Does = (method: string, path: string, more?: Ask) => Promise<Answer>;
type Decision = 'reads' | { readonly keepsNone: string } | { readonly deed: (world: NativeWorld) => Promise<Deed> };

const audited = (deed: (world: NativeWorld) => Promise<Deed>): Decision => ({ deed });
/** Of a token that is imported. */
export const HASH = createHash('sha256').update('a token of a customer').digest('hex');

async function retiring(world: NativeWorld, path: string): Promise<string> {
  const rotated = await world.ask('POST', `${path}/rotate`, { json: { force: true } });
  expect(rotated.status).toBe(200);
  return rotated.json.retired.id;
}

export async function newOrganization(world: NativeWorld): Promise<string> {
  const made = await world.ask('POST', '/organizations', { json: { name: 'Audited' } });
  return made.json.id;
}

async function delivered(world: NativeWorld): Promise<{ endpoint: Json; delivery: Json; eventId: string }> {
  const type = `audit.t${randomBytes(4).toString('hex')}`;
  const { endpoint } = await createEndpoint(world, { eventTypes: [type] });
  const { json } = await world.ask('POST', '/events', { json: { type, payload: { card: '4711-0815' } } });
  return { endpoint, delivery: await endedDelivery(world, endpoint.id), eventId: json.id };
}

/** What each operation leaves in the audit log. One that is not named here fails a test. */
export const DECISIONS: Readonly<Record<string, Decision>> = {
  listAudit: 'reads',
  listDeliveries: 'reads',
  listEndpointDeliveries: 'reads',
  readDelivery: 'reads',
  listEndpointAttempts: 'reads',
  searchAttempts: 'reads',
  followAttempts: 'reads',
  listEndpoints: 'reads',
  readEndpoint: 'reads',
  listEvents: 'reads',
  readEvent: 'reads',
  listEndpointSecrets: 'reads',
  listOrganizationSecrets: 'reads',
  planEndpointRotation: 'reads',
  planOrganizationRotation: 'reads',
  listKeys: 'reads',
  readMasterKeys: 'reads',
  listOrganizations: 'reads',
  readOrganization: 'reads',
  sendEvents: { keepsNone: 'an event is the record of itself, and there are millions of them' },
  createOrganization: audited(async () => async (does) => {
    const { json } = await does('POST', '/organizations', { json: { name: 'Made' } });
    return { action: 'organization.created', target: json.id };
  }),
  updateOrganization: audited(async (world) => {
    const id = await newOrganization(world);
    return async (does) => {
      await does('PATCH', `/organizations/${id}`, { json: { rotationPolicy: { maxLive: 3 } } });
      return { action: 'organization.updated', target: id };
    };
  }),
  createEndpoint: audited(async (world) => async (does) => {
    const url = `${world.running.receiver.url}?token=in-the-url`;
    const { json } = await does('POST', '/endpoints', { json: { url, headers: { 'x-token': 'header-material' } } });
    return { action: 'endpoint.created', target: json.endpoint.id };
  }),
  updateEndpoint: audited(async (world) => {
    const { endpoint } = await createEndpoint(world);
    return async (does) => {
      await does('PATCH', `/endpoints/${endpoint.id}`, { json: { headers: { 'x-token': 'header-material' } } });
      return { action: 'endpoint.updated', target: endpoint.id };
    };
  }),
  archiveEndpoint: audited(async (world) => {
    const { endpoint } = await createEndpoint(world);
    return async (does) => {
      await does('DELETE', `/endpoints/${endpoint.id}`);
      return { action: 'endpoint.archived', target: endpoint.id };
    };
  }),
  testEndpoint: audited(async (world) => {
    const { endpoint } = await createEndpoint(world);
    return async (does) => {
      await does('POST', `/endpoints/${endpoint.id}/test`);
      return { action: 'endpoint.tested', target: endpoint.id };
    };
  }),
  rotateEndpointSecret: audited(async (world) => {
    const { endpoint } = await createEndpoint(world);
    return async (does) => {
      const secret = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
      await does('POST', `/endpoints/${endpoint.id}/rotate`, { json: { reason: 'left the company', secret } });
      return { action: 'secret.rotated', target: endpoint.id, reason: 'left the company' };
    };
  }),
  rotateOrganizationSecret: audited(async (world) => {
    const id = await newOrganization(world);
    return async (does) => {
      await does('POST', `/organizations/${id}/rotate`, { json: { reason: 'compromise' } });
      return { action: 'secret.rotated', target: id, reason: 'compromise' };
    };
  }),
  revokeEndpointSecret: audited(async (world) => {
    const { endpoint } = await createEndpoint(world);
    const secretId = await retiring(world, `/endpoints/${endpoint.id}`);
    return async (does) => {
      await does('POST', `/endpoints/${endpoint.id}/secrets/${secretId}/revoke`);
      return { action: 'secret.revoked', target: endpoint.id };
    };
  }),
  revokeOrganizationSecret: audited(async (world) => {
    const id = await newOrganization(world);
    const secretId = await retiring(world, `/organizations/${id}`);
    return async (does) => {
      await does('POST', `/organizations/${id}/secrets/${secretId}/revoke`);
      return { action: 'secret.revoked', target: id };
    };
  }),
  createKey: audited(async () => async (does) => {
    const { json } = await does('POST', '/keys', { json: { scopes: ['events:read'] } });
    return { action: 'key.created', target: json.key.id };
  }),
  importKey: audited(async () => async (does) => {
    const { json } = await does('POST', '/keys', { json: { scopes: ['events:read'], tokenHash: HASH } });
    return { action: 'key.imported', target: json.key.id };
  }),
  revokeKey: audited(async (world) => {
    const { key } = await createKey(world, ['events:read']);
    return async (does) => {
      await does('POST', `/keys/${key.id}/revoke`);
      return { action: 'key.revoked', target: key.id };
    };
  }),
  eraseEventPayload: audited(async (world) => {
    const { eventId } = await delivered(world);
    return async (does) => {
      await does('DELETE', `/events/${eventId}/payload`);
      return { action: 'event.payload_erased', target: eventId };
    };
  }),
  resendDelivery: audited(async (world) => {
    const { delivery } = await delivered(world);
    return async (does) => {
      await does('POST', `/deliveries/${delivery.id}/resend`);
      return { action: 'delivery.resent', target: delivery.id };
    };
  }),
  recoverDeliveries: audited(async (world) => {
    const { endpoint } = await delivered(world);
    return async (does) => {
      const json = { since: endpoint.createdAt, statuses: ['succeeded'] };
      await does('POST', `/endpoints/${endpoint.id}/recover`, { json });
      return { action: 'deliveries.recovered', target: endpoint.id };
    };
  }),
  pruneEvents: audited(async () => async (does) => {
    await does('POST', '/maintenance/prune');
    return { action: 'events.pruned', target: 'events' };
  }),
  beginMasterKeyRotation: audited(async (world) => {
    const { json } = await world.ask('GET', '/master-key');
    return async (does) => {
      await does('POST', '/master-key/rotate');
      return { action: 'master_key.rotated', target: json.keyIds[0] };
    };
  }),
  resealUnderMasterKey: audited(async (world) => {
    const { json } = await world.ask('POST', '/master-key/rotate');
    return async (does) => {
      expect((await does('POST', '/master-key/reseal')).json.resealed).toBeGreaterThan(0);
      return { action: 'master_key.resealed', target: json.keyIds[0] };
    };
  }),
  finishMasterKeyRotation: audited(async (world) => {
    let cursor: string | null = null;
    do {
      const step: Answer = await world.ask('POST', '/master-key/reseal', cursor === null ? {} : { json: { cursor } });
      cursor = step.json.nextCursor;
    } while (cursor !== null);
    const { json } = await world.ask('GET', '/master-key');
    return async (does) => {
      await does('POST', '/master-key/finish');
      return { action: 'master_key.finished', target: json.keyIds[0] };
    };
  }),
};
