import { ids } from './mapping.ts';

const URL = 'https://hooks.example.com/thesignup';

const endpoint = {
  id: ids.endpoint.example,
  url: URL,
  description: 'Production',
  eventTypes: ['signup.created'],
  paused: false,
  pausedReason: null,
  pausedAt: null,
  consecutiveFailures: 0,
  lastSuccessAt: '2026-04-29T09:31:00.200Z',
  lastFailureAt: null,
  createdAt: '2026-04-26T12:00:00.000Z',
  updatedAt: '2026-04-29T09:30:00.000Z',
} as const;

/** What the documents show. No value here opens or signs anything. */
export const examples = {
  creation: { url: URL, description: 'Production', eventTypes: ['signup.created'] },
  update: { eventTypes: ['signup.*'], paused: false },
  endpoint,
  withSecret: { endpoint, signingSecret: 'whsec_…' },
  delivery: {
    id: ids.delivery.example,
    eventType: 'signup.created',
    status: 'delivered',
    attemptCount: 1,
    lastResponseStatus: 200,
    errorMessage: null,
    createdAt: '2026-04-29T09:31:00.000Z',
    deliveredAt: '2026-04-29T09:31:00.200Z',
    dlqAt: null,
  },
  replay: { id: ids.delivery.example, status: 'pending' },
  test: {
    delivered: false,
    responseStatus: 500,
    responseBody: 'oops',
    errorMessage: 'The endpoint answered with status 500.',
    latencyMs: 84,
  },
} as const;
