import { expect, it } from 'vitest';
import { BATCH_EVENTS_MAX, DELIVERIES_PER_REQUEST_MAX } from '../domain/limits.ts';
import { inWorld } from '../engine/testing/in-world.ts';
import type { Caller } from './caller.ts';
import type { AppContext } from './context.ts';
import { sendEvents } from './events.ts';

it(
  'tells a batch that makes too many deliveries that it is too large, and to come in parts',
  inWorld({}, async (world) => {
    const count = DELIVERIES_PER_REQUEST_MAX / BATCH_EVENTS_MAX + 1;
    const endpoints = Array.from({ length: count }, () => world.endpoint({ keyring: 'organization' }));
    await world.apply(endpoints.map((endpoint) => ({ kind: 'endpoint.insert' as const, endpoint })));
    const { organizationId, engine } = world;
    const caller: Caller = {
      organizationId,
      actor: 'key_1',
      scopes: new Set(['events:write']),
      requestId: 'r',
      address: null,
    };
    // Without an idempotency key, sending asks for the engine alone.
    const app = { engine } as unknown as AppContext;
    const events = Array.from({ length: BATCH_EVENTS_MAX }, () => world.event());
    const outcome = await sendEvents(app, caller, events, (index) => `/events/${index}`, null);
    expect(outcome).toMatchObject({
      ok: false,
      problem: { code: 'payload_too_large', detail: expect.stringContaining('send fewer events at once') },
    });
    expect(outcome).not.toHaveProperty('problem.retryAfterSeconds');
  }),
);
