import { standardWebhooks } from '@hookring/signing';
import {
  accessTokens,
  apiKeys,
  type Dialect,
  defineDialect,
  type Envelope,
  PRODUCT_ROTATION_POLICY,
} from '../public.ts';
import { CATALOGUE } from './catalogue.ts';
import { ids } from './mapping.ts';
import { encodeProblem, rateLimitHeaders } from './problems.ts';
import { routes } from './routes.ts';
import { GRACE_SECONDS_DEFAULT, GRACE_SECONDS_MAX, ProblemSchema } from './schemas.ts';

const VERSION = '2026-03-01';

const ENVELOPE: Envelope = {
  members: [
    { name: 'api_version', value: { kind: 'literal', value: VERSION } },
    { name: 'created_at', value: { kind: 'occurredAt', format: 'iso8601' } },
    { name: 'data', value: { kind: 'payload' } },
    { name: 'delivery_id', value: { kind: 'deliveryId' } },
    { name: 'id', value: { kind: 'eventId' } },
    { name: 'timestamp', value: { kind: 'timestamp', format: 'iso8601' } },
    { name: 'type', value: { kind: 'eventType' } },
  ],
};

/** Dinie's webhook API, version 2026-03-01. */
export const dinie: Dialect = defineDialect({
  name: 'dinie',
  title: 'Dinie webhooks',
  description: 'Webhook endpoints and their signing secrets, as the API of Dinie has them.',
  version: VERSION,
  tokenPrefix: 'dn_live_',
  authenticate: [accessTokens, apiKeys()],
  ids,
  problems: { contentType: 'application/problem+json', schema: ProblemSchema, encode: encodeProblem },
  fieldNames: { eventTypes: 'events', graceSeconds: 'expire_current_in' },
  idempotencyHeaders: ['idempotency-key', 'x-idempotency-key'],
  rateLimitHeaders,
  headers: { version: VERSION },
  archivedEndpoints: 'hidden',
  endpointDefaults: {
    signatureProfile: standardWebhooks,
    envelope: ENVELOPE,
    retrySchedule: null,
    rotationPolicy: {
      ...PRODUCT_ROTATION_POLICY,
      grace: {
        defaultSeconds: GRACE_SECONDS_DEFAULT,
        minSeconds: 0,
        maxSeconds: GRACE_SECONDS_MAX,
        whenOmitted: 'default',
      },
      onOverlap: 'stack',
      maxLive: 10,
      whenFull: 'end_oldest',
    },
    catalogue: CATALOGUE,
    secretSpelling: 'whsec',
  },
  routes,
});
