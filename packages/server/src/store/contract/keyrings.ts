import { describe, expect, it } from 'vitest';
import type { StoredSecret } from '../port.ts';
import { DAY, hearing, populate, ring, START, secret, type WithStore } from './fixtures.ts';

function withoutMaterial({ sealed: _sealed, ...rest }: StoredSecret) {
  return rest;
}

const PAGE = { after: null, itemsMax: 10 };

export function keyringContract(withStore: WithStore): void {
  describe('keyrings', () => {
    it('keeps the order of a ring and moves what is retired to the history', () =>
      withStore(async ({ store }) => {
        const { endpoint: one } = await populate(store, 1);
        const first = secret(1);
        await store.apply([{ kind: 'keyring.insert', ring: ring(one.id, 1, [first]) }]);
        const dead = { ...first, revokedAt: START + 1, expiresAt: START + 1 };
        const second = secret(2);
        const third = secret(3);
        const next = ring(one.id, 2, [third, second]);
        expect(await store.apply([{ kind: 'keyring.put', ring: next, retired: [dead], expectedVersion: 1 }])).toEqual({
          kind: 'applied',
        });
        expect(await store.reader.keyring(one.id)).toEqual(next);
        expect((await store.reader.secrets(one.id, PAGE)).items).toEqual([third, second, dead].map(withoutMaterial));
        expect(await store.reader.secret(one.id, first.id)).toEqual(dead);
      }));

    it('never lets a secret vanish: a change that would lose one is a defect and leaves all as it was', () =>
      withStore(async ({ store }) => {
        const { endpoint: one } = await populate(store, 1);
        const before = ring(one.id, 1, [secret(1), secret(2)]);
        await store.apply([{ kind: 'keyring.insert', ring: before }]);
        const losing = ring(one.id, 2, [secret(3)]);
        await expect(
          store.apply([{ kind: 'keyring.put', ring: losing, retired: [], expectedVersion: 1 }]),
        ).rejects.toThrow('would vanish');
        expect(await store.reader.keyring(one.id)).toEqual(before);
      }));

    it('refuses a change that was decided on an older ring', () =>
      withStore(async ({ store }) => {
        const { endpoint: one } = await populate(store, 1);
        const before = ring(one.id, 4, [secret(1)]);
        await store.apply([{ kind: 'keyring.insert', ring: before }]);
        const stale = ring(one.id, 5, [...before.secrets, secret(2)]);
        expect(await store.apply([{ kind: 'keyring.put', ring: stale, retired: [], expectedVersion: 3 }])).toEqual({
          kind: 'conflict',
          command: 'keyring.put',
        });
        expect(await store.apply([{ kind: 'keyring.insert', ring: before }])).toEqual({
          kind: 'conflict',
          command: 'keyring.insert',
        });
      }));

    it('applies nothing of what was decided by an endpoint or a ring that is another by now', () =>
      withStore(async ({ store }) => {
        const { endpoint: one } = await populate(store, 1);
        const before = ring(one.id, 4, [secret(1)]);
        await store.apply([{ kind: 'keyring.insert', ring: before }]);
        const next = ring(one.id, 5, [...before.secrets, secret(2)]);
        const put = { kind: 'keyring.put', ring: next, retired: [], expectedVersion: 4 } as const;
        const ofEndpoint = (version: number) => ({ kind: 'endpoint.expect', endpointId: one.id, version }) as const;
        const ofRing = (version: number) => ({ kind: 'keyring.expect', owner: one.id, version }) as const;
        const renamed = { ...one, description: 'other', version: one.version + 1 };
        const rename = {
          kind: 'endpoint.put',
          endpoint: renamed,
          expectedVersion: one.version,
          resetHealth: false,
        } as const;
        expect(await store.apply([ofEndpoint(one.version + 1), put])).toEqual({
          kind: 'conflict',
          command: 'endpoint.expect',
        });
        expect(await store.apply([ofRing(3), rename])).toEqual({ kind: 'conflict', command: 'keyring.expect' });
        expect(await store.reader.keyring(one.id)).toEqual(before);
        expect((await store.reader.endpoint(one.organizationId, one.id))?.endpoint).toEqual(one);
        expect(await store.apply([ofRing(4), rename])).toEqual({ kind: 'applied' });
        expect(await store.apply([ofEndpoint(renamed.version), put])).toEqual({ kind: 'applied' });
        expect(await store.reader.keyring(one.id)).toEqual(next);
      }));

    it('pages the secrets of a ring, living and dead together', () =>
      withStore(async ({ store }) => {
        const { endpoint: one } = await populate(store, 1);
        const all = [1, 2, 3, 4, 5].map((number) => secret(number));
        await store.apply([{ kind: 'keyring.insert', ring: ring(one.id, 1, all) }]);
        const [living = secret(9)] = all.slice(4);
        const retired = all.slice(0, 4).map((old) => ({ ...old, expiresAt: START + 1 }));
        await store.apply([{ kind: 'keyring.put', ring: ring(one.id, 2, [living]), retired, expectedVersion: 1 }]);
        const page = await store.reader.secrets(one.id, { after: null, itemsMax: 2 });
        expect(page.items.map(({ number }) => number)).toEqual([5, 4]);
        const rest = await store.reader.secrets(one.id, { after: page.nextCursor, itemsMax: 3 });
        expect(rest.items.map(({ number }) => number)).toEqual([3, 2, 1]);
        expect(rest.nextCursor).toBeNull();
      }));

    it('moves the dead to the history and removes their material only when it is old enough', () =>
      withStore(async ({ store }) => {
        const { endpoint: one } = await populate(store, 1);
        const old = secret(1, { expiresAt: START + DAY });
        const living = secret(2);
        await store.apply([{ kind: 'keyring.insert', ring: ring(one.id, 1, [living, old]) }]);
        const purge = { kind: 'purge_secrets', itemsMax: 10 } as const;
        await store.housekeep({ ...purge, now: START + DAY - 1, before: START });
        expect((await store.reader.keyring(one.id))?.secrets).toHaveLength(2);
        expect(await store.housekeep({ ...purge, now: START + DAY, before: START })).toEqual({
          changed: 1,
          more: false,
        });
        expect(await store.reader.keyring(one.id)).toEqual(ring(one.id, 1, [living]));
        expect(await store.reader.secret(one.id, old.id)).toEqual(old);
        await store.housekeep({ ...purge, now: START + 9 * DAY, before: START + 2 * DAY });
        expect(await store.reader.secret(one.id, old.id)).toEqual({ ...old, sealed: null });
        expect((await store.reader.secret(one.id, living.id))?.sealed).toBe(living.sealed);
      }));

    it('lists everything sealed in order of ids, and replaces only texts that are still what was read', () =>
      withStore(async ({ store }) => {
        const { endpoint: one } = await populate(store, 1);
        const first = secret(1);
        const second = secret(2);
        await store.apply([{ kind: 'keyring.insert', ring: ring(one.id, 1, [first, second]) }]);
        const page = await store.reader.sealedSecrets({ after: null, itemsMax: 1 });
        expect(page.items).toEqual([{ owner: one.id, id: first.id, sealed: first.sealed }]);
        const rest = await store.reader.sealedSecrets({ after: page.nextCursor, itemsMax: 10 });
        expect(rest.items.map(({ id }) => id)).toEqual([second.id]);
        const headers = await store.reader.sealedHeaders({ after: null, itemsMax: 10 });
        expect(headers.items).toEqual([{ endpointId: one.id, name: 'x-api-key', sealed: 'sealed.aGVhZGVy' }]);
        const result = await store.reseal({
          secrets: [
            { owner: one.id, id: first.id, from: 'sealed.c2VjcmV0', to: 'sealed.bmV3' },
            { owner: one.id, id: second.id, from: 'sealed.b3RoZXI', to: 'sealed.bmV3' },
          ],
        });
        expect(result).toEqual({ changed: 1 });
        expect((await store.reader.secret(one.id, first.id))?.sealed).toBe('sealed.bmV3');
        expect((await store.reader.secret(one.id, second.id))?.sealed).toBe('sealed.c2VjcmV0');
        expect((await store.reader.keyring(one.id))?.version).toBe(2);
      }));

    it('does not bring an old sealed text back with a change that was decided before it was replaced', () =>
      withStore(async ({ store }) => {
        const { endpoint: one } = await populate(store, 1);
        const first = secret(1);
        await store.apply([{ kind: 'keyring.insert', ring: ring(one.id, 1, [first]) }]);
        const told = hearing(store);
        await store.reseal({ secrets: [{ owner: one.id, id: first.id, from: 'sealed.c2VjcmV0', to: 'sealed.bmV3' }] });
        expect(told).toEqual([{ kind: 'resealed', owner: one.id }]);
        const stale = ring(one.id, 2, [{ ...first, expiresAt: START + 5 }]);
        const early = await store.apply([{ kind: 'keyring.put', ring: stale, retired: [], expectedVersion: 1 }]);
        expect(early).toEqual({ kind: 'conflict', command: 'keyring.put' });
        const later = { ...stale, version: 3 };
        await store.apply([{ kind: 'keyring.put', ring: later, retired: [], expectedVersion: 2 }]);
        expect(await store.reader.secret(one.id, first.id)).toEqual({
          ...first,
          expiresAt: START + 5,
          sealed: 'sealed.bmV3',
        });
      }));
  });
}
