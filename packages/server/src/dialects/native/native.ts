import { nativeWebhooks } from '@hookring/signing';
import type { EndpointDefaults } from '../../app/endpoints.ts';
import { NATIVE_ROTATION_POLICY } from '../../domain/rotation-policy.ts';
import { type Dialect, defineDialect } from '../define-dialect.ts';
import { deliveryRoutes } from './delivery-routes.ts';
import { endpointActionRoutes } from './endpoint-action-routes.ts';
import { endpointRoutes } from './endpoint-routes.ts';
import { eventRoutes } from './event-routes.ts';
import { ids } from './ids.ts';
import { type KeyDialect, keyRoutes } from './key-routes.ts';
import { masterKeyRoutes } from './master-key-routes.ts';
import { organizationRoutes } from './organization-routes.ts';
import { encodeProblem, PROBLEM_CONTENT_TYPE, ProblemSchema } from './problem.ts';
import { ringRoutes } from './ring-routes.ts';

const NAME = 'native';
const TOKEN_PREFIX = 'hk_live_';

const DEFAULTS: EndpointDefaults = {
  signatureProfile: nativeWebhooks,
  envelope: null,
  retrySchedule: null,
  rotationPolicy: NATIVE_ROTATION_POLICY,
  catalogue: null,
  secretSpelling: 'whsec',
};

/** The native API. It can make keys for the users of `others` too. */
export function nativeDialect(others: readonly KeyDialect[] = []): Dialect {
  const own: KeyDialect = { name: NAME, tokenPrefix: TOKEN_PREFIX, scopeAliases: {} };
  return defineDialect({
    name: NAME,
    title: 'Hookring',
    description: 'Sends signed webhooks, and rotates their signing secrets without a delivery that cannot be verified.',
    version: '1',
    prefix: '/v1',
    tokenPrefix: TOKEN_PREFIX,
    ids: { endpoint: ids.endpoint, delivery: ids.delivery },
    problems: { contentType: PROBLEM_CONTENT_TYPE, schema: ProblemSchema, encode: encodeProblem },
    endpointDefaults: DEFAULTS,
    routes: [
      ...eventRoutes,
      ...endpointRoutes(DEFAULTS),
      ...endpointActionRoutes,
      ...ringRoutes(DEFAULTS.secretSpelling),
      ...deliveryRoutes,
      ...organizationRoutes,
      ...keyRoutes([own, ...others]),
      ...masterKeyRoutes,
    ],
  });
}
