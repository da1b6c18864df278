import type { Static } from 'typebox';
import { type FieldError, fieldPath, type RateLimitState, type ToldProblem } from '../public.ts';
import type { ProblemSchema } from './schemas.ts';

type Kind = { readonly slug: string; readonly title: string };

const TYPES = 'https://docs.dinie.com/errors/';

/** The kinds of problem, by the status that each is sent with. The first eight are Dinie's own. */
const KINDS: Readonly<Record<number, Kind>> = {
  400: { slug: 'invalid-request', title: 'Invalid request' },
  401: { slug: 'authentication-failed', title: 'Authentication failed' },
  403: { slug: 'forbidden', title: 'Forbidden' },
  404: { slug: 'not-found', title: 'Not found' },
  409: { slug: 'conflict', title: 'Conflict' },
  422: { slug: 'validation-failed', title: 'Validation failed' },
  429: { slug: 'rate-limit-exceeded', title: 'Rate limit exceeded' },
  500: { slug: 'internal', title: 'Internal error' },
  405: { slug: 'method-not-allowed', title: 'Method not allowed' },
  412: { slug: 'precondition-failed', title: 'Precondition failed' },
  413: { slug: 'payload-too-large', title: 'Payload too large' },
  415: { slug: 'unsupported-media-type', title: 'Unsupported media type' },
  431: { slug: 'request-headers-too-large', title: 'Request headers too large' },
  503: { slug: 'service-unavailable', title: 'Service unavailable' },
};
const OTHER: Kind = { slug: 'request-failed', title: 'Request failed' };

/** Codes of fields that Dinie has words of its own for. */
const FIELD_CODES: Readonly<Record<string, string>> = {
  required: 'missing_required_field',
  wrong_format: 'invalid_format',
};

export function encodeProblem(
  { code, detail, status, errors = [], extra }: ToldProblem,
  { requestId }: { readonly requestId: string },
): Static<typeof ProblemSchema> {
  const { slug, title } = KINDS[status] ?? OTHER;
  const fields = errors.map(encodeField);
  const [first] = fields;
  return {
    ...extra,
    type: `${TYPES}${slug}`,
    title,
    status,
    detail,
    instance: `urn:request:${requestId}`,
    code,
    ...(first === undefined ? {} : { param: first.param, errors: fields }),
  };
}

function encodeField({ pointer, detail, code }: FieldError): { param: string; detail: string; code: string } {
  return { param: fieldPath(pointer), detail, code: FIELD_CODES[code] ?? code };
}

export function rateLimitHeaders({
  setting,
  remaining,
  resetSeconds,
}: RateLimitState): Readonly<Record<string, string>> {
  return {
    'x-ratelimit-limit': String(setting.requests),
    'x-ratelimit-remaining': String(remaining),
    'x-ratelimit-reset': String(resetSeconds),
  };
}
