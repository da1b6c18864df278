import { createHash, randomFillSync } from 'node:crypto';
import { nativeWebhooks } from '@hookring/signing';
import { NATIVE_ROTATION_LIMITS } from '../../domain/policy-choice.ts';
import { NATIVE_ROTATION_POLICY } from '../../domain/rotation-policy.ts';
import { SCOPES, type Scope } from '../../domain/scope.ts';
import { inWorld } from '../../engine/testing/in-world.ts';
import type { World } from '../../engine/testing/world.ts';
import type { Caller } from '../caller.ts';
import { type AppContext, SILENT_APP_TELEMETRY } from '../context.ts';
import type { CreateEndpointInput } from '../create-endpoint.ts';
import { createKeyedQueue } from '../keyed-queue.ts';
import type { Outcome } from '../outcome.ts';

export type AppWorld = {
  readonly world: World;
  readonly app: AppContext;
  /** Acts for the organization of the world, with every scope unless some are named. */
  readonly caller: (...scopes: readonly Scope[]) => Caller;
};

/** Runs a test with use cases over an engine in virtual time and a real store. */
export function inAppWorld(body: (given: AppWorld) => Promise<void>): () => Promise<void> {
  return inWorld({}, async (world) => {
    const { store, engine, vault, ids, time } = world;
    const context: Omit<AppContext, 'masterKeys' | 'sessionJwts' | 'accessTokens'> = {
      store,
      engine,
      directory: engine.directory,
      vault,
      clock: time,
      timers: time,
      ids,
      fillRandom: (bytes) => void randomFillSync(bytes),
      digest: (bytes) => createHash('sha256').update(bytes).digest('hex'),
      queue: createKeyedQueue(),
      settings: {
        urlRules: { allowHttp: false, allowPrivate: { isEmpty: true, matches: () => false } },
        bootstrapKeyHash: null,
        localTokenHash: null,
        rotationLimits: NATIVE_ROTATION_LIMITS,
        retentionDays: 30,
      },
      telemetry: SILENT_APP_TELEMETRY,
    };
    const { organizationId } = world;
    await body({
      world,
      app: context as AppContext, // No use case that is tested here changes master keys or reads a JWT.
      caller: (...scopes) => ({
        organizationId,
        actor: 'key_1',
        scopes: new Set(scopes.length === 0 ? SCOPES : scopes),
        requestId: 'r',
        address: '203.0.113.7',
      }),
    });
  });
}

export const NEW_ENDPOINT: CreateEndpointInput = {
  settings: { url: 'https://receiver.example/hook' },
  keyring: 'own',
  algorithm: 'hmac-sha256',
  defaults: {
    signatureProfile: nativeWebhooks,
    envelope: null,
    retrySchedule: null,
    rotationPolicy: NATIVE_ROTATION_POLICY,
    catalogue: null,
    secretSpelling: 'whsec',
  },
  archived: 'shown',
};

/** The value of what must have worked. */
export function valueOf<T>(outcome: Outcome<T>): T {
  if (!outcome.ok) throw new Error(`refused: ${outcome.problem.code}: ${outcome.problem.detail}`);
  return outcome.value;
}

/** The code of what must have been refused, or null when it was not. */
export function codeOf(outcome: Outcome<unknown>): string | null {
  return outcome.ok ? null : outcome.problem.code;
}
