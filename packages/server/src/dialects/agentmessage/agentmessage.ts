import { stripeStyle } from '@hookring/signing';
import { type Dialect, defineDialect, PRODUCT_ROTATION_POLICY, type RotationPolicy } from '../public.ts';
import { API_VERSION, CATALOGUE } from './catalogue.ts';
import { ids } from './mapping.ts';
import { encodeProblem } from './problems.ts';
import { routes } from './routes.ts';
import { ErrorSchema } from './schemas.ts';

const ORGANIZATION_GRACE_SECONDS = 300;

/** A ring of this product takes no wishes: the older secret goes when the product says so. */
function replacing(graceSeconds: number): Omit<RotationPolicy, 'maxLive' | 'signWith'> {
  return {
    ...PRODUCT_ROTATION_POLICY,
    grace: {
      defaultSeconds: graceSeconds,
      minSeconds: graceSeconds,
      maxSeconds: graceSeconds,
      whenOmitted: 'default',
    },
    onOverlap: 'replace',
  };
}

/** AgentMessage's webhook API (agentmessage.io/docs/webhooks). */
export const agentmessage: Dialect = defineDialect({
  name: 'agentmessage',
  title: 'AgentMessage webhooks',
  description: 'Webhooks, their signing secrets and the log of what was sent, as the API of AgentMessage has them.',
  version: API_VERSION,
  tokenPrefix: 'am_live_',
  scopeAliases: {
    'webhooks:read': ['endpoints:read', 'deliveries:read'],
    'webhooks:write': ['endpoints:write', 'secrets:rotate', 'deliveries:write'],
    'org:admin:write': ['organization:admin'],
  },
  ids: { endpoint: ids.endpoint, delivery: ids.delivery },
  problems: { contentType: 'application/json', schema: ErrorSchema, encode: encodeProblem },
  archivedEndpoints: 'hidden',
  endpointDefaults: {
    signatureProfile: stripeStyle('X-AmCore-Signature', { separator: '\n', secretDecoding: 'base64' }),
    envelope: null,
    retrySchedule: null,
    rotationPolicy: { ...replacing(0), maxLive: 1, signWith: 'live' },
    catalogue: CATALOGUE,
    secretSpelling: 'base64',
  },
  organizationKeyring: {
    rotationPolicy: { ...replacing(ORGANIZATION_GRACE_SECONDS), maxLive: 2, signWith: 'active' },
    secretSpelling: 'base64',
  },
  routes,
});
