import type { EndpointStatus } from '../domain/endpoint.ts';
import type { OrganizationId } from '../domain/ids.ts';
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

/** Null when there is room for one more endpoint; else why not. */
export async function refusalAtCap(
  app: AppContext,
  organizationId: OrganizationId,
  cap: EndpointCap | null,
): Promise<Refusal | null> {
  if (cap === null) return null;
  const count = await app.store.reader.endpointCount(organizationId, COUNTED[cap.of]);
  if (count < cap.max) return null;
  const active = cap.of === 'active' ? ' active' : '';
  return refused(
    'endpoint_limit_reached',
    `there are ${count}${active} endpoints, and there may be at most ${cap.max}`,
  );
}
