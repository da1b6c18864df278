import { type SignatureProfile, standardWebhooks, stripeStyle } from '@hookring/signing';
import { describe, expect, it } from 'vitest';
import type { RingOwner } from '../domain/secret.ts';
import { headerOf } from '../engine/testing/scripted-sender.ts';
import { createEndpoint } from './create-endpoint.ts';
import { type PatchEndpointInput, patchEndpoint } from './endpoints.ts';
import { createKeyedQueue } from './keyed-queue.ts';
import type { Outcome } from './outcome.ts';
import { type RotateInput, rotate } from './rotate.ts';
import { type AppWorld, codeOf, inAppWorld, NEW_ENDPOINT, valueOf } from './testing/app-world.ts';

const HEX_KEY = /^[0-9a-f]{64}$/;
const IN_HEX = stripeStyle('x-signature', { secretDecoding: 'hex' });
const IN_UTF8 = stripeStyle('x-signature', { secretDecoding: 'utf8' });
const A_TEXT = 'correct horse battery staple !! correct horse';
const ALL: Omit<RotateInput, 'owner'> = {
  graceSeconds: 0,
  force: false,
  reason: null,
  secret: null,
  algorithm: null,
  spelling: 'whsec',
  dialectPolicy: null,
  archived: 'shown',
};

function acting({ world, app, caller }: AppWorld) {
  const me = caller();
  return {
    create: async (profile: SignatureProfile, more: Partial<typeof NEW_ENDPOINT> = {}) =>
      await createEndpoint(
        app,
        me,
        { ...NEW_ENDPOINT, ...more, settings: { ...NEW_ENDPOINT.settings, signatureProfile: profile } },
        null,
      ),
    patch: async (id: RingOwner, change: PatchEndpointInput) =>
      await patchEndpoint(app, me, id as Parameters<typeof patchEndpoint>[2], change, null, { archived: 'shown' }),
    /** Answers when the change is in force, for which time must go on. */
    rotate: async (owner: RingOwner, more: Partial<RotateInput> = {}) => {
      const rotating = rotate(app, me, { ...ALL, owner, ...more }, null);
      await world.time.advance(100);
      return await rotating;
    },
    /** How many signatures a delivery carries; 0 when it could not be signed. */
    signatures: async (): Promise<number> => {
      const before = world.sender.seen.length;
      await world.accept();
      await world.time.advance(1_000);
      const [sent] = world.sender.seen.slice(before);
      const line = sent === undefined ? null : headerOf(sent, 'x-signature');
      return line?.match(/v1=/g)?.length ?? 0;
    },
  };
}

function pointersOf(outcome: Outcome<unknown>): readonly string[] {
  return outcome.ok ? [] : (outcome.problem.errors ?? []).map(({ pointer }) => pointer);
}

describe('an endpoint whose secrets are read as hex', () => {
  it(
    'is given secrets in hex, however the one that creates or rotates it spells them',
    inAppWorld(async (given) => {
      const { create, rotate, signatures } = acting(given);
      const { endpoint, secret } = valueOf(await create(IN_HEX));
      expect(secret?.value).toMatch(HEX_KEY);
      for (const spelling of ['whsec', 'base64'] as const) {
        const { secret: fresh } = valueOf(await rotate(endpoint.id, { spelling }));
        expect(fresh.value).toMatch(HEX_KEY);
      }
      expect(await signatures()).toBe(1);
    }),
  );
});

describe('a signature profile that takes the place of another', () => {
  it(
    'must read every living secret, and says which one it cannot without a word of it',
    inAppWorld(async (given) => {
      const { create, patch, rotate, signatures } = acting(given);
      const { endpoint } = valueOf(await create(IN_UTF8));
      const brought = valueOf(await rotate(endpoint.id, { secret: A_TEXT }));
      const refused = await patch(endpoint.id, { signatureProfile: standardWebhooks });
      expect(refused).toMatchObject({
        problem: { errors: [{ pointer: '/signatureProfile', detail: expect.stringContaining(brought.secret.id) }] },
      });
      expect(JSON.stringify(refused)).not.toContain('horse');
      expect(codeOf(await patch(endpoint.id, { description: 'new' }))).toBeNull();
      expect(codeOf(await patch(endpoint.id, { signatureProfile: IN_UTF8 }))).toBeNull();
      // One that is still retiring counts as much as the active one.
      const fresh = await rotate(endpoint.id, { graceSeconds: 3_600 });
      expect(pointersOf(await patch(endpoint.id, { signatureProfile: standardWebhooks }))).toHaveLength(1);
      await given.world.time.advance(3_600_000);
      expect(
        codeOf(await patch(endpoint.id, { signatureProfile: { ...IN_UTF8, secretDecoding: 'base64' } })),
      ).toBeNull();
      expect([codeOf(fresh), await signatures()]).toEqual([null, 1]);
    }),
  );

  it(
    'must have signatures of the kind of every living secret',
    inAppWorld(async (given) => {
      const { create, patch } = acting(given);
      const { endpoint } = valueOf(await create(standardWebhooks, { algorithm: 'ed25519' }));
      const refused = await patch(endpoint.id, { signatureProfile: IN_UTF8 });
      expect([codeOf(refused), pointersOf(refused)]).toEqual(['validation_failed', ['/signatureProfile']]);
      const impossible = await create(IN_UTF8, { algorithm: 'ed25519' });
      expect([codeOf(impossible), pointersOf(impossible)]).toEqual(['validation_failed', ['/algorithm']]);
    }),
  );

  it(
    'does not come between the look at the ring and a rotation that is under way',
    inAppWorld(async (given) => {
      const { create, patch, rotate } = acting(given);
      const { endpoint } = valueOf(await create(IN_UTF8));
      const change = { signatureProfile: { ...IN_UTF8, secretDecoding: 'base64' } };
      const outcomes = await Promise.all([rotate(endpoint.id, { secret: A_TEXT }), patch(endpoint.id, change)]);
      expect(outcomes.map(codeOf)).toEqual([null, 'validation_failed']);
    }),
  );
});

