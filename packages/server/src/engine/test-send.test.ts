import { createVerifier, nativeWebhooks } from '@hookring/signing';
import { describe, expect, it } from 'vitest';
import { inWorld } from './testing/in-world.ts';
import { headerOf } from './testing/scripted-sender.ts';

const content = { type: 'webhook.test', payload: new TextEncoder().encode('{"test":true}') };

describe('a test send', () => {
  it(
    'is signed like a delivery, tells what the receiver said, and leaves no trace',
    inWorld({ settings: { autoSuspendAttempts: 1, autoSuspendHours: 0 } }, async (world) => {
      const endpoint = await world.addEndpoint({ status: { kind: 'suspended', reason: 'manual', at: 0 } });
      world.sender.script = () => ({ status: 500 });
      const sending = world.engine.testSend(endpoint, content);
      await world.time.advance(5);
      const result = await sending;
      const secret = (await world.ring(endpoint.id)).secrets[0]!;
      expect(result).toMatchObject({
        delivered: false,
        status: 500,
        responseBody: 'said the receiver',
        errorKind: null,
        keyIds: [secret.id],
      });
      const [seen] = world.sender.seen;
      const verifier = createVerifier({ profile: nativeWebhooks, secrets: [world.texts.get(secret.id) ?? ''] });
      expect(verifier.verify({ headers: seen!.headers, body: seen!.body, now: seen!.at }).ok).toBe(true);
      expect(headerOf(seen!, 'webhook-purpose')).toBe('test');
      expect(headerOf(seen!, 'webhook-id')).toBe(result.eventId);
      expect(await world.deliveries()).toEqual([]);
      expect((await world.store.reader.endpointById(endpoint.id))?.health.consecutiveFailures).toBe(0);
    }),
  );

  it(
    'tells that there was no answer, and that nothing could be signed',
    inWorld({}, async (world) => {
      const endpoint = await world.addEndpoint({ sendDeadlineSeconds: 3 });
      world.sender.script = () => 'hang';
      const sending = world.engine.testSend(endpoint, content);
      await world.time.advance(3_000);
      expect(await sending).toMatchObject({ delivered: false, status: null, errorKind: 'timeout' });
      const unknown = world.endpoint();
      expect(await world.engine.testSend(unknown, content)).toMatchObject({ errorKind: 'signing', keyIds: [] });
      expect(world.sender.seen).toHaveLength(1);
    }),
  );
});
