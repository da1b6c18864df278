import { Buffer } from 'node:buffer';
import { Type } from 'typebox';
import {
  BATCH_BYTES_MAX,
  BATCH_EVENTS_MAX,
  CLIENT_EVENT_ID_LENGTH_MAX,
  type DialectRoute,
  eraseEventPayload,
  JSON_MEDIA_TYPE,
  keyRoute,
  listEvents,
  pageOf,
  parseContentType,
  perform,
  readEvent,
  readEventInput,
  route,
  STRICT,
  type StoredEvent,
  sendEvents,
  showTime,
  showTimeOrNull,
  Time,
} from '../public.ts';
import { EventSchema, ListedEventSchema, SentEventSchema } from './resources.ts';
import { IdParams, pages, reply } from './route-parts.ts';

const ClientId = Type.String({ minLength: 1, maxLength: CLIENT_EVENT_ID_LENGTH_MAX, pattern: '^[A-Za-z0-9_-]+$' });

/** Documents the body, which is read in one pass without building its value. */
const EventBody = Type.Object(
  {
    type: Type.String({ description: 'Identifiers joined by dots, for example `invoice.paid`' }),
    payload: Type.Unknown({ description: 'Any JSON value. Its bytes are delivered as they are written here' }),
    id: Type.Optional(ClientId),
    occurredAt: Type.Optional(Time),
  },
  { $id: 'NewEvent', ...STRICT },
);
const SendBody = Type.Union([
  EventBody,
  Type.Object({ events: Type.Array(EventBody, { minItems: 1, maxItems: BATCH_EVENTS_MAX }) }, STRICT),
]);

const SendQuery = Type.Object(
  {
    type: Type.Optional(Type.String({ description: 'Type of a raw event' })),
    raw: Type.Optional(Type.Boolean({ description: 'The whole body is the payload, whatever its content type' })),
    id: Type.Optional(Type.String({ description: 'Id of a raw event' })),
    occurredAt: Type.Optional(Type.String({ description: 'Time of a raw event' })),
  },
  STRICT,
);

const sendRoute: DialectRoute = keyRoute({
  method: 'POST',
  path: '/events',
  operationId: 'sendEvents',
  summary: 'Send an event, or up to 1,000 at once',
  description:
    'Answers when the events are stored together with their deliveries. A batch is stored whole or not at all. An event whose id was accepted in the last 7 days is not stored again: the same content gets the same answer, with `Idempotent-Replayed: true` when this is so for every event of the request, and other content is refused. With `type` in the query and another content type, or with `raw=true`, the body itself is the payload.',
  tag: 'events',
  scopes: sendEvents.scopes,
  idempotent: sendEvents.idempotent,
  request: { query: SendQuery, body: 'raw', documentedBody: SendBody, bodyBytesMax: BATCH_BYTES_MAX },
  responses: { 202: Type.Union([SentEventSchema, Type.Object({ items: Type.Array(SentEventSchema) }, STRICT)]) },
  async handle(context, { query, body }) {
    const input = readEventInput(query, body);
    if (!input.ok) return input;
    const { events, isBatch } = input;
    const outcome = await perform(context, sendEvents, { events, pointer: isBatch ? batchPointer : singlePointer });
    if (!outcome.ok) return outcome;
    const items = outcome.value.map(({ id, createdAt }, index) => ({
      id,
      type: events[index]?.type ?? '',
      createdAt: showTime(createdAt),
    }));
    // An event that was taken before is answered as it was then; only the header tells that nothing was stored.
    const replayed = outcome.replayed || outcome.value.every((event) => event.duplicate);
    return { ok: true, status: 202, body: isBatch ? { items } : items[0], replayed };
  },
});

function singlePointer(): string {
  return '';
}

function batchPointer(index: number): string {
  return `/events/${index}`;
}

const readRoute: DialectRoute = keyRoute({
  method: 'GET',
  path: '/events/{id}',
  operationId: 'readEvent',
  summary: 'Read an event, with its payload',
  tag: 'events',
  scopes: readEvent.scopes,
  idempotent: false,
  request: { params: IdParams },
  responses: { 200: EventSchema },
  handle: async (context, { params: { id } }) =>
    reply(await perform(context, readEvent, { eventId: id }), 200, (event) => event),
  serialize: (event) => encodeEvent(event as StoredEvent), // What handle gave.
});

const listRoute: DialectRoute = route({
  method: 'GET',
  path: '/events',
  operation: listEvents,
  operationId: 'listEvents',
  summary: 'List events, newest first',
  tag: 'events',
  page: pages,
  status: 200,
  response: pageOf(ListedEventSchema),
  decode: ({ page }) => ({ page }),
  encode: ({ items }, { next }) => ({ items: items.map(eventFacts), nextCursor: next }),
});

function eventFacts(event: StoredEvent) {
  return {
    id: event.id,
    type: event.type,
    contentType: event.contentType,
    payloadBytes: event.payload.length,
    occurredAt: showTime(event.occurredAt),
    createdAt: showTime(event.createdAt),
    payloadErasedAt: showTimeOrNull(event.payloadErasedAt),
  };
}

/** A JSON payload is put into the answer byte for byte: reading and writing it again could change its numbers. */
function encodeEvent(event: StoredEvent): string {
  const bytes = Buffer.from(event.payload.buffer, event.payload.byteOffset, event.payload.byteLength);
  const isJson = parseContentType(event.contentType)?.mediaType === JSON_MEDIA_TYPE;
  const head = JSON.stringify(eventFacts(event)).slice(0, -1);
  const isErased = event.payloadErasedAt !== null;
  const payload = isJson && !isErased ? bytes.toString('utf8') : 'null';
  const base64 = isJson || isErased ? 'null' : `"${bytes.toString('base64')}"`;
  return `${head},"payload":${payload},"payloadBase64":${base64}}`;
}

const eraseRoute: DialectRoute = keyRoute({
  method: 'DELETE',
  path: '/events/{id}/payload',
  operationId: 'eraseEventPayload',
  summary: 'Erase the payload of an event',
  description:
    'For good, with the headers and bodies that receivers answered. The event, its deliveries and attempts stay, and say when. Refused while a delivery of it has not ended. Of events with the same id it takes the newest.',
  tag: 'events',
  scopes: eraseEventPayload.scopes,
  idempotent: false,
  request: { params: IdParams },
  responses: { 204: null },
  refusals: [409],
  handle: async (context, { params: { id } }) =>
    reply(await perform(context, eraseEventPayload, { eventId: id }), 204, () => undefined),
});

export const eventRoutes: readonly DialectRoute[] = [sendRoute, listRoute, readRoute, eraseRoute];
