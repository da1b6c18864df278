import { expect, it } from 'vitest';
import type { Secret } from '../public.ts';
import { encodeEndpoint } from './mapping.ts';

const NOW = 1_000_000;
const SECRET = {
  id: 'sec_01h455vb4pex5vsknk084sn02q',
  createdAt: 0,
  activatesAt: 0,
  supersededAt: null,
  expiresAt: null,
  revokedAt: null,
} as unknown as Secret;
const ENDPOINT = {
  id: 'ep_01h455vb4pex5vsknk084sn02q',
  organizationId: 'org_01h455vb4pex5vsknk084sn02q',
  url: '',
  eventTypes: null,
  status: { kind: 'active' },
  description: '',
  createdAt: 0,
  updatedAt: 0,
};

it.each([
  ['the active one', {}, 'active'],
  ['a staged one', { activatesAt: NOW + 1 }, 'staged'],
  ['a retiring one', { supersededAt: 1, expiresAt: NOW + 1 }, 'retiring'],
  ['one that ended since the ring was read', { supersededAt: 1, expiresAt: NOW }, 'retiring'],
  ['one that was revoked since', { supersededAt: 1, revokedAt: NOW }, 'retiring'],
])('the status of %s', (_name, times, status) => {
  const view = { endpoint: ENDPOINT, secrets: [{ ...SECRET, ...times }] };
  const shown = encodeEndpoint(view as unknown as Parameters<typeof encodeEndpoint>[0], NOW);
  expect(shown.secrets.map((secret) => secret.status)).toEqual([status]);
});
