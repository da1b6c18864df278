import type { Static } from 'typebox';
import { type ErrorCode, type FieldError, pointerNames, type ToldProblem } from '../public.ts';
import { ProblemSchema } from './schemas.ts';

const TYPES = 'https://thesignup.app/problems';

/** The page that a problem points to, by its status: its title is the same wherever it is met. */
const KINDS: Readonly<Record<number, readonly [slug: string, title: string]>> = {
  400: ['bad-request', 'Bad request'],
  401: ['unauthorized', 'Unauthorized'],
  402: ['upgrade-required', 'Upgrade required'],
  403: ['forbidden', 'Forbidden'],
  404: ['not-found', 'Not found'],
  405: ['method-not-allowed', 'Method not allowed'],
  409: ['conflict', 'Conflict'],
  412: ['precondition-failed', 'Precondition failed'],
  413: ['payload-too-large', 'Payload too large'],
  415: ['unsupported-media-type', 'Unsupported media type'],
  422: ['validation-failed', 'Validation failed'],
  429: ['too-many-requests', 'Too many requests'],
  431: ['request-headers-too-large', 'Request headers too large'],
  500: ['internal-error', 'Internal error'],
  503: ['service-unavailable', 'Service unavailable'],
};

/** What this product calls an error that the engine calls otherwise. */
const CODES: Readonly<Partial<Record<ErrorCode, string>>> = { endpoint_limit_reached: 'upgrade_required' };

function encode({ code, status, title, detail, errors = [], extra = {} }: ToldProblem): Static<typeof ProblemSchema> {
  const [slug, name] = KINDS[status] ?? [code.replaceAll('_', '-'), title];
  return {
    type: `${TYPES}/${slug}`,
    title: name,
    status,
    detail,
    code: CODES[code] ?? code,
    errors: errors.map(encodeError),
    cause: { ...extra },
  };
}

/** `/eventTypes/0` is the path `eventTypes.0`; `?limit` is `limit`. */
function encodeError({ pointer, detail }: FieldError): { path: string; message: string } {
  return { path: pointerNames(pointer).join('.'), message: detail };
}

export const problems = {
  contentType: 'application/problem+json',
  schema: ProblemSchema,
  statuses: { endpoint_limit_reached: 402 },
  encode,
} as const;
