import type { Endpoint } from '../domain/endpoint.ts';
import type { EndpointId } from '../domain/ids.ts';
import type { EndpointWithHealth } from '../store/port.ts';
import type { Caller } from './caller.ts';
import type { AppContext } from './context.ts';
import { done, type Outcome, refused } from './outcome.ts';

/** `hidden`: for those who ask, an archived endpoint is none. */
export type ArchivedEndpoints = 'shown' | 'hidden';

/** The endpoint that a request names. Another organization's does not exist. */
export async function ownEndpoint(
  app: AppContext,
  caller: Caller,
  id: EndpointId,
  archived: ArchivedEndpoints,
): Promise<Outcome<EndpointWithHealth>> {
  const found = await app.store.reader.endpoint(caller.organizationId, id);
  const isThere = found !== null && (archived === 'shown' || found.endpoint.status.kind !== 'archived');
  return isThere ? done(found) : refused('not_found', 'no such endpoint');
}

/** Of an endpoint that was created or changed. */
export function tellOfEndpoint(app: AppContext, { actor, requestId }: Caller, { id, status }: Endpoint): void {
  app.telemetry.endpointChanged({ endpointId: id, status: status.kind, actor, requestId });
}
