import { describe, expect, it } from 'vitest';
import type { Sealed } from '../../domain/secret.ts';
import {
  ARCHIVED,
  endpoint,
  hearing,
  idempotencyRow,
  newId,
  organization,
  populate,
  ring,
  START,
  SUSPENDED,
  secret,
  statusChange,
  type WithStore,
} from './fixtures.ts';

export function controlContract(withStore: WithStore): void {
  describe('commands', () => {
    it('tells back every field of an organization, an endpoint and an API key', () =>
      withStore(async ({ store }) => {
        const owner = organization({ externalId: 'acme' });
        const one = endpoint(owner.id, { status: { kind: 'suspended', reason: 'failing', at: START } });
        const apiKey = {
          id: newId('key'),
          organizationId: owner.id,
          name: 'ci',
          tokenHash: 'ab',
          hint: 'hk_…ab',
          dialect: 'native',
          scopes: ['events:read', 'operator'],
          createdAt: START,
          expiresAt: START + 1,
          revokedAt: null,
        } as const;
        await store.apply([
          { kind: 'organization.insert', organization: owner },
          { kind: 'endpoint.insert', endpoint: one },
          { kind: 'apiKey.insert', apiKey },
        ]);
        expect(await store.reader.organization(owner.id)).toEqual(owner);
        expect(await store.reader.organizationByExternalId('acme')).toEqual(owner);
        const read = await store.reader.endpoint(owner.id, one.id);
        expect(read?.endpoint).toEqual(one);
        expect(read?.health).toEqual({
          consecutiveFailures: 0,
          failingSince: null,
          lastSuccessAt: null,
          lastFailureAt: null,
        });
        expect(await store.reader.apiKeyByHash('ab')).toEqual(apiKey);
        await store.apply([{ kind: 'apiKey.revoke', id: apiKey.id, at: START + 7 }]);
        expect((await store.reader.apiKey(owner.id, apiKey.id))?.revokedAt).toBe(START + 7);
        expect(await store.reader.apiKey(newId('org'), apiKey.id)).toBeNull();
      }));

    it('refuses a whole list when one version is not the expected one, and says which command', () =>
      withStore(async ({ store }) => {
        const { organization: owner, endpoint: one } = await populate(store, 1);
        const result = await store.apply([
          {
            kind: 'organization.put',
            organization: { ...owner, name: 'Changed', version: 2 },
            expectedVersion: 1,
          },
          { kind: 'endpoint.put', endpoint: { ...one, version: 9 }, expectedVersion: 8, resetHealth: false },
        ]);
        expect(result).toEqual({ kind: 'conflict', command: 'endpoint.put' });
        expect((await store.reader.organization(owner.id))?.name).toBe('Acme');
      }));

    it('refuses an external id, a token or an idempotency key that is taken', () =>
      withStore(async ({ store }) => {
        const owner = organization({ externalId: 'acme' });
        await store.apply([{ kind: 'organization.insert', organization: owner }]);
        const twin = organization({ externalId: 'acme' });
        expect(await store.apply([{ kind: 'organization.insert', organization: twin }])).toEqual({
          kind: 'conflict',
          command: 'organization.insert',
        });
        const row = idempotencyRow();
        expect(await store.apply([{ kind: 'idempotency.insert', row }])).toEqual({ kind: 'applied' });
        expect(await store.apply([{ kind: 'idempotency.insert', row }])).toEqual({
          kind: 'conflict',
          command: 'idempotency.insert',
        });
        expect(await store.reader.idempotency(row.principal, row.route, row.key, START)).toEqual(row);
        expect(await store.reader.idempotency(row.principal, row.route, row.key, row.expiresAt)).toBeNull();
        const later = { ...row, createdAt: row.expiresAt, expiresAt: row.expiresAt + 1, fingerprint: 'f2' };
        expect(await store.apply([{ kind: 'idempotency.insert', row: later }])).toEqual({ kind: 'applied' });
      }));

    it('lets exactly one of many concurrent changes of one version through', () =>
      withStore(async ({ store }) => {
        const { endpoint: one } = await populate(store, 1);
        const results = await Promise.all(
          Array.from({ length: 20 }, (_, index) =>
            store.apply([
              {
                kind: 'endpoint.put',
                endpoint: { ...one, description: `change ${index}`, version: 2 },
                expectedVersion: 1,
                resetHealth: false,
              },
            ]),
          ),
        );
        expect(results.filter(({ kind }) => kind === 'applied')).toHaveLength(1);
        expect((await store.reader.endpointById(one.id))?.endpoint.description).toBe('change 0');
      }));

    it('hides what belongs to another organization', () =>
      withStore(async ({ store }) => {
        const { endpoint: one } = await populate(store, 1);
        const { organization: other } = await populate(store, 0);
        expect(await store.reader.endpoint(other.id, one.id)).toBeNull();
        expect((await store.reader.endpoints(other.id, { after: null, itemsMax: 10 }, 'included')).items).toEqual([]);
        expect((await store.reader.subscribers(other.id)).endpoints).toEqual([]);
      }));

    it('pages endpoints newest first without a gap or a repetition', () =>
      withStore(async ({ store }) => {
        const { organization: owner, endpoints } = await populate(store, 5);
        const seen: string[] = [];
        let after: string | null = null;
        do {
          const page = await store.reader.endpoints(owner.id, { after, itemsMax: 2 }, 'included');
          seen.push(...page.items.map((item) => item.endpoint.id));
          after = page.nextCursor;
        } while (after !== null);
        expect(seen).toEqual(endpoints.map(({ id }) => id).toReversed());
      }));

    it('leaves archived endpoints out of a list where it is asked to, and counts by status', () =>
      withStore(async ({ store }) => {
        const { organization: owner, endpoints } = await populate(store, 6);
        await populate(store, 3);
        const [, archived, suspended, late] = endpoints;
        if (archived === undefined || suspended === undefined || late === undefined) throw new Error('six endpoints');
        await store.apply([statusChange(archived, ARCHIVED), statusChange(suspended, SUSPENDED)]);
        const ids = async (after: string | null, kind: 'included' | 'excluded', itemsMax = 10) => {
          const { items, nextCursor } = await store.reader.endpoints(owner.id, { after, itemsMax }, kind);
          return { ids: items.map((item) => item.endpoint.id), nextCursor };
        };
        const newestFirst = endpoints.map(({ id }) => id).toReversed();
        const living = newestFirst.filter((id) => id !== archived.id);
        expect(await ids(null, 'included')).toEqual({ ids: newestFirst, nextCursor: null });
        expect(await ids(null, 'excluded')).toEqual({ ids: living, nextCursor: null });
        expect(await ids(null, 'excluded', 2)).toEqual({ ids: living.slice(0, 2), nextCursor: living[1] });
        // An endpoint's id is the cursor, also that of one which was archived since it was seen.
        await store.apply([statusChange(late, ARCHIVED)]);
        expect((await ids(late.id, 'excluded')).ids).toEqual([suspended.id, endpoints[0]?.id]);
        const count = (...statuses: ('active' | 'suspended' | 'archived')[]) =>
          store.reader.endpointCount(owner.id, statuses);
        expect(await count('active')).toBe(3);
        expect(await count('active', 'suspended')).toBe(4);
        expect(await count('archived', 'archived')).toBe(2);
        expect(await count('active', 'suspended', 'archived')).toBe(6);
        expect(await count()).toBe(0);
        expect(await store.reader.endpointCount(newId('org'), ['active'])).toBe(0);
      }));

    it('tells listeners what changed before the promise of the commands resolves', () =>
      withStore(async ({ store }) => {
        const { endpoint: one } = await populate(store, 1);
        const heard = hearing(store);
        const living = ring(one.id, 1, [secret(1)]);
        const changed = { ...one, version: 2 };
        let heardAtResolve = -1;
        const applied = store.apply([
          { kind: 'keyring.insert', ring: living },
          { kind: 'endpoint.put', endpoint: changed, expectedVersion: 1, resetHealth: true },
        ]);
        await applied.finally(() => {
          heardAtResolve = heard.length;
        });
        expect(heardAtResolve).toBe(2);
        expect(heard).toEqual([
          { kind: 'keyring', ring: living },
          expect.objectContaining({ kind: 'endpoint', endpoint: changed, healthReset: true }),
        ]);
      }));

    it('tells nobody of commands that were refused', () =>
      withStore(async ({ store }) => {
        const heard = hearing(store);
        await store.apply([{ kind: 'endpoint.insert', endpoint: endpoint(newId('org')) }]);
        expect(heard).toEqual([]);
      }));

    it('keeps the keys of the service, and replaces one only where it is what the caller read', () =>
      withStore(async ({ store }) => {
        const put = async (sealed: Sealed, replaces: Sealed | null) =>
          (await store.apply([{ kind: 'serviceKey.put', name: 'a-key', sealed, replaces }])).kind;
        expect(await store.reader.serviceKey('a-key')).toBeNull();
        expect(await put('sealed.b25l', null)).toBe('applied');
        expect(await put('sealed.dHdv', null)).toBe('conflict');
        expect(await put('sealed.dHdv', 'sealed.b3RoZXI')).toBe('conflict');
        expect(await store.reader.serviceKey('a-key')).toBe('sealed.b25l');
        expect(await put('sealed.dHdv', 'sealed.b25l')).toBe('applied');
        expect(await store.reader.serviceKey('a-key')).toBe('sealed.dHdv');
      }));
  });
}
