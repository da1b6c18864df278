import type { Static } from 'typebox';
import { type EndpointView, hexIds, showTime, typeIds } from '../public.ts';
import type { EndpointSchema } from './schemas.ts';

export const ids = {
  endpoint: hexIds('ep', 'we'),
  // As the envelope of a delivery has it: Dinie has no routes that name one.
  delivery: typeIds('dlv'),
};

export const oneEndpoint = { webhook_endpoint_id: ids.endpoint };

const STATUSES = { active: 'active', suspended: 'disabled', archived: 'disabled' } as const;
const ALL: readonly string[] = ['*'];
/** An empty list is every event here. This word is none of Dinie's: sent back it is refused, and so changes nothing. */
const NOTHING: readonly string[] = ['none'];

export function encodeEndpoint({ endpoint }: EndpointView): Static<typeof EndpointSchema> {
  const { eventTypes } = endpoint;
  return {
    id: ids.endpoint.encode(endpoint.id),
    url: endpoint.url,
    events: [...(eventTypes === null ? ALL : eventTypes.length === 0 ? NOTHING : eventTypes)],
    description: endpoint.description === '' ? null : endpoint.description,
    status: STATUSES[endpoint.status.kind],
    created_at: showTime(endpoint.createdAt),
    updated_at: showTime(endpoint.updatedAt),
  };
}

type Said = {
  readonly url?: string;
  readonly events?: readonly string[];
  readonly description?: string | null;
};

/** What a body says of an endpoint, in the engine's words; what it leaves out stays out. */
export function settingsOf<S extends Said>({ events, description, ...rest }: S) {
  return {
    ...rest,
    ...(events === undefined ? {} : { eventTypes: events.length === 0 ? null : events }),
    ...(description === undefined ? {} : { description: description ?? '' }),
  };
}

export function statusOf(status: 'active' | 'disabled'): 'active' | 'suspended' {
  return status === 'disabled' ? 'suspended' : status;
}
