import { ids } from './mapping.ts';

const URL = 'https://hooks.example.com/moonborn';
const NEWER = ids.secret.example;
const OLDER = NEWER.replace(/.$/, '0');

const endpoint = {
  endpointId: ids.endpoint.example,
  orgId: ids.organization.example,
  url: URL,
  events: ['persona.created', 'generation.run.completed'],
  status: 'active',
  description: 'Production',
  secrets: [
    {
      secretId: NEWER,
      status: 'active',
      createdAt: '2026-04-29T09:30:00.000Z',
      activatedAt: '2026-04-29T09:30:00.000Z',
      expiresAt: null,
    },
  ],
  createdAt: '2026-04-26T12:00:00.000Z',
  updatedAt: '2026-04-29T09:30:00.000Z',
} as const;

const retiring = {
  secretId: OLDER,
  status: 'retiring',
  createdAt: '2026-04-26T12:00:00.000Z',
  activatedAt: '2026-04-26T12:00:00.000Z',
  expiresAt: '2026-04-29T10:30:00.000Z',
} as const;

/** What the documents show. No value here opens or signs anything. */
export const examples = {
  registration: { url: URL, events: ['persona.created', 'generation.run.completed'], description: 'Production' },
  registered: { endpoint, secretValue: 'whsec_…' },
  update: { events: ['*'], status: 'suspended' },
  endpoint,
  rotated: {
    endpoint: { ...endpoint, secrets: [...endpoint.secrets, retiring] },
    secretValue: 'whsec_…',
    retiredSecretId: OLDER,
  },
  delivery: {
    deliveryId: ids.delivery.example,
    endpointId: ids.endpoint.example,
    eventType: 'persona.created',
    eventId: 'evt_2026_04_29_0001',
    status: 'succeeded',
    attemptCount: 1,
    lastStatusCode: 200,
    lastErrorKind: null,
    scheduledAt: '2026-04-29T09:31:00.000Z',
    attemptedAt: '2026-04-29T09:31:00.000Z',
    completedAt: '2026-04-29T09:31:00.200Z',
  },
} as const;
