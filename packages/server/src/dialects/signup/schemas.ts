import { Type } from 'typebox';
import { nullable, STRICT, words } from '../public.ts';

const Time = Type.String({ format: 'date-time' });
const Uuid = Type.String({ format: 'uuid' });
export const DELIVERY_STATUSES = ['pending', 'delivered', 'failed', 'dlq'] as const;
export type DeliveryStatus = (typeof DELIVERY_STATUSES)[number];
export const PAUSED_REASONS = ['manual', 'consecutive_failures', 'gone'] as const;

const URL_FIELD = Type.String({ description: 'Where deliveries are sent' });
const DESCRIPTION_FIELD = Type.String({ description: 'For people' });
const EVENT_TYPES_FIELD = Type.Array(Type.String(), {
  description: 'Event types such as `signup.created`, prefixes such as `signup.*`, or `*`; an empty list matches none',
});

export const CreateBody = Type.Object(
  {
    url: URL_FIELD,
    description: Type.Optional(DESCRIPTION_FIELD),
    eventTypes: Type.Optional(EVENT_TYPES_FIELD),
  },
  { $id: 'CreateWebhookEndpoint', ...STRICT },
);

export const UpdateBody = Type.Object(
  {
    url: Type.Optional(URL_FIELD),
    description: Type.Optional(DESCRIPTION_FIELD),
    eventTypes: Type.Optional(EVENT_TYPES_FIELD),
    paused: Type.Optional(Type.Boolean({ description: '`false` resumes, and clears the counter of failures' })),
  },
  { $id: 'UpdateWebhookEndpoint', ...STRICT },
);

export const EndpointSchema = Type.Object(
  {
    id: Uuid,
    url: Type.String(),
    description: Type.String(),
    eventTypes: Type.Array(Type.String()),
    paused: Type.Boolean(),
    pausedReason: nullable(
      words(PAUSED_REASONS, 'A person, too many failures in a row, or a receiver that answered 410'),
    ),
    pausedAt: nullable(Time),
    consecutiveFailures: Type.Integer({ minimum: 0 }),
    lastSuccessAt: nullable(Time),
    lastFailureAt: nullable(Time),
    createdAt: Time,
    updatedAt: Time,
  },
  { $id: 'WebhookEndpoint', ...STRICT },
);

export const EndpointWithSecretSchema = Type.Object(
  { endpoint: EndpointSchema, signingSecret: Type.String({ description: 'Shown in this answer only' }) },
  { $id: 'WebhookEndpointWithSecret', ...STRICT },
);

export const EndpointsSchema = Type.Object(
  { data: Type.Array(EndpointSchema) },
  { $id: 'WebhookEndpoints', ...STRICT },
);

export const DeliverySchema = Type.Object(
  {
    id: Uuid,
    eventType: Type.String(),
    status: words(DELIVERY_STATUSES),
    attemptCount: Type.Integer({ minimum: 0 }),
    lastResponseStatus: nullable(Type.Integer()),
    errorMessage: nullable(Type.String()),
    createdAt: Time,
    deliveredAt: nullable(Time),
    dlqAt: nullable(Time),
  },
  { $id: 'WebhookDelivery', ...STRICT },
);

export const DeliveriesSchema = Type.Object(
  { data: Type.Array(DeliverySchema) },
  { $id: 'WebhookDeliveries', ...STRICT },
);

export const ReplaySchema = Type.Object(
  { id: Uuid, status: words(DELIVERY_STATUSES) },
  { $id: 'WebhookReplay', ...STRICT },
);

export const TestSchema = Type.Object(
  {
    delivered: Type.Boolean({ description: 'Whether the receiver answered with a 2xx' }),
    responseStatus: nullable(Type.Integer()),
    responseBody: nullable(Type.String({ description: 'The beginning of it' })),
    errorMessage: nullable(Type.String()),
    latencyMs: Type.Number({ minimum: 0 }),
  },
  { $id: 'WebhookTest', ...STRICT },
);

export const ProblemSchema = Type.Object(
  {
    type: Type.String({ format: 'uri' }),
    title: Type.String(),
    status: Type.Integer(),
    detail: Type.String(),
    code: Type.String(),
    errors: Type.Array(Type.Object({ path: Type.String(), message: Type.String() }, STRICT)),
    cause: Type.Record(Type.String(), Type.Unknown()),
  },
  { $id: 'Problem', ...STRICT },
);
