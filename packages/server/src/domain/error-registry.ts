/** What a code means wherever it appears: its HTTP status, the title of the problem, and when it happens. */
export type ErrorEntry = { readonly status: number; readonly title: string; readonly description: string };

/**
 * Every error code that a caller can meet. A code never changes its meaning or its status; docs/errors.md has one row
 * for each.
 */
export const ERRORS = {
  invalid_body: {
    status: 400,
    title: 'Unreadable body',
    description: 'The body is not what its content type says: broken JSON, invalid UTF-8, or a byte order mark.',
  },
  invalid_request: {
    status: 400,
    title: 'Unreadable request',
    description: 'The request line, a header or the framing of the request cannot be read.',
  },
  token_request_refused: {
    status: 400,
    title: 'Token request refused',
    description: 'The request for an access token is not one of OAuth 2.0 client credentials, or asks for too much.',
  },
  missing_credentials: {
    status: 401,
    title: 'Missing credentials',
    description: 'The request has no credentials.',
  },
  invalid_credentials: {
    status: 401,
    title: 'Invalid credentials',
    description: 'The credentials are unknown, revoked, or not signed by the configured issuer.',
  },
  expired_credentials: {
    status: 401,
    title: 'Expired credentials',
    description: 'The bearer token was valid once and has expired.',
  },
  missing_scope: {
    status: 403,
    title: 'Missing scope',
    description: 'The token is valid and lacks a scope that this operation needs.',
  },
  metrics_closed: {
    status: 403,
    title: 'Metrics are closed',
    description: 'The metrics are asked for from elsewhere, and the operator has opened them to this machine only.',
  },
  not_found: {
    status: 404,
    title: 'Not found',
    description: 'Nothing with that address exists in this organization.',
  },
  secret_not_found: {
    status: 404,
    title: 'Secret not found',
    description: 'The keyring never held a secret with that id.',
  },
  method_not_allowed: {
    status: 405,
    title: 'Method not allowed',
    description: 'The path exists and does not take this method.',
  },
  conflict: {
    status: 409,
    title: 'Conflict',
    description: 'Others kept changing the same thing; nothing of this request was applied.',
  },
  endpoint_archived: {
    status: 409,
    title: 'Endpoint archived',
    description: 'An archived endpoint cannot be changed, tested or rotated, and never comes back.',
  },
  endpoint_limit_reached: {
    status: 409,
    title: 'Endpoint limit reached',
    description: 'The organization has as many endpoints as it may have.',
  },
  delivery_in_progress: {
    status: 409,
    title: 'Delivery in progress',
    description: 'The delivery waits for its first try, is being sent, or is held: it cannot be sent again yet.',
  },
  secret_is_active: {
    status: 409,
    title: 'Secret is active',
    description: 'The active secret cannot be revoked, because deliveries would go out unsigned.',
  },
  secret_not_living: {
    status: 409,
    title: 'Secret no longer living',
    description: 'The secret has expired or was revoked; the dead do not come back.',
  },
  secret_not_staged: {
    status: 409,
    title: 'Secret not staged',
    description: 'Only a staged secret can be promoted or discarded.',
  },
  secret_not_retiring: {
    status: 409,
    title: 'Secret not retiring',
    description: 'Only a secret that is still retiring can be restored.',
  },
  rotation_in_progress: {
    status: 409,
    title: 'Rotation in progress',
    description:
      'An older secret is still retiring, or another rotation is scheduled, and the policy refuses a second.',
  },
  ring_full: {
    status: 409,
    title: 'Keyring full',
    description: 'The keyring holds as many living secrets as its policy allows.',
  },
  policy_forbids: {
    status: 409,
    title: 'Rotation policy forbids it',
    description: 'The rotation policy of this keyring does not allow the operation.',
  },
  policy_enforced: {
    status: 409,
    title: 'Rotation policy enforced',
    description: 'The rotation policy of the keyring is enforced and forbids what this API would otherwise allow.',
  },
  organization_ring: {
    status: 409,
    title: "Organization's ring",
    description: "The endpoint has no ring of its own: its organization's ring signs, and is the one to rotate.",
  },
  secret_shown_before: {
    status: 409,
    title: 'Secret shown before',
    description: 'The same request was answered before with a secret that may not be shown again.',
  },
  event_id_conflict: {
    status: 409,
    title: 'Event id conflict',
    description: 'An event with that id was accepted in the last 7 days with other content.',
  },
  event_owed: {
    status: 409,
    title: 'Event still owed',
    description: 'A delivery of the event has not ended, so its payload is still needed.',
  },
  payload_erased: {
    status: 409,
    title: 'Payload erased',
    description: 'The payload of the event was erased: there is nothing left to send.',
  },
  idempotency_key_in_flight: {
    status: 409,
    title: 'Idempotency key in flight',
    description: 'The first request with that Idempotency-Key has not been answered yet.',
  },
  precondition_failed: {
    status: 412,
    title: 'Precondition failed',
    description: 'The version named in If-Match is not the current one.',
  },
  payload_too_large: {
    status: 413,
    title: 'Payload too large',
    description: 'The body, an event or a batch is larger than its limit.',
  },
  unsupported_media_type: {
    status: 415,
    title: 'Unsupported media type',
    description: 'The operation does not take a body of this content type.',
  },
  validation_failed: {
    status: 422,
    title: 'Validation failed',
    description: 'The request was readable and at least one of its values is not allowed.',
  },
  duplicate_key: {
    status: 422,
    title: 'Duplicate key',
    description: 'The JSON object names the same key twice.',
  },
  idempotency_key_reused: {
    status: 422,
    title: 'Idempotency key reused',
    description: 'That Idempotency-Key was used before with another body.',
  },
  secret_rejected: {
    status: 422,
    title: 'Secret rejected',
    description:
      'The secret is malformed, too short or long, of an origin the policy does not take, or already living here.',
  },
  grace_out_of_range: {
    status: 422,
    title: 'Grace out of range',
    description: 'The grace is not a number of seconds within the bounds of the rotation policy.',
  },
  grace_required: {
    status: 422,
    title: 'Grace required',
    description: 'The rotation policy wants every rotation to say its grace.',
  },
  reason_required: {
    status: 422,
    title: 'Reason required',
    description: 'The rotation policy wants a reason for a forced rotation.',
  },
  rate_limited: {
    status: 429,
    title: 'Too many requests',
    description: 'The caller sent more requests than the configured rate.',
  },
  rotation_cooldown: {
    status: 429,
    title: 'Rotated too recently',
    description: 'The keyring was rotated less than its cooldown ago.',
  },
  request_headers_too_large: {
    status: 431,
    title: 'Request headers too large',
    description: 'The request carries more header bytes than the server reads.',
  },
  internal_error: {
    status: 500,
    title: 'Internal error',
    description: 'Something in the server is broken; the request id finds it in the log.',
  },
  overloaded: {
    status: 503,
    title: 'Overloaded',
    description: 'The queue of writes is full, so nothing of this request was accepted.',
  },
  store_unavailable: {
    status: 503,
    title: 'Store unavailable',
    description: 'The database did not commit, or its disk is nearly full; nothing of this request was accepted.',
  },
  issuer_unavailable: {
    status: 503,
    title: 'Issuer unavailable',
    description: "The keys of the bearer token's issuer cannot be read, so the token cannot be checked.",
  },
  shutting_down: {
    status: 503,
    title: 'Shutting down',
    description: 'This node is stopping and takes no new work.',
  },
} as const satisfies Record<string, ErrorEntry>;

export type ErrorCode = keyof typeof ERRORS;

/** One fault at one place of the input; `pointer` is a JSON pointer into the body, or `?name` for a query parameter. */
export type FieldError = { readonly pointer: string; readonly detail: string; readonly code: string };

/** An expected failure as a value; each dialect renders it in its own shape. */
export type Problem = {
  readonly code: ErrorCode;
  readonly detail: string;
  readonly errors?: readonly FieldError[];
  readonly retryAfterSeconds?: number;
  /** Plain facts for the caller, never material. */
  readonly extra?: Readonly<Record<string, unknown>>;
};

export function isErrorCode(text: string): text is ErrorCode {
  return Object.hasOwn(ERRORS, text);
}

export function statusOf(code: ErrorCode): number {
  return ERRORS[code].status;
}
