import { spliceEnvelope } from '../domain/envelope.ts';
import { JSON_CONTENT_TYPE } from '../domain/event.ts';
import { headerSealId } from '../domain/static-header.ts';
import type { SendRequest } from '../net/sender.ts';
import type { Vault } from '../store/vault.ts';
import type { EndpointState, Target } from './endpoint-state.ts';
import type { SentEvent } from './lane.ts';
import type { LoadedRing } from './loaded-ring.ts';
import { signerAt } from './signers.ts';

/** A request that is ready to go out, signed for one moment. */
export type SignedRequest = {
  readonly request: SendRequest;
  readonly keyIds: string;
  readonly ringVersion: number;
};

export type RequestParts = {
  readonly state: EndpointState;
  readonly ring: LoadedRing;
  readonly event: SentEvent;
  readonly deliveryId: string;
  /** The moment of the attempt, epoch milliseconds. */
  readonly now: number;
  readonly purpose: 'delivery' | 'test';
};

export type RequestSettings = {
  readonly vault: Vault;
  readonly userAgent: string;
  readonly sendDeadlineSeconds: number;
};

/**
 * Signs with the secrets that live at `now` and lays the request out. Answers null when no secret signs; throws when a
 * secret or a header cannot be opened, or something cannot stand in a header.
 *
 * The whole set of headers, in order: content-type, user-agent, those of the endpoint's signature profile, for a test
 * webhook-purpose, then the endpoint's own. The connection adds host, connection, content-length and accept-encoding.
 */
export function signRequest(parts: RequestParts, settings: RequestSettings): SignedRequest | null {
  const { state, ring, event, now } = parts;
  const { endpoint } = state;
  const cached = signerAt(state, ring, now);
  if (cached === null) return null;
  const target = (state.target ??= deriveTarget(state, settings.vault));
  const body = endpoint.envelope === null ? event.payload : envelopedBody(parts, endpoint.envelope);
  const headers = ['content-type', endpoint.envelope === null ? event.contentType : JSON_CONTENT_TYPE];
  headers.push('user-agent', settings.userAgent);
  const signed = cached.signer.headers({
    id: event.id,
    timestampSeconds: Math.floor(now / 1_000),
    body,
    eventType: event.type,
  });
  for (const text of signed) headers.push(text);
  if (parts.purpose === 'test') headers.push('webhook-purpose', 'test');
  for (const text of target.staticHeaders) headers.push(text);
  return {
    request: {
      url: target.url,
      headers,
      body,
      deadlineMs: (endpoint.sendDeadlineSeconds ?? settings.sendDeadlineSeconds) * 1_000,
      capture: parts.purpose === 'test' ? 'always' : 'failures',
    },
    keyIds: cached.keyIds,
    ringVersion: ring.ring.version,
  };
}

function envelopedBody(
  { event, deliveryId, now }: RequestParts,
  envelope: NonNullable<EndpointState['endpoint']['envelope']>,
): Uint8Array {
  return spliceEnvelope(envelope, {
    payload: event.payload,
    contentType: event.contentType,
    eventId: event.id,
    eventType: event.type,
    deliveryId,
    occurredAt: event.occurredAt,
    timestamp: now,
  });
}

/** Done once per version of the endpoint. */
function deriveTarget({ endpoint }: EndpointState, vault: Vault): Target {
  const staticHeaders: string[] = [];
  for (const { name, sealed } of endpoint.headers) {
    staticHeaders.push(name, vault.unseal(sealed, endpoint.id, headerSealId(name)));
  }
  return { url: new URL(endpoint.url), staticHeaders };
}