it(
  'a rotation that names no algorithm leaves one that the profile has no more',
  inAppWorld(async (given) => {
    const { create, rotate, signatures } = acting(given);
    const { endpoint } = valueOf(await create(standardWebhooks, { algorithm: 'ed25519' }));
    // As rows were that changed before profiles were held against their rings.
    await given.world.put({ ...endpoint, signatureProfile: IN_UTF8 });
    expect(pointersOf(await rotate(endpoint.id, { algorithm: 'ed25519' }))).toEqual(['/algorithm']);
    expect(codeOf(await rotate(endpoint.id))).toBeNull();
    expect(await signatures()).toBe(1);
  }),
);

describe("an organization's ring", () => {
  it(
    'signs for no endpoint that reads secrets as hex, whatever it holds today',
    inAppWorld(async (given) => {
      const { create, patch, rotate: turn } = acting(given);
      valueOf(await turn(given.world.organizationId, { secret: 'ab'.repeat(32) }));
      const made = await create(IN_HEX, { keyring: 'organization' });
      expect([codeOf(made), pointersOf(made)]).toEqual(['validation_failed', ['/signatureProfile']]);
      const { endpoint } = valueOf(await create(IN_UTF8, { keyring: 'organization' }));
      expect(pointersOf(await patch(endpoint.id, { signatureProfile: IN_HEX }))).toEqual(['/signatureProfile']);
    }),
  );

  it(
    'gets no secret that one of its endpoints could not sign with',
    inAppWorld(async (given) => {
      const { create, rotate: turn, signatures } = acting(given);
      const { organizationId } = given.world;
      valueOf(await create(IN_UTF8, { keyring: 'organization' }));
      const refused = await turn(organizationId, { algorithm: 'ed25519' });
      expect([codeOf(refused), pointersOf(refused)]).toEqual(['validation_failed', ['/algorithm']]);
      valueOf(await turn(organizationId));
      expect(await signatures()).toBe(1);
    }),
  );
});

describe('a profile and a ring that two nodes change at once', () => {
  const HMAC_ONLY = stripeStyle('x-signature');
  const TO_ED25519 = { algorithm: 'ed25519', graceSeconds: 0, force: true } as const;
  const REFUSED = ['secret_unusable', 'validation_failed'];

  /** Another node on the same store: nothing but the store keeps the two apart. `afterReading` runs once, behind a read. */
  function otherNode(given: AppWorld, read: 'keyring' | 'endpoint', afterReading: () => Promise<unknown>): AppWorld {
    const { store } = given.app;
    let isFirst = true;
    const reader = {
      ...store.reader,
      async [read](...args: never[]) {
        const found = await (store.reader[read] as (...values: never[]) => Promise<unknown>)(...args);
        if (isFirst) {
          isFirst = false;
          await afterReading();
        }
        return found;
      },
    };
    const app = { ...given.app, store: Object.create(store, { reader: { value: reader } }), queue: createKeyedQueue() };
    return { ...given, app };
  }

  it(
    'a ring that another node rotated after it was looked at is looked at again before the profile changes',
    inAppWorld(async (given) => {
      const { create, rotate, signatures } = acting(given);
      const { endpoint } = valueOf(await create(standardWebhooks));
      const other = otherNode(given, 'keyring', async () => valueOf(await rotate(endpoint.id, TO_ED25519)));
      const patched = await acting(other).patch(endpoint.id, { signatureProfile: HMAC_ONLY });
      expect(REFUSED).toContain(codeOf(patched));
      expect(await signatures()).toBe(0);
      expect(given.world.sender.seen).toHaveLength(1);
    }),
  );

  it(
    'a profile that another node changed after it was looked at is looked at again before the ring is rotated',
    inAppWorld(async (given) => {
      const { create, patch, signatures } = acting(given);
      const { endpoint } = valueOf(await create(standardWebhooks));
      const change = { signatureProfile: HMAC_ONLY };
      const other = otherNode(given, 'endpoint', async () => valueOf(await patch(endpoint.id, change)));
      expect(REFUSED).toContain(codeOf(await acting(other).rotate(endpoint.id, TO_ED25519)));
      expect(await signatures()).toBe(1);
    }),
  );

  it(
    'an endpoint is not put under the ring of its organization while another node gives that ring a secret it cannot use',
    inAppWorld(async (given) => {
      const { rotate } = acting(given);
      const { organizationId } = given.caller();
      const other = otherNode(given, 'keyring', async () => valueOf(await rotate(organizationId, TO_ED25519)));
      const created = await acting(other).create(HMAC_ONLY, { keyring: 'organization' });
      expect(REFUSED).toContain(codeOf(created));
    }),
  );
});
