import type { EndpointId } from '../domain/ids.ts';
import type { TestResult } from '../engine/engine.ts';
import { type Caller, type IdempotencyRequest, missingScope } from './caller.ts';
import type { AppContext } from './context.ts';
import { idempotentAfter } from './idempotency.ts';
import { done, type Outcome, refused } from './outcome.ts';

export const TEST_EVENT_TYPE = 'webhook.test';

/**
 * Sends one synthetic event at once, signed like a delivery, and tells what the receiver said. It is no delivery: it
 * counts for nothing and works on a suspended endpoint too.
 */
export async function sendTest(
  app: AppContext,
  caller: Caller,
  endpointId: EndpointId,
  /** The payload that the dialect sends as a test; null: the native one. */
  payload: Uint8Array | null,
  request: IdempotencyRequest | null,
): Promise<Outcome<TestResult>> {
  const refusal = missingScope(caller, 'endpoints:write');
  if (refusal !== null) return refusal;
  const found = await app.store.reader.endpoint(caller.organizationId, endpointId);
  if (found === null) return refused('not_found', 'no such endpoint');
  if (found.endpoint.status.kind === 'archived')
    return refused('endpoint_archived', 'an archived endpoint receives nothing');
  const body = payload ?? nativePayload(endpointId);
  return await idempotentAfter(app, caller, request, async () =>
    done(await app.engine.testSend(found.endpoint, { type: TEST_EVENT_TYPE, payload: body })),
  );
}

function nativePayload(endpointId: EndpointId): Uint8Array {
  return Buffer.from(JSON.stringify({ message: 'This is a test. Nothing happened.', endpointId }));
}
