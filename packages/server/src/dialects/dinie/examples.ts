import { ids } from './mapping.ts';

const endpoint = {
  id: ids.endpoint.example,
  url: 'https://hooks.example.com/dinie',
  events: ['customer.*', 'loan.disbursing'],
  description: 'Production',
  status: 'active',
  created_at: '2026-03-01T12:00:00.000Z',
  updated_at: '2026-03-01T12:00:00.000Z',
} as const;

/** What the documents show. No value here opens or signs anything. */
export const examples = {
  creation: { url: endpoint.url, events: endpoint.events, description: 'Production' },
  created: { ...endpoint, secret: 'whsec_…' },
  endpoint,
  endpoints: { data: [endpoint], has_more: false },
  update: { events: ['*'], status: 'disabled' },
  rotation: { expire_current_in: 3_600 },
  rotated: {
    id: ids.endpoint.example,
    secret: 'whsec_…',
    previous_secret_expires_at: '2026-03-01T13:00:00.000Z',
  },
} as const;
