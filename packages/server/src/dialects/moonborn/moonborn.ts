import { stripeStyle } from '@hookring/signing';
import type { Static } from 'typebox';
import {
  apiKeys,
  type Dialect,
  defineDialect,
  PRODUCT_ROTATION_POLICY,
  sessionJwts,
  type ToldProblem,
} from '../public.ts';
import { CATALOGUE } from './catalogue.ts';
import { ids } from './mapping.ts';
import { routes } from './routes.ts';
import { ErrorSchema } from './schemas.ts';

const MINUTE = 60;
const HOUR = 3_600;

/** Seconds before each retry: 5 attempts, then a dead letter. */
const RETRY_SCHEDULE = [MINUTE, 5 * MINUTE, 30 * MINUTE, 2 * HOUR];

function encodeProblem({ code, detail }: ToldProblem): Static<typeof ErrorSchema> {
  return { error: { code, message: detail } };
}

/** Moonborn's webhook API (docs.moonborn.co). */
export const moonborn: Dialect = defineDialect({
  name: 'moonborn',
  title: 'Moonborn webhooks',
  description: 'Webhook endpoints, their signing secrets and their deliveries, as the API of Moonborn has them.',
  version: '1',
  tokenPrefix: 'mb_live_',
  authenticate: [sessionJwts, apiKeys()],
  ids: { endpoint: ids.endpoint, delivery: ids.delivery },
  problems: { contentType: 'application/json', schema: ErrorSchema, encode: encodeProblem },
  fieldNames: { eventTypes: 'events' },
  secretsInEndpoints: true,
  endpointDefaults: {
    signatureProfile: stripeStyle('X-Moonborn-Signature'),
    envelope: null,
    retrySchedule: RETRY_SCHEDULE,
    rotationPolicy: {
      ...PRODUCT_ROTATION_POLICY,
      grace: { ...PRODUCT_ROTATION_POLICY.grace, maxSeconds: null },
      onOverlap: 'stack',
      maxLive: 10,
      whenFull: 'end_oldest',
    },
    catalogue: CATALOGUE,
    secretSpelling: 'whsec',
  },
  routes,
});
