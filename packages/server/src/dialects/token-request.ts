import type { TokenRequest } from '../app/issue-access-token.ts';
import { invalid, Refusal, refused } from '../app/outcome.ts';
import { readJsonBody } from '../http/body.ts';
import { checkContentType, JSON_MEDIA_TYPE, parseContentType } from '../http/content-type.ts';
import { formDecoded, readForm } from '../http/form.ts';
import type { RawBody } from '../http/route.ts';
import { escapePointer } from '../http/validation.ts';

const FORM_MEDIA_TYPE = 'application/x-www-form-urlencoded';
/** The form is the standard's; JSON is what many SDKs send. */
export const FORM_MEDIA_TYPES = [FORM_MEDIA_TYPE, JSON_MEDIA_TYPE] as const;

type Fields = ReadonlyMap<string, unknown>;
type Client = Pick<TokenRequest, 'clientId' | 'clientSecret'>;

export type TokenRequestReading =
  | { readonly ok: true; readonly request: Pick<TokenRequest, 'clientId' | 'clientSecret' | 'scopes'> }
  | Refusal;

/** The names that RFC 6749, section 5.2, gives to what is wrong. */
type OAuthError = 'invalid_request' | 'invalid_client' | 'unsupported_grant_type';

/** Reads a token request (RFC 6749, sections 2.3.1 and 4.4.2). Fields that it does not know are ignored, as it says. */
export function readTokenRequest(authorization: string | undefined, body: RawBody): TokenRequestReading {
  const fields = readFields(body);
  if (Refusal.is(fields)) return fields;
  const grantType = textOf(fields, 'grant_type');
  const scope = textOf(fields, 'scope');
  for (const text of [grantType, scope]) if (Refusal.is(text)) return text;
  if (grantType === null) return withError(invalid('/grant_type', 'is missing', 'required'), 'invalid_request');
  if (grantType !== 'client_credentials') {
    return withError(invalid('/grant_type', 'must be "client_credentials"', 'not_allowed'), 'unsupported_grant_type');
  }
  const client = readClient(authorization, fields);
  if (Refusal.is(client)) return client;
  const names = typeof scope === 'string' ? scope.split(' ').filter((name) => name !== '') : [];
  return { ok: true, request: { ...client, scopes: names.length === 0 ? null : names } };
}

function readFields({ bytes, contentType }: RawBody): Fields | Refusal {
  const wrongType = checkContentType(contentType ?? undefined, FORM_MEDIA_TYPES);
  if (wrongType !== null) return withError(wrongType, 'invalid_request');
  const isForm = parseContentType(contentType ?? '')?.mediaType === FORM_MEDIA_TYPE;
  return isForm ? formFields(bytes) : jsonFields(bytes);
}

function formFields(bytes: Uint8Array): Fields | Refusal {
  const form = readForm(bytes);
  if (form.ok) return form.fields;
  switch (form.reason) {
    case 'repeated':
      return withError(invalid(`/${escapePointer(form.name)}`, 'appears twice', 'duplicate_key'), 'invalid_request');
    case 'too_many_fields':
      return withError(invalid('', 'has too many fields'), 'invalid_request');
    case 'unreadable':
      return withError(refused('invalid_body', 'the body is no form in UTF-8'), 'invalid_request');
  }
}

function jsonFields(bytes: Uint8Array): Fields | Refusal {
  const read = readJsonBody(bytes, false);
  if (!read.ok) return withError(read, 'invalid_request');
  const { value } = read;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return withError(invalid('', 'must be an object', 'wrong_type'), 'invalid_request');
  }
  return new Map<string, unknown>(Object.entries(value));
}

/** Null when it is not there; an empty one counts as not there. */
function textOf(fields: Fields, name: string): string | Refusal | null {
  const value = fields.get(name) ?? null;
  if (value === null || value === '') return null;
  return typeof value === 'string'
    ? value
    : withError(invalid(`/${name}`, 'must be text', 'wrong_type'), 'invalid_request');
}

function readClient(authorization: string | undefined, fields: Fields): Client | Refusal {
  const clientId = textOf(fields, 'client_id');
  const clientSecret = textOf(fields, 'client_secret');
  for (const text of [clientId, clientSecret]) if (Refusal.is(text)) return text;
  if (authorization === undefined) {
    return typeof clientId === 'string' && typeof clientSecret === 'string' ? { clientId, clientSecret } : NO_CLIENT;
  }
  if (clientSecret !== null) return TWO_WAYS;
  const client = basicClient(authorization);
  if (client === null) return NO_BASIC;
  // Some clients name themselves in the body too, which proves nothing and contradicts nothing.
  return clientId === null || clientId === client.clientId ? client : TWO_WAYS;
}

const BASIC = /^Basic +([A-Za-z0-9+/_-]+={0,2}) *$/i;

/** Both halves are encoded as a form before they are joined (RFC 6749, 2.3.1). */
function basicClient(authorization: string): Client | null {
  const encoded = BASIC.exec(authorization)?.[1];
  if (encoded === undefined) return null;
  const joined = Buffer.from(encoded, 'base64').toString('utf8');
  const colon = joined.indexOf(':');
  const clientId = colon < 0 ? null : formDecoded(joined.slice(0, colon));
  const clientSecret = formDecoded(joined.slice(colon + 1));
  return clientId === null || clientSecret === null ? null : { clientId, clientSecret };
}

const NO_CLIENT = withError(
  refused('missing_credentials', 'send client_id and client_secret, with HTTP Basic or in the body'),
  'invalid_client',
);
const NO_BASIC = withError(
  refused('invalid_credentials', 'the Authorization header of a token request must be HTTP Basic'),
  'invalid_client',
);
const TWO_WAYS = withError(
  invalid('/client_secret', 'must not be in the body beside an Authorization header', 'not_allowed'),
  'invalid_request',
);

/** What is wrong with a value is 400 at a token endpoint (RFC 6749, section 5.2). */
function withError({ problem }: Refusal, error: OAuthError): Refusal {
  const code = problem.code === 'validation_failed' ? 'token_request_refused' : problem.code;
  return new Refusal({ ...problem, code, extra: { error } });
}
