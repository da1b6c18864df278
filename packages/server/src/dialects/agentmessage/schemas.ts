import { Type } from 'typebox';
import { nullable, STRICT, words } from '../public.ts';
import { API_VERSIONS, CATALOGUE, SEARCHABLE } from './catalogue.ts';

const EVENTS_PER_ENDPOINT_MAX = 50;
const DESCRIPTION_LENGTH_MAX = 200;
const HTTP_STATUS_MIN = 100;
const HTTP_STATUS_MAX = 599;

const Time = Type.String({ format: 'date-time', description: 'RFC 3339 in UTC, to the second' });
const Uuid = Type.String({ format: 'uuid' });
export const OUTCOMES = ['success', 'retry', 'dead'] as const;

const URL_FIELD = Type.String({ description: 'Where deliveries are sent: an https URL' });
const EVENTS_FIELD = Type.Array(words(CATALOGUE), {
  minItems: 1,
  maxItems: EVENTS_PER_ENDPOINT_MAX,
  uniqueItems: true,
  description: 'Event types, each of them once',
});
const DESCRIPTION_FIELD = Type.String({
  maxLength: DESCRIPTION_LENGTH_MAX,
  description: 'For people; an empty one clears it',
});

export const CreateBody = Type.Object(
  {
    url: URL_FIELD,
    events: EVENTS_FIELD,
    description: Type.Optional(DESCRIPTION_FIELD),
    api_version: Type.Optional(words(API_VERSIONS, 'The newest unless given; it cannot be changed later')),
  },
  { $id: 'NewWebhook', ...STRICT },
);

export const UpdateBody = Type.Object(
  {
    url: Type.Optional(URL_FIELD),
    events: Type.Optional(EVENTS_FIELD),
    description: Type.Optional(DESCRIPTION_FIELD),
    active: Type.Optional(Type.Boolean({ description: 'Whether it receives' })),
    api_version: Type.Optional(Type.Unknown({ description: 'Cannot be changed: to name it is an error' })),
  },
  { $id: 'WebhookUpdate', ...STRICT },
);

const endpointFields = {
  id: Uuid,
  org_id: Uuid,
  url: Type.String(),
  events: Type.Array(Type.String()),
  active: Type.Boolean(),
  api_version: words(API_VERSIONS),
  created_at: Time,
  updated_at: Time,
  deleted_at: nullable(Time),
};

export const EndpointSchema = Type.Object(endpointFields, { $id: 'Webhook', ...STRICT });

export const EndpointWithSecretSchema = Type.Object(
  {
    ...endpointFields,
    secret: Type.String({ description: 'Base64 of the 32 bytes of the key, shown in this answer only' }),
    secret_displayed_once: Type.Literal(true),
  },
  { $id: 'WebhookWithSecret', ...STRICT },
);

const OFFSET_MAX = 10_000;

export const EndpointsQuery = Type.Object(
  {
    offset: Type.Optional(
      Type.Integer({ minimum: 0, maximum: OFFSET_MAX, description: 'How many to leave out; not beside a cursor' }),
    ),
  },
  STRICT,
);

export const EndpointsSchema = Type.Object(
  {
    success: Type.Literal(true),
    data: Type.Array(EndpointSchema),
    meta: Type.Object(
      {
        total: Type.Integer(),
        limit: Type.Integer(),
        offset: Type.Integer(),
        next_cursor: nullable(Type.String()),
      },
      STRICT,
    ),
  },
  { $id: 'Webhooks', ...STRICT },
);

export const TestedSchema = Type.Object(
  {
    event_id: Type.String(),
    outcome: words(OUTCOMES, 'A test is sent once, so one that fails is `dead`'),
    url: Type.String(),
    response_status: nullable(Type.Integer()),
    response_time_ms: Type.Integer(),
    response_body_excerpt: nullable(Type.String()),
    error: nullable(Type.String({ description: 'Why there was no response' })),
  },
  { $id: 'WebhookTest', ...STRICT },
);

export const OrganizationSecretSchema = Type.Object(
  {
    webhook_secret: Type.String({ description: 'Base64 of the 32 bytes of the key, shown in this answer only' }),
    rotated_at: Time,
    previous_valid_until: nullable(Time),
  },
  { $id: 'OrganizationSecret', ...STRICT },
);

const HttpStatus = Type.Integer({ minimum: HTTP_STATUS_MIN, maximum: HTTP_STATUS_MAX });

export const DeliveriesQuery = Type.Object(
  {
    endpoint_id: Type.Optional(Uuid),
    event_type: Type.Optional(words(SEARCHABLE)),
    outcome: Type.Optional(words(OUTCOMES)),
    since: Type.Optional(Type.String({ description: 'Sent at this time or later; RFC 3339' })),
    until: Type.Optional(Type.String({ description: 'Sent before this time; RFC 3339' })),
    http_status_min: Type.Optional(HttpStatus),
    http_status_max: Type.Optional(HttpStatus),
  },
  STRICT,
);

export const DeliverySchema = Type.Object(
  {
    id: Uuid,
    endpoint_id: Uuid,
    event_id: Type.String(),
    event_type: Type.String(),
    outcome: words(OUTCOMES),
    attempt: Type.Integer({ description: 'Which try of its event it was, from 1' }),
    http_status: nullable(Type.Integer()),
    response_time_ms: Type.Integer(),
    response_body_excerpt: nullable(Type.String({ description: 'Kept for failures' })),
    error: nullable(Type.String({ description: 'Why there was no response' })),
    created_at: Time,
  },
  { $id: 'WebhookDelivery', description: 'One request that was sent', ...STRICT },
);

export const DeliveriesSchema = Type.Object(
  {
    success: Type.Literal(true),
    data: Type.Array(DeliverySchema),
    meta: Type.Object({ limit: Type.Integer(), next_cursor: nullable(Type.String()) }, STRICT),
  },
  { $id: 'WebhookDeliveries', ...STRICT },
);

export const ErrorSchema = Type.Object(
  {
    success: Type.Literal(false),
    error: Type.Object(
      {
        code: Type.String(),
        message: Type.String(),
        request_id: Type.String({ description: 'A ULID' }),
        details: Type.Optional(
          Type.Record(Type.String(), Type.String(), { description: 'What is wrong with each field' }),
        ),
      },
      STRICT,
    ),
  },
  { $id: 'Error', ...STRICT },
);
