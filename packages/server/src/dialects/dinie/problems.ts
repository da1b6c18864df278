import type { Static } from 'typebox';
import type { FieldError, RateLimitState, ToldProblem } from '../public.ts';
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
    detail: spoken(detail, errors[0]),
    instance: `urn:request:${requestId}`,
    code,
    ...(first === undefined ? {} : { param: first.param, errors: fields }),
  };
}

function encodeField({ pointer, detail, code }: FieldError): { param: string; detail: string; code: string } {
  return { param: paramOf(pointer), detail, code: FIELD_CODES[code] ?? code };
}

const BODY = 'body';

/** A pointer as a name: `/events/0` is `events[0]`, `?limit` is `limit`, and the whole body `body`. */
function paramOf(pointer: string): string {
  if (pointer === '' || pointer === '/') return BODY;
  if (!pointer.startsWith('/')) return pointer.slice(1);
  const [name = BODY, ...rest] = pointer.slice(1).split('/').map(unescaped);
  return name + rest.map((part) => `[${part}]`).join('');
}

function unescaped(part: string): string {
  return part.replaceAll('~1', '/').replaceAll('~0', '~');
}

/** A sentence about a field begins with its pointer; Dinie's readers know names. */
function spoken(detail: string, first: FieldError | undefined): string {
  if (first === undefined || first.pointer === '') return detail;
  const { pointer } = first;
  const quoted = `"${pointer}"`;
  if (detail.startsWith(quoted)) return `"${paramOf(pointer)}"${detail.slice(quoted.length)}`;
  return detail.startsWith(`${pointer} `) ? `${paramOf(pointer)}${detail.slice(pointer.length)}` : detail;
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
