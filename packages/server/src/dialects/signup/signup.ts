import { standardWebhooks } from '@hookring/signing';
import {
  type Dialect,
  defineDialect,
  type EndpointCap,
  type Envelope,
  type OrganizationId,
  PRODUCT_ROTATION_POLICY,
  type RotationPolicy,
} from '../public.ts';
import { ids } from './mapping.ts';
import { problems } from './problems.ts';
import { routesOf } from './routes.ts';

const DAY = 86_400;

/** `{type, timestamp, data}` around every payload. */
const ENVELOPE: Envelope = {
  members: [
    { name: 'type', value: { kind: 'eventType' } },
    { name: 'timestamp', value: { kind: 'occurredAt', format: 'iso8601' } },
    { name: 'data', value: { kind: 'payload' } },
  ],
};

const ROTATION_POLICY: RotationPolicy = {
  ...PRODUCT_ROTATION_POLICY,
  grace: { defaultSeconds: DAY, minSeconds: DAY, maxSeconds: DAY, whenOmitted: 'default' },
  onOverlap: 'stack',
  maxLive: 10,
  whenFull: 'end_oldest',
};

export type ThesignupOptions = {
  /**
   * How many endpoints an organization may have, the paused ones included: its plan. null: no cap, and so it is unless
   * given. A function is asked with the id of the organization whenever one is created, and may look elsewhere first.
   */
  readonly endpointsMax?: number | null | ((organizationId: OrganizationId) => number | null | Promise<number | null>);
};

/** The webhook API of thesignup.app, with the caps of one's own plans. */
export function thesignup({ endpointsMax = null }: ThesignupOptions = {}): Dialect {
  const maxOf = typeof endpointsMax === 'function' ? endpointsMax : () => endpointsMax;
  // What is wrong already is said when the server starts.
  if (typeof endpointsMax === 'number') capOf(endpointsMax);
  return defineDialect({
    name: 'signup',
    title: 'thesignup.app webhooks',
    description: 'Webhook endpoints, their signing secrets and their deliveries, as the API of thesignup.app has them.',
    version: '1',
    tokenPrefix: 'sgn_live_',
    ids,
    problems,
    archivedEndpoints: 'hidden',
    endpointDefaults: {
      signatureProfile: standardWebhooks,
      envelope: ENVELOPE,
      retrySchedule: null,
      rotationPolicy: ROTATION_POLICY,
      catalogue: null,
      secretSpelling: 'whsec',
    },
    routes: routesOf({ capOf: async (organizationId) => capOf(await maxOf(organizationId)), envelope: ENVELOPE }),
  });
}

function capOf(max: number | null): EndpointCap | null {
  if (max === null) return null;
  if (!Number.isInteger(max) || max < 0) throw new TypeError(`endpointsMax must be a whole number or null, not ${max}`);
  return { max, of: 'unarchived' };
}

/** The webhook API of thesignup.app (docs.thesignup.app), without caps. */
export const signup: Dialect = thesignup();
