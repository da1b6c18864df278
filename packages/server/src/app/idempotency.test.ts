import { describe, expect, it } from 'vitest';
import type { EndpointId } from '../domain/ids.ts';
import type { IdempotencyRequest } from './caller.ts';
import type { AppContext } from './context.ts';
import { createEndpoint } from './create-endpoint.ts';
import { createKeyedQueue } from './keyed-queue.ts';
import type { Outcome } from './outcome.ts';
import { type Rotated, type RotateInput, rotate } from './rotate.ts';
import { type AppWorld, codeOf, inAppWorld, NEW_ENDPOINT, valueOf } from './testing/app-world.ts';

const REQUEST: IdempotencyRequest = { route: 'rotate', key: 'key-1', body: Buffer.from('one body') };

function inputOf(owner: EndpointId): RotateInput {
  return {
    owner,
    graceSeconds: 600,
    force: false,
    reason: null,
    secret: null,
    algorithm: null,
    spelling: 'whsec',
    dialectPolicy: null,
    archived: 'shown',
  };
}

/** The same, but some of its members are others. */
function besides<T extends object>(whole: T, others: Partial<T>): T {
  return new Proxy(whole, {
    get(target, name) {
      if (name in others) return others[name as keyof T];
      const value: unknown = target[name as keyof T];
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

/** A node beside the first one, on the same database; `meanwhile` happens once it has found that the key is new. */
function beside({ store, ...app }: AppContext, meanwhile: () => Promise<void>): AppContext {
  let isFirst = true;
  const reader = besides(store.reader, {
    idempotency: async (...asked) => {
      const found = await store.reader.idempotency(...asked);
      if (isFirst) {
        isFirst = false;
        await meanwhile();
      }
      return found;
    },
  });
  return { ...app, store: besides(store, { reader }), queue: createKeyedQueue() };
}

async function ringOf({ app, caller }: AppWorld): Promise<EndpointId> {
  return valueOf(await createEndpoint(app, caller(), NEW_ENDPOINT, null)).endpoint.id;
}

describe('a request that is repeated at another node while the first one is still running', () => {
  it(
    'is told what the first one did when it would be refused only because that was done',
    inAppWorld(async (given) => {
      const { world, app, caller } = given;
      const input = inputOf(await ringOf(given));
      let first: Outcome<Rotated> | null = null;
      const other = beside(app, async () => {
        first = await rotate(app, caller(), input, REQUEST);
      });
      const repeating = rotate(other, caller(), input, REQUEST);
      await world.time.advance(1_000);
      const repeated = await repeating;
      expect(first).toMatchObject({ ok: true });
      expect(repeated).toMatchObject({ ok: true, replayed: true });
      // The customer that asked twice has the secret, not a refusal and a secret that nobody was shown.
      expect(valueOf(repeated).secret).toEqual(valueOf(first as unknown as Outcome<Rotated>).secret);
      expect(valueOf(repeated).secret.value).toMatch(/^whsec_/);
    }),
  );

  it(
    'is refused when somebody else did that',
    inAppWorld(async (given) => {
      const { world, app, caller } = given;
      const input = inputOf(await ringOf(given));
      const other = beside(app, async () => {
        valueOf(await rotate(app, caller(), input, { ...REQUEST, key: 'key-2' }));
      });
      const repeating = rotate(other, caller(), input, REQUEST);
      await world.time.advance(1_000);
      expect(codeOf(await repeating)).toBe('rotation_in_progress');
    }),
  );

  it(
    'is refused as another request when its body is another',
    inAppWorld(async (given) => {
      const { world, app, caller } = given;
      const input = inputOf(await ringOf(given));
      const other = beside(app, async () => {
        valueOf(await rotate(app, caller(), input, { ...REQUEST, body: Buffer.from('another body') }));
      });
      const repeating = rotate(other, caller(), input, REQUEST);
      await world.time.advance(1_000);
      expect(codeOf(await repeating)).toBe('idempotency_key_reused');
    }),
  );
});
