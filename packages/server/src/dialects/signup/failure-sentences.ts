import type { Delivery, DeliveryState } from '../public.ts';

const NO_RESPONSE: Readonly<Record<string, string>> = {
  timeout: 'The endpoint did not answer in time.',
  dns: 'The host name of the endpoint does not resolve.',
  blocked_address: 'The host name of the endpoint leads to an address that is not allowed.',
  connect: 'No connection to the endpoint could be opened.',
  tls: 'The TLS connection to the endpoint failed.',
  reset: 'The endpoint closed the connection before its answer was complete.',
  protocol: 'The answer of the endpoint was not valid HTTP.',
  response_too_large: 'The answer of the endpoint was too large.',
  invalid_request: 'The request could not be written.',
  signing: 'The request could not be signed.',
};

type End = Extract<DeliveryState, { kind: 'dead' }>['reason'] | 'cancelled';
/** null: what the last attempt met says it. */
const ENDS: Readonly<Record<End, string | null>> = {
  retries_exhausted: null,
  held_too_long: 'The endpoint was paused for too long.',
  endpoint_archived: 'The endpoint was deleted.',
  payload_missing: 'The payload is kept no longer.',
  cancelled: 'The endpoint was deleted.',
};

/** What an attempt met, as a sentence for people; null when there was none or it succeeded. */
export function failureOf(errorKind: string | null, responseStatus: number | null): string | null {
  if (errorKind !== null) return NO_RESPONSE[errorKind] ?? 'The endpoint did not answer.';
  const isFailure = responseStatus !== null && (responseStatus < 200 || responseStatus > 299);
  return isFailure ? `The endpoint answered with status ${responseStatus}.` : null;
}

/** Why a delivery is not delivered, or not yet. */
export function errorMessageOf({ state, lastErrorKind, lastResponseStatus }: Delivery): string | null {
  return endOf(state) ?? failureOf(lastErrorKind, lastResponseStatus);
}

/** Why a delivery ended that no attempt of it decided. */
export function endOf(state: DeliveryState): string | null {
  if (state.kind === 'dead') return ENDS[state.reason];
  return state.kind === 'cancelled' ? ENDS.cancelled : null;
}
