import type { Static } from 'typebox';
import { ERRORS, type ErrorCode, type FieldError, pointerNames, type ToldProblem } from '../public.ts';
import type { ErrorSchema } from './schemas.ts';

type Status = (typeof ERRORS)[ErrorCode]['status'];

const CODES: Readonly<Record<Status, string>> = {
  400: 'INVALID_REQUEST',
  401: 'UNAUTHORIZED',
  403: 'FORBIDDEN',
  404: 'NOT_FOUND',
  405: 'METHOD_NOT_ALLOWED',
  409: 'CONFLICT',
  412: 'PRECONDITION_FAILED',
  413: 'PAYLOAD_TOO_LARGE',
  415: 'UNSUPPORTED_MEDIA_TYPE',
  422: 'VALIDATION_FAILED',
  429: 'RATE_LIMITED',
  431: 'REQUEST_HEADERS_TOO_LARGE',
  500: 'INTERNAL_ERROR',
  503: 'SERVICE_UNAVAILABLE',
};

/** The product says no more than this of who may not do what. */
const MESSAGES: Readonly<Partial<Record<Status, string>>> = {
  401: 'authentication failed',
  403: 'missing required scope',
  404: 'not found',
};

export function encodeProblem(
  { code, detail, errors = [] }: ToldProblem,
  { requestId }: { readonly requestId: string },
): Static<typeof ErrorSchema> {
  const { status } = ERRORS[code];
  const error = {
    code: code === 'endpoint_limit_reached' ? 'LIMIT_EXCEEDED' : CODES[status],
    message: MESSAGES[status] ?? detail,
    request_id: requestId,
  };
  return { success: false, error: errors.length === 0 ? error : { ...error, details: detailsOf(errors) } };
}

/** One sentence for each field, which is the first that was found about it. */
function detailsOf(errors: readonly FieldError[]): Record<string, string> {
  const details = new Map<string, string>();
  for (const { pointer, detail } of errors) {
    const [field = '', ...inside] = pointerNames(pointer);
    const name = field === '' ? 'body' : field;
    if (!details.has(name)) details.set(name, inside.length === 0 ? detail : `[${inside.join('.')}] ${detail}`);
  }
  return Object.fromEntries(details);
}
