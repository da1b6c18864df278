import { listEvents as list, readEvent as read, type SentEvent, sendEvents as send } from '../../app/events.ts';
import type { Event } from '../../domain/event.ts';
import type { IncomingEvent } from '../../engine/engine.ts';
import type { Page, PageRequest } from '../../store/port.ts';
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

export const readEvent: Operation<{ readonly eventId: string }, Event> = operation({
  name: 'readEvent',
  scopes: ['events:read'],
  run: async ({ app, caller }, { eventId }) => await read(app, caller, eventId),
});

/** Newest first. */
export const listEvents: Operation<{ readonly page: PageRequest }, Page<Event>> = operation({
  name: 'listEvents',
  scopes: ['events:read'],
  run: async ({ app, caller }, { page }) => await list(app, caller, page),
});
