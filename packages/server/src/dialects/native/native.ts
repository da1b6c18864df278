import { nativeWebhooks } from '@hookring/signing';
import {
  apiKeys,
  type Dialect,
  type DialectDefinition,
  defineDialect,
  type EndpointDefaults,
  NATIVE_ROTATION_POLICY,
  sessionJwts,
} from '../public.ts';
import { auditRoutes } from './audit-routes.ts';
import { deliveryRoutes } from './delivery-routes.ts';
import { dialectRoutes, type PlacedDialect } from './dialect-routes.ts';
import { endpointActionRoutes } from './endpoint-action-routes.ts';
import { endpointRoutes } from './endpoint-routes.ts';
import { eventRoutes } from './event-routes.ts';
import { ids } from './ids.ts';
import { keyRoutes } from './key-routes.ts';
import { maintenanceRoutes } from './maintenance-routes.ts';
import { masterKeyRoutes } from './master-key-routes.ts';
import { organizationRoutes } from './organization-routes.ts';
import { NATIVE_PREFIX, NATIVE_PREFIX_BESIDE_ROOT } from './prefixes.ts';
import { problems } from './problem.ts';
import { ringRoutes } from './ring-routes.ts';

const DEFAULTS: EndpointDefaults = {
  signatureProfile: nativeWebhooks,
  envelope: null,
  retrySchedule: null,
  rotationPolicy: NATIVE_ROTATION_POLICY,
  catalogue: null,
  secretSpelling: 'whsec',
};

const FACTS = {
  name: 'native',
  title: 'Hookring',
  description: 'Sends signed webhooks, and rotates their signing secrets without a delivery that cannot be verified.',
  version: '1',
  tokenPrefix: 'hk_live_',
  scopeAliases: {},
  authenticate: [sessionJwts, apiKeys()],
  ids: { endpoint: ids.endpoint, delivery: ids.delivery },
  documentsOperators: true,
  problems,
  fieldNames: { hint: 'tokenHint' },
  endpointDefaults: DEFAULTS,
  // An operator changes the policy of a ring, which then holds here.
  rotationPolicyOf: 'keyring',
} as const satisfies Partial<DialectDefinition>;

/** The native API. It knows the other dialects of the server, and can make keys for their users too. */
export function nativeDialect(others: readonly PlacedDialect[] = []): Dialect {
  const prefix = others.some((other) => other.prefix === '') ? NATIVE_PREFIX_BESIDE_ROOT : NATIVE_PREFIX;
  const all: readonly PlacedDialect[] = [{ dialect: FACTS, prefix, host: null }, ...others];
  return defineDialect({
    ...FACTS,
    mount: { prefix },
    routes: [
      ...eventRoutes,
      ...endpointRoutes,
      ...endpointActionRoutes,
      ...ringRoutes,
      ...deliveryRoutes,
      ...organizationRoutes,
      ...keyRoutes(all.map(({ dialect }) => dialect)),
      ...masterKeyRoutes,
      ...maintenanceRoutes,
      ...auditRoutes,
      ...dialectRoutes(all),
    ],
  });
}
