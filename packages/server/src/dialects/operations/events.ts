import { erasePayload as erase } from '../../app/erasure.ts';
import { listEvents as list, readEvent as read, type SentEvent, sendEvents as send } from '../../app/events.ts';
import type { IncomingEvent } from '../../engine/engine.ts';
import type { Page, PageRequest, StoredEvent } from '../../store/port.ts';
import { type Operation, operation } from '../operation.ts';

/** Accepts events, all of them or none. When it answers they are durable. */
export const sendEvents: Operation<
  {
    readonly events: readonly IncomingEvent[];
    /** Where event number `index` stands in the request, for errors: a JSON Pointer. */
    readonly pointer: (index: number) => string;
  },
  readonly SentEvent[]
> = operation({
  name: 'sendEvents',
  scopes: ['events:write'],
  idempotent: true,
  // No step of its own between the route and the engine.
  run: ({ app, caller, idempotency }, { events, pointer }) => send(app, caller, events, pointer, idempotency),
});

export const readEvent: Operation<{ readonly eventId: string }, StoredEvent> = operation({
  name: 'readEvent',
  scopes: ['events:read'],
  run: async ({ app, caller }, { eventId }) => await read(app, caller, eventId),
});

/** Newest first. */
export const listEvents: Operation<{ readonly page: PageRequest }, Page<StoredEvent>> = operation({
  name: 'listEvents',
  scopes: ['events:read'],
  run: async ({ app, caller }, { page }) => await list(app, caller, page),
});

/** Removes the payload for good; event, deliveries and attempts stay. Erased before is erased. */
export const eraseEventPayload: Operation<{ readonly eventId: string }, null> = operation({
  name: 'eraseEventPayload',
  scopes: ['events:write'],
  run: async ({ app, caller }, { eventId }) => await erase(app, caller, eventId),
});
