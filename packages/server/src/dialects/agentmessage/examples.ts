import { ids } from './mapping.ts';

const endpoint = {
  id: ids.endpoint.example,
  org_id: ids.organization.example,
  url: 'https://hooks.example.com/y3labs/ops',
  events: ['wallet.balance_low'],
  active: true,
  api_version: '2026-04-01',
  created_at: '2026-04-26T12:00:00Z',
  updated_at: '2026-04-29T09:30:00Z',
  deleted_at: null,
} as const;

/** What the documents show. No value here opens or signs anything. */
export const examples = {
  creation: { url: endpoint.url, events: endpoint.events, description: 'Operations' },
  update: { events: ['wallet.balance_low', 'wallet.balance_zero'], active: false },
  endpoint,
  withSecret: { ...endpoint, secret: 'BU3a…l8Z0=', secret_displayed_once: true },
  endpoints: { success: true, data: [endpoint], meta: { total: 1, limit: 50, offset: 0, next_cursor: null } },
  tested: {
    event_id: 'evt_01jtbqh2fze8k8rkc0wh4s9p3v',
    outcome: 'success',
    url: endpoint.url,
    response_status: 200,
    response_time_ms: 84,
    response_body_excerpt: 'ok',
    error: null,
  },
  organizationSecret: {
    webhook_secret: 'q1Zx…Yw4=',
    rotated_at: '2026-04-29T09:30:00Z',
    previous_valid_until: '2026-04-29T09:35:00Z',
  },
  deliveries: {
    success: true,
    data: [
      {
        id: ids.attempt.example,
        endpoint_id: ids.endpoint.example,
        event_id: 'evt_01jtbqh2fze8k8rkc0wh4s9p3v',
        event_type: 'wallet.balance_low',
        outcome: 'retry',
        attempt: 1,
        http_status: 503,
        response_time_ms: 84,
        response_body_excerpt: 'try later',
        error: null,
        created_at: '2026-04-29T09:31:00Z',
      },
    ],
    meta: { limit: 50, next_cursor: null },
  },
} as const;
