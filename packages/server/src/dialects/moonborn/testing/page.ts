import { expect } from 'vitest';
import type { Answer, Json } from '../../testing/checked-client.ts';

/** What the product's pages print and say of their answers, written down from them and from nothing else. */

export const HOST = 'https://api.moonborn.co';

export const ROTATE_CURL = `curl -X POST https://api.moonborn.co/v1/webhooks/<id>/rotate_secret \\
-H "Authorization: Bearer $MOONBORN_API_KEY" \\
-H "Content-Type: application/json" \\
-d '{
"graceSeconds": 0
}'`;

export const UPDATE_CURL = `curl -X PATCH https://api.moonborn.co/v1/webhooks/<id> \\
-H "Authorization: Bearer $MOONBORN_API_KEY" \\
-H "Content-Type: application/json" \\
-d '{
"url": "<string>",
"events": [],
"description": "<string>",
"status": "active"
}'`;

/** The event types of the field `events`, in the order of the page. */
export const EVENTS = [
  'persona.created',
  'persona.updated',
  'persona.deleted',
  'persona.archived',
  'persona.regenerated',
  'persona.audit_failed',
  'generation.run.started',
  'generation.run.completed',
  'generation.run.failed',
  'subscription.upgraded',
  'subscription.downgraded',
  'subscription.cancelled',
  'marketplace.persona.published',
  'marketplace.persona.purchased',
  'moderation.flagged',
  'webhook.endpoint.test_ping',
] as const;

/** What both pages list beside 200. */
export const LISTED_STATUSES = [401, 404, 409, 422] as const;

type Fits = (value: Json) => boolean;
type Shape = Readonly<Record<string, Fits>>;

const text: Fits = (value) => typeof value === 'string';
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const like =
  (pattern: RegExp): Fits =>
  (value) =>
    typeof value === 'string' && pattern.test(value);
const time = like(TIME);
const oneOf =
  (...values: readonly unknown[]): Fits =>
  (value) =>
    values.includes(value);
const orNull =
  (fits: Fits): Fits =>
  (value) =>
    value === null || fits(value);
const listOf =
  (fits: Fits): Fits =>
  (value) =>
    Array.isArray(value) && value.every(fits);

/** Exactly these fields. */
function object(shape: Shape): Fits {
  const names = Object.keys(shape).sort().join();
  return (value) =>
    typeof value === 'object' &&
    value !== null &&
    Object.keys(value).sort().join() === names &&
    Object.entries(shape).every(([name, fits]) => fits(value[name]));
}

const SECRET = object({
  secretId: like(/^whs_[0-9a-hjkmnp-tv-z]{26}$/),
  status: oneOf('active', 'retiring', 'staged'),
  createdAt: time,
  activatedAt: orNull(time),
  expiresAt: orNull(time),
});

const ENDPOINT: Fits = object({
  endpointId: like(/^whe_[0-9a-hjkmnp-tv-z]{26}$/),
  orgId: like(/^org_/),
  url: text,
  events: listOf(oneOf(...EVENTS, '*')),
  status: oneOf('active', 'suspended', 'archived'),
  description: text,
  secrets: listOf(SECRET),
  createdAt: time,
  updatedAt: time,
});

/** 32 bytes, spelled as the product's secrets are; the page says no more than that it is a string. */
const SECRET_VALUE = like(/^whsec_[A-Za-z0-9+/]{43}=$/);

const DELIVERY = object({
  deliveryId: like(/^whd_[0-9a-hjkmnp-tv-z]{26}$/),
  endpointId: like(/^whe_/),
  eventType: oneOf(...EVENTS),
  eventId: text,
  status: oneOf('pending', 'in_flight', 'succeeded', 'failed', 'dead_letter'),
  attemptCount: (value) => Number.isInteger(value) && value >= 0,
  lastStatusCode: orNull((value) => Number.isInteger(value) && value >= 100 && value <= 599),
  lastErrorKind: orNull(text),
  scheduledAt: time,
  attemptedAt: orNull(time),
  completedAt: orNull(time),
});

export const page = {
  endpoint: ENDPOINT,
  endpoints: object({ items: listOf(ENDPOINT), nextCursor: orNull(text) }),
  registered: object({ endpoint: ENDPOINT, secretValue: SECRET_VALUE }),
  rotated: object({
    endpoint: ENDPOINT,
    secretValue: SECRET_VALUE,
    retiredSecretId: like(/^whs_[0-9a-hjkmnp-tv-z]{26}$/),
  }),
  deliveries: object({ items: listOf(DELIVERY), nextCursor: orNull(text) }),
  replayed: object({ delivery: DELIVERY }),
};

/** A good answer with its content type; `null`: without a body. */
export function expectGood(answer: Answer, status: number, fits: Fits | null): void {
  expect([answer.status, answer.text]).toEqual([status, fits === null ? '' : expect.anything()]);
  if (fits === null) {
    expect(answer.headers['content-type']).toBeUndefined();
    return;
  }
  expect(answer.headers['content-type']).toMatch(/^application\/json(?:;|$)/);
  expect([answer.json, fits(answer.json)]).toEqual([answer.json, true]);
}

/** A refusal: `{error: {code, message}}` and nothing else. */
export function expectRefusal(answer: Answer, status: number, code: string): void {
  expect([answer.status, answer.json?.error?.code]).toEqual([status, code]);
  expectErrorShape(answer);
}

export function expectErrorShape({ headers, json }: Answer): void {
  expect(headers['content-type']).toMatch(/^application\/json(?:;|$)/);
  expect(json).toEqual({ error: { code: expect.stringMatching(/^[a-z_]+$/), message: expect.stringMatching(/./) } });
}
