import { Type } from 'typebox';
import { nullable, STRICT, words } from '../public.ts';
import { SUBSCRIPTIONS } from './catalogue.ts';

const Time = Type.String({ format: 'date-time' });
const STATUSES = ['active', 'suspended', 'archived'] as const;
export const DELIVERY_STATUSES = ['pending', 'in_flight', 'succeeded', 'failed', 'dead_letter'] as const;
export type DeliveryStatus = (typeof DELIVERY_STATUSES)[number];

const URL_FIELD = Type.String({ description: 'Where deliveries are sent: an https URL' });
const EVENTS_FIELD = Type.Array(words(SUBSCRIPTIONS), {
  maxItems: SUBSCRIPTIONS.length,
  description: 'Event types; `*` is every one, an empty list none',
});
const DESCRIPTION_FIELD = Type.String({ description: 'For people' });

export const RegisterBody = Type.Object(
  { url: URL_FIELD, events: EVENTS_FIELD, description: Type.Optional(DESCRIPTION_FIELD) },
  { $id: 'NewWebhookEndpoint', ...STRICT },
);

export const UpdateBody = Type.Object(
  {
    url: Type.Optional(URL_FIELD),
    events: Type.Optional(EVENTS_FIELD),
    description: Type.Optional(DESCRIPTION_FIELD),
    status: Type.Optional(words(STATUSES)),
  },
  { $id: 'WebhookEndpointUpdate', ...STRICT },
);

export const RotateBody = Type.Object(
  {
    graceSeconds: Type.Optional(
      Type.Number({
        description:
          'How long the secret that is retired now goes on signing; the default of the operator unless given',
      }),
    ),
  },
  { $id: 'SecretRotation', ...STRICT },
);

export const DeliveriesQuery = Type.Object({ status: Type.Optional(words(DELIVERY_STATUSES)) }, STRICT);

const SecretSchema = Type.Object(
  {
    secretId: Type.String(),
    status: words(['active', 'retiring', 'staged']),
    createdAt: Time,
    activatedAt: nullable(Time),
    expiresAt: nullable(Time),
  },
  { $id: 'WebhookSecret', description: 'A living secret, never its value', ...STRICT },
);

export const EndpointSchema = Type.Object(
  {
    endpointId: Type.String(),
    orgId: Type.String(),
    url: Type.String(),
    events: Type.Array(Type.String()),
    status: words(STATUSES),
    description: Type.String(),
    secrets: Type.Array(SecretSchema),
    createdAt: Time,
    updatedAt: Time,
  },
  { $id: 'WebhookEndpoint', ...STRICT },
);

export const RegisteredSchema = Type.Object(
  { endpoint: EndpointSchema, secretValue: Type.String({ description: 'Shown in this answer only' }) },
  { $id: 'RegisteredWebhookEndpoint', ...STRICT },
);

export const RotatedSchema = Type.Object(
  {
    endpoint: EndpointSchema,
    secretValue: Type.String({ description: 'The new secret, shown in this answer only' }),
    retiredSecretId: Type.String(),
  },
  { $id: 'RotatedSecret', ...STRICT },
);

export const DeliverySchema = Type.Object(
  {
    deliveryId: Type.String(),
    endpointId: Type.String(),
    eventType: Type.String(),
    eventId: Type.String(),
    status: words(DELIVERY_STATUSES),
    attemptCount: Type.Integer(),
    lastStatusCode: nullable(Type.Integer()),
    lastErrorKind: nullable(Type.String()),
    scheduledAt: Time,
    attemptedAt: nullable(Time),
    completedAt: nullable(Time),
  },
  { $id: 'WebhookDelivery', ...STRICT },
);

export const EndpointsSchema = Type.Object(
  { items: Type.Array(EndpointSchema), nextCursor: nullable(Type.String()) },
  { $id: 'WebhookEndpoints', ...STRICT },
);
export const DeliveriesSchema = Type.Object(
  { items: Type.Array(DeliverySchema), nextCursor: nullable(Type.String()) },
  { $id: 'WebhookDeliveries', ...STRICT },
);
export const ReplayedSchema = Type.Object({ delivery: DeliverySchema }, { $id: 'ReplayedDelivery', ...STRICT });

export const ErrorSchema = Type.Object(
  { error: Type.Object({ code: Type.String(), message: Type.String() }, STRICT) },
  { $id: 'Error', ...STRICT },
);
