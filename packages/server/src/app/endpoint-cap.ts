import type { EndpointStatus } from '../domain/endpoint.ts';
import type { OrganizationId } from '../domain/ids.ts';
import type { ApplyOptions } from '../store/port.ts';
import type { AppContext } from './context.ts';
import { type Refusal, refused } from './outcome.ts';

/** How many endpoints an organization may have, as its plan or its dialect says. */
export type EndpointCap = { readonly max: number; readonly of: 'active' | 'unarchived' };

const COUNTED: Readonly<Record<EndpointCap['of'], readonly EndpointStatus['kind'][]>> = {
  active: ['active'],
  unarchived: ['active', 'suspended'],
};

/** Runs what may add an endpoint after all others of its organization, so that many at once cannot pass a cap together. */
export async function underCap<T>(
  app: AppContext,
  organizationId: OrganizationId,
  cap: EndpointCap | null,
  task: () => Promise<T>,
): Promise<T> {
  return cap === null ? await task() : await app.queue.run(`cap ${organizationId}`, task);
}

/** On what the commit depends when there is room for one more endpoint; else why there is none. */
export async function roomUnderCap(
  app: AppContext,
  organizationId: OrganizationId,
  cap: EndpointCap | null,
): Promise<Refusal | Pick<ApplyOptions, 'endpointsOf'>> {
  if (cap === null) return {};
  const { count, version } = await counted(app, organizationId, cap);
  if (count < cap.max) return version === null ? {} : { endpointsOf: { organizationId, version } };
  const active = cap.of === 'active' ? ' active' : '';
  return refused(
    'endpoint_limit_reached',
    `there are ${count}${active} endpoints, and there may be at most ${cap.max}`,
  );
}

/** Counted together with their version where other nodes may add one meanwhile. */
async function counted(
  { store }: AppContext,
  organizationId: OrganizationId,
  cap: EndpointCap,
): Promise<{ readonly count: number; readonly version: number | null }> {
  const kinds = COUNTED[cap.of];
  if (store.spreadMs === 0) {
    return { count: await store.reader.endpointCount(organizationId, kinds), version: null };
  }
  const { endpoints, endpointsVersion } = await store.reader.subscribers(organizationId);
  const count = endpoints.filter(({ endpoint }) => kinds.includes(endpoint.status.kind)).length;
  return { count, version: endpointsVersion };
}
