import { classify } from '../domain/delivery-state.ts';
import { type Endpoint, UNTRIED } from '../domain/endpoint.ts';
import { JSON_CONTENT_TYPE } from '../domain/event.ts';
import { excerptText } from '../domain/excerpt.ts';
import type { SendResult } from '../net/sender.ts';
import { type AttemptTools, waitForRing } from './attempts.ts';
import { EndpointState } from './endpoint-state.ts';
import type { TestResult } from './engine.ts';
import type { LoadedRing } from './loaded-ring.ts';
import { type SignedRequest, signRequest } from './signed-request.ts';

/** Signs like a delivery and sends at once. Touches no lane, no health and no history, so any endpoint may be tried. */
export async function testSend(
  tools: AttemptTools,
  endpoint: Endpoint,
  content: { readonly type: string; readonly payload: Uint8Array },
): Promise<TestResult> {
  const { sender, clock, ids, vault, settings, telemetry } = tools;
  const state = new EndpointState(endpoint, UNTRIED);
  const ring = await ringInForce(tools, state);
  const key = ids.next('evt');
  const now = clock.now();
  const event = { key, id: key, ...content, contentType: JSON_CONTENT_TYPE, occurredAt: now };
  let signed: SignedRequest | null = null;
  try {
    const parts = { state, event, deliveryId: ids.next('dlv'), now, purpose: 'test' } as const;
    const { userAgent, sendDeadlineSeconds } = settings;
    if (ring !== null) signed = signRequest({ ...parts, ring }, { vault, userAgent, sendDeadlineSeconds });
  } catch (error) {
    telemetry.fault('signing', error);
  }
  if (signed === null) return unsigned(event.id);
  return tell(event.id, signed.keyIds, await sender.send(signed.request));
}

/** Null also when this node cannot vouch for what it remembers. */
async function ringInForce({ directory, gate }: AttemptTools, state: EndpointState): Promise<LoadedRing | null> {
  while (gate.isOpen || (await gate.renew())) {
    const ring = await waitForRing(directory, state);
    if (gate.isOpen) return ring;
  }
  return null;
}

function tell(eventId: string, keyIds: string, result: SendResult): TestResult {
  const facts = { eventId, latencyMs: result.phases.totalMs, keyIds: keyIds.split(' ') };
  if (result.kind === 'failure') {
    const { failure: errorKind, detail: errorDetail } = result;
    return { ...facts, delivered: false, status: null, responseBody: null, errorKind, errorDetail };
  }
  return {
    ...facts,
    delivered: classify({ status: result.status }) === 'success',
    status: result.status,
    responseBody: result.excerpt === null ? null : excerptText(result.excerpt),
    errorKind: null,
    errorDetail: null,
  };
}

function unsigned(eventId: string): TestResult {
  return {
    eventId,
    delivered: false,
    status: null,
    latencyMs: 0,
    responseBody: null,
    errorKind: 'signing',
    errorDetail: 'The request could not be signed.',
    keyIds: [],
  };
}
