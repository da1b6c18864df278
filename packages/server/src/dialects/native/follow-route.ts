import { Type } from 'typebox';
import { followAttempts, refuseFields, route, STRICT, words } from '../public.ts';
import { encodeFollowedAttempt } from './encode-delivery.ts';
import { ids } from './ids.ts';
import { FollowedAttemptSchema } from './resources.ts';
import { pages } from './route-parts.ts';

const OUTCOMES = { succeeded: 'success', retrying: 'retry', dead: 'dead' } as const;

const Filters = Type.Object(
  {
    endpointId: Type.Optional(Type.String()),
    eventType: Type.Optional(Type.String({ description: 'Exactly this type' })),
    deliveryStatus: Type.Optional(words(['succeeded', 'retrying', 'dead'])),
  },
  STRICT,
);

export const followRoute = route({
  method: 'GET',
  path: '/attempts/follow',
  operation: followAttempts,
  operationId: 'followAttempts',
  summary: 'Follow the attempts of the organization as they are recorded, oldest first',
  description:
    'Without a cursor the newest ones are told. `nextCursor` is always there: ask again with it, at once when `hasMore` is true and after a moment otherwise, and every attempt that is recorded later is told exactly once. Cursors outlive a restart of the server.',
  tag: 'deliveries',
  request: { query: Filters },
  page: pages,
  status: 200,
  response: Type.Object(
    { items: Type.Array(FollowedAttemptSchema), nextCursor: Type.String(), hasMore: Type.Boolean() },
    STRICT,
  ),
  decode({ query, page }) {
    const { endpointId: text, eventType = null, deliveryStatus } = query;
    const endpointId = text === undefined ? null : ids.endpoint.decode(text);
    if (text !== undefined && endpointId === null) {
      return refuseFields([{ pointer: '?endpointId', detail: 'is not the id of an endpoint', code: 'wrong_format' }]);
    }
    return { endpointId, eventType, outcome: deliveryStatus === undefined ? null : OUTCOMES[deliveryStatus], page };
  },
  encode: ({ items, hasMore }, { next }) => ({ items: items.map(encodeFollowedAttempt), nextCursor: next, hasMore }),
});
