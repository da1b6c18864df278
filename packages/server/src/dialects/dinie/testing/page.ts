import { expect } from 'vitest';
import type { Answer } from '../../testing/checked-client.ts';

/**
 * The tables of the page "Rotate the signing secret", by hand: the fields of each answer, and which are required.
 * `?` marks a field that may be missing.
 */

export const ROTATE_PATH = '/webhooks/endpoints/{webhook_endpoint_id}/secret/rotate';
export const LISTED_STATUSES = [400, 401, 404, 422, 429, 500] as const;

type Check = (value: unknown) => boolean;
type Table = Readonly<Record<string, Check>>;

const text: Check = (value) => typeof value === 'string' && value !== '';
const whole: Check = Number.isInteger;
const uri: Check = (value) => typeof value === 'string' && URL.canParse(value);
const endpointId: Check = (value) => typeof value === 'string' && /^we_[0-9a-f]{32}$/.test(value);
const secret: Check = (value) =>
  typeof value === 'string' && /^whsec_[A-Za-z0-9+/]{32,}={0,2}$/.test(value) && strong(value);
const time: Check = (value) =>
  typeof value === 'string' &&
  /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(value) &&
  !Number.isNaN(Date.parse(value));
const fields: Check = (value) =>
  Array.isArray(value) && value.length > 0 && value.every((one) => faults(FIELD, one).length === 0);

const ROTATED: Table = { id: endpointId, secret, previous_secret_expires_at: time };
const FIELD: Table = { param: text, detail: text, 'code?': text };
const PROBLEM: Table = {
  type: uri,
  title: text,
  status: whole,
  detail: text,
  'instance?': uri,
  'code?': text,
  'param?': text,
  'errors?': fields,
};

function strong(value: string): boolean {
  return Buffer.from(value.slice('whsec_'.length), 'base64').length >= 24;
}

/** The names of fields that are missing, wrong, or not of the page. */
function faults(table: Table, value: unknown): readonly string[] {
  if (typeof value !== 'object' || value === null) return ['no object'];
  const given = new Map<string, unknown>(Object.entries(value));
  const wrong = Object.entries(table).filter(([key, check]) => {
    const name = key.replace('?', '');
    const one = given.get(name);
    given.delete(name);
    return one === undefined ? !key.endsWith('?') : !check(one);
  });
  return [...wrong.map(([key]) => key), ...given.keys()];
}

export function mediaTypeOf({ headers }: Answer): string | undefined {
  return String(headers['content-type']).split(';')[0];
}

export function expectRotated(answer: Answer): void {
  expect([answer.status, mediaTypeOf(answer)]).toEqual([200, 'application/json']);
  expect(faults(ROTATED, answer.json)).toEqual([]);
}

export function expectProblem(answer: Answer, status: number): void {
  expect([answer.status, mediaTypeOf(answer)]).toEqual([status, 'application/problem+json']);
  expect(faults(PROBLEM, answer.json)).toEqual([]);
  expect(answer.json.status).toBe(status);
  expect(answer.headers['version']).toBe('2026-03-01');
}
