import { expect } from 'vitest';
import type { Answer, Json } from '../../testing/checked-client.ts';

/** What the product's pages say of its answers, written down from them and from nothing else. */

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;
const ULID = /^[0-7][0-9A-HJKMNP-TV-Z]{25}$/;
/** 32 bytes in base64 with padding. */
const SECRET = /^[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=$/;

type Fits = (value: Json) => boolean;
type Shape = Readonly<Record<string, Fits>>;

const text: Fits = (value) => typeof value === 'string';
const count: Fits = (value) => Number.isInteger(value) && value >= 0;
const is =
  (wanted: unknown): Fits =>
  (value) =>
    value === wanted;
const like =
  (pattern: RegExp): Fits =>
  (value) =>
    typeof value === 'string' && pattern.test(value);
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

/** Exactly these fields, in the order of the page. */
function object(shape: Shape): Fits {
  const names = Object.keys(shape);
  return (value) =>
    typeof value === 'object' &&
    value !== null &&
    Object.keys(value).join() === names.join() &&
    names.every((name) => shape[name]?.(value[name]) === true);
}

const ENDPOINT: Shape = {
  id: like(UUID),
  org_id: like(UUID),
  url: text,
  events: listOf(text),
  active: oneOf(true, false),
  api_version: is('2026-04-01'),
  created_at: like(TIME),
  updated_at: like(TIME),
  deleted_at: orNull(like(TIME)),
};
const OUTCOME = oneOf('success', 'retry', 'dead');
const STATUS: Fits = (value) => Number.isInteger(value) && value >= 100 && value <= 599;

export const page = {
  endpoint: object(ENDPOINT),
  endpointWithSecret: object({ ...ENDPOINT, secret: like(SECRET), secret_displayed_once: is(true) }),
  endpoints: object({
    success: is(true),
    data: listOf(object(ENDPOINT)),
    meta: object({ total: count, limit: count, offset: count, next_cursor: orNull(text) }),
  }),
  organizationSecret: object({
    webhook_secret: like(SECRET),
    rotated_at: like(TIME),
    previous_valid_until: like(TIME),
  }),
  test: object({
    event_id: like(/^evt_/),
    outcome: OUTCOME,
    url: text,
    response_status: orNull(STATUS),
    response_time_ms: count,
    response_body_excerpt: orNull(text),
    error: orNull(text),
  }),
  deliveries: object({
    success: is(true),
    data: listOf(
      object({
        id: like(UUID),
        endpoint_id: like(UUID),
        event_id: text,
        event_type: text,
        outcome: OUTCOME,
        attempt: count,
        http_status: orNull(STATUS),
        response_time_ms: count,
        response_body_excerpt: orNull(text),
        error: orNull(text),
        created_at: like(TIME),
      }),
    ),
    meta: object({ limit: count, next_cursor: orNull(text) }),
  }),
};

/** A good answer with its content type; `null`: without a body. */
export function expectGood(answer: Answer, status: number, fits: Fits | null): void {
  expect([answer.status, answer.text]).toEqual([status, expect.anything()]);
  if (fits === null) {
    expect(answer.text).toBe('');
    return;
  }
  expect(answer.headers['content-type']).toMatch(/^application\/json(?:;|$)/);
  expect([answer.json, fits(answer.json)]).toEqual([answer.json, true]);
}

const MESSAGES: Readonly<Record<number, string>> = {
  401: 'authentication failed',
  403: 'missing required scope',
  404: 'not found',
};

/** A refusal as the page has them, with the page's own words where it has some. */
export function expectRefusalShape({ status, headers, json }: Answer): void {
  expect(headers['content-type']).toMatch(/^application\/json(?:;|$)/);
  const { success, error } = json;
  expect([Object.keys(json), success]).toEqual([['success', 'error'], false]);
  expect(Object.keys(error).slice(0, 3)).toEqual(['code', 'message', 'request_id']);
  expect(error.message).toMatch(MESSAGES[status] === undefined ? /./ : new RegExp(`^${MESSAGES[status]}$`));
  expect(error.request_id).toMatch(ULID);
  const { details } = error;
  expect(Object.keys(error)).toHaveLength(details === undefined ? 3 : 4);
  expect(Object.values(details ?? {}).every((message) => typeof message === 'string')).toBe(true);
}

/** The same with its code, and the fields that its details name: none unless given. */
export function expectRefusal(answer: Answer, status: number, code: string, fields?: readonly string[]): void {
  const { details } = answer.json.error;
  expect([answer.status, answer.json.error.code, answer.text]).toEqual([status, code, answer.text]);
  expectRefusalShape(answer);
  expect(details === undefined ? undefined : Object.keys(details)).toEqual(fields);
}
