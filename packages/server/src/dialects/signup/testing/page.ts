import { type TObject, type TSchema, Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { expect } from 'vitest';
import type { Answer } from '../../testing/checked-client.ts';

/** The request that the page of "Rotate the signing secret for a webhook endpoint" prints. */
export const ROTATE_CURL = 'curl -X POST "https://example.com/webhooks/497f6eca-6276-4993-bfeb-53cbbbba6f08/rotate"';

const Time = Type.String({ pattern: String.raw`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z$` });
const Uuid = Type.String({ pattern: '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' });
const OrNull = (schema: TSchema): TSchema => Type.Union([schema, Type.Null()]);

/** All of them are there, and nothing besides. */
function exactly(properties: Record<string, TSchema>): TObject {
  return Type.Object(properties, { additionalProperties: false });
}

const Endpoint = exactly({
  id: Uuid,
  url: Type.String({ pattern: '^https?://' }),
  description: Type.String(),
  eventTypes: Type.Array(Type.String()),
  paused: Type.Boolean(),
  pausedReason: OrNull(Type.String({ minLength: 1 })),
  pausedAt: OrNull(Time),
  consecutiveFailures: Type.Integer({ minimum: 0 }),
  lastSuccessAt: OrNull(Time),
  lastFailureAt: OrNull(Time),
  createdAt: Time,
  updatedAt: Time,
});

const EndpointWithSecret = exactly({
  endpoint: Endpoint,
  signingSecret: Type.String({ pattern: '^whsec_[A-Za-z0-9+/]{32,}=*$' }),
});

const Problem = exactly({
  type: Type.String({ pattern: '^https://thesignup\\.app/problems/[a-z]+(-[a-z]+)*$' }),
  title: Type.String({ minLength: 1 }),
  status: Type.Integer({ minimum: 400, maximum: 599 }),
  detail: Type.String({ minLength: 1 }),
  code: Type.String({ pattern: '^[a-z]+(_[a-z]+)*$' }),
  errors: Type.Array(exactly({ path: Type.String(), message: Type.String({ minLength: 1 }) })),
  cause: Type.Object({}),
});

const Delivery = exactly({
  id: Uuid,
  eventType: Type.String({ minLength: 1 }),
  status: Type.Union(['pending', 'delivered', 'failed', 'dlq'].map((word) => Type.Literal(word))),
  attemptCount: Type.Integer({ minimum: 0 }),
  lastResponseStatus: OrNull(Type.Integer({ minimum: 100, maximum: 599 })),
  errorMessage: OrNull(Type.String({ minLength: 1 })),
  createdAt: Time,
  deliveredAt: OrNull(Time),
  dlqAt: OrNull(Time),
});

const TestSend = exactly({
  delivered: Type.Boolean(),
  responseStatus: OrNull(Type.Integer()),
  responseBody: OrNull(Type.String()),
  errorMessage: OrNull(Type.String({ minLength: 1 })),
  latencyMs: Type.Number({ minimum: 0 }),
});

/** What the product's pages say of each answer, written from them and not from the routes. */
const PAGES = {
  endpoint: Compile(Endpoint),
  endpoints: Compile(exactly({ data: Type.Array(Endpoint) })),
  endpointWithSecret: Compile(EndpointWithSecret),
  deliveries: Compile(exactly({ data: Type.Array(Delivery) })),
  replay: Compile(exactly({ id: Uuid, status: Type.String() })),
  test: Compile(TestSend),
  problem: Compile(Problem),
} as const;

/** Holds an answer against its page: status, content type, every field and its format. */
export function expectPage(answer: Answer, status: number, page: keyof typeof PAGES): void {
  const [mediaType] = String(answer.headers['content-type']).split(';');
  const wanted = page === 'problem' ? 'application/problem+json' : 'application/json';
  expect([answer.status, mediaType, answer.text]).toEqual([status, wanted, expect.any(String)]);
  expect([...PAGES[page].Errors(answer.json)].map(({ instancePath, message }) => `${instancePath} ${message}`)).toEqual(
    [],
  );
  if (page === 'problem') expect(answer.json.status).toBe(status);
}

/** The same, and which problem it is. */
export function expectProblem(answer: Answer, status: number, slug: string, code: string): void {
  expectPage(answer, status, 'problem');
  expect([answer.json.type, answer.json.code]).toEqual([`https://thesignup.app/problems/${slug}`, code]);
}
