import type { Envelope } from '../domain/envelope.ts';
import type { EndpointId } from '../domain/ids.ts';
import type { TestResult } from '../engine/engine.ts';
import { auditAhead, originOf } from './audit.ts';
import { type Caller, type IdempotencyRequest, missingScope } from './caller.ts';
import type { AppContext } from './context.ts';
import { idempotentAfter } from './idempotency.ts';
import { done, type Outcome, refused } from './outcome.ts';
import { type ArchivedEndpoints, ownEndpoint } from './own-endpoint.ts';

export const TEST_EVENT_TYPE = 'webhook.test';

/** Names nothing: what an id looks like is the business of each dialect. */
const PAYLOAD = Buffer.from(JSON.stringify({ message: 'This is a test. Nothing happened.' }));

/** What a dialect sends as a test. */
export type TestContent = {
  /** A JSON text; null: the native one. */
  readonly payload: Uint8Array | null;
  /** Around the payload of this one request; absent: the endpoint's own. */
  readonly envelope?: Envelope | null;
  readonly type?: string;
};

export type SentTest = TestResult & { readonly url: string };

/**
 * Sends one synthetic event at once, signed like a delivery, and tells what the receiver said. It is no delivery: it
 * counts for nothing and works on a suspended endpoint too.
 */
export async function sendTest(
  app: AppContext,
  caller: Caller,
  endpointId: EndpointId,
  content: TestContent,
  request: IdempotencyRequest | null,
  archived: ArchivedEndpoints,
): Promise<Outcome<SentTest>> {
  const refusal = missingScope(caller, 'endpoints:write');
  if (refusal !== null) return refusal;
  const found = await ownEndpoint(app, caller, endpointId, archived);
  if (!found.ok) return found;
  const { endpoint } = found.value;
  if (endpoint.status.kind === 'archived') return refused('endpoint_archived', 'an archived endpoint receives nothing');
  const { envelope = endpoint.envelope, type = TEST_EVENT_TYPE } = content;
  const payload = content.payload ?? PAYLOAD;
  return await idempotentAfter(app, caller, request, async () => {
    const origin = originOf(endpoint.url);
    await auditAhead(app, caller, { action: 'endpoint.tested', target: endpointId, detail: { origin, type } });
    return done({
      ...(await app.engine.testSend({ ...endpoint, envelope }, { type, payload })),
      url: endpoint.url,
    });
  });
}
