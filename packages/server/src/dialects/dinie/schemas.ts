import { Type } from 'typebox';
import { nullable, STRICT, words } from '../public.ts';
import { SUBSCRIPTIONS } from './catalogue.ts';

const Time = Type.String({ format: 'date-time' });
const STATUSES = ['active', 'disabled'] as const;

export const GRACE_SECONDS_DEFAULT = 3_600;
export const GRACE_SECONDS_MAX = 86_400;

const URL_FIELD = Type.String({ description: 'Where deliveries are sent: an https URL' });
const EVENTS_FIELD = Type.Array(words(SUBSCRIPTIONS), {
  maxItems: SUBSCRIPTIONS.length,
  description: 'Event types; `loan.*` is every one below `loan`, and `*` or an empty list is every one',
});
const DESCRIPTION_FIELD = nullable(Type.String({ description: 'For people' }));

export const CreateBody = Type.Object(
  { url: URL_FIELD, events: Type.Optional(EVENTS_FIELD), description: Type.Optional(DESCRIPTION_FIELD) },
  { $id: 'WebhookEndpointCreation', ...STRICT },
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
    expire_current_in: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: GRACE_SECONDS_MAX,
        description: `Seconds until the current secret expires; ${GRACE_SECONDS_DEFAULT} unless given`,
      }),
    ),
  },
  { $id: 'SecretRotation', ...STRICT },
);

const ENDPOINT = {
  id: Type.String(),
  url: Type.String(),
  events: Type.Array(Type.String()),
  description: nullable(Type.String()),
  status: words(STATUSES),
  created_at: Time,
  updated_at: Time,
};

export const EndpointSchema = Type.Object(ENDPOINT, { $id: 'WebhookEndpoint', ...STRICT });

export const CreatedSchema = Type.Object(
  { ...ENDPOINT, secret: Type.String({ description: 'The HMAC signing secret, shown in this answer only' }) },
  { $id: 'CreatedWebhookEndpoint', ...STRICT },
);

export const EndpointsSchema = Type.Object(
  { data: Type.Array(EndpointSchema), has_more: Type.Boolean() },
  { $id: 'WebhookEndpoints', ...STRICT },
);

export const RotatedSchema = Type.Object(
  {
    id: Type.String({ description: 'The endpoint' }),
    secret: Type.String({ description: 'New HMAC signing secret' }),
    previous_secret_expires_at: Type.String({
      format: 'date-time',
      description: 'When the old secret stops being included in signatures',
    }),
  },
  { $id: 'RotatedSecret', ...STRICT },
);

/** Open: a refusal may say more, as that of the token endpoint does. */
export const ProblemSchema = Type.Object(
  {
    type: Type.String({ format: 'uri', description: 'URI identifying the error type' }),
    title: Type.String({ description: 'Short, human-readable summary of the problem type' }),
    status: Type.Integer({ description: 'HTTP status code' }),
    detail: Type.String({ description: 'Human-readable explanation specific to this occurrence' }),
    instance: Type.Optional(Type.String({ description: 'URI identifying this specific occurrence' })),
    code: Type.Optional(Type.String({ description: 'Machine-readable subtype code' })),
    param: Type.Optional(Type.String({ description: 'The request parameter that caused the error' })),
    errors: Type.Optional(
      Type.Array(
        Type.Object({ param: Type.String(), detail: Type.String(), code: Type.Optional(Type.String()) }, STRICT),
        { description: 'Field-level validation errors' },
      ),
    ),
  },
  { $id: 'Problem' },
);
