import { describe, expect, it } from 'vitest';
import type { OrganizationId } from '../../domain/ids.ts';
import type { AuditFilter, AuditRow, Store } from '../port.ts';
import { endpoint, newId, organization, START, SUSPENDED, statusChange, type WithStore } from './fixtures.ts';

const MINUTE = 60_000;
const OPEN: AuditFilter = {
  organizationId: null,
  actor: null,
  action: null,
  target: null,
  since: null,
  until: null,
};

function row(organizationId: OrganizationId, changes: Partial<AuditRow> = {}): AuditRow {
  return {
    id: newId('aud'),
    at: START,
    organizationId,
    actor: 'key_1',
    action: 'endpoint.updated',
    target: 'ep_1',
    reason: null,
    address: '203.0.113.7',
    requestId: 'r1',
    detail: { fields: 'url' },
    ...changes,
  };
}

async function append(store: Store, rows: readonly AuditRow[]): Promise<void> {
  await store.apply(rows.map((one) => ({ kind: 'audit.append', row: one })));
}

async function all(store: Store, filter: Partial<AuditFilter>, itemsMax: number): Promise<readonly string[]> {
  const ids: string[] = [];
  let after: string | null = null;
  do {
    const page = await store.reader.audit({ ...OPEN, ...filter }, { after, itemsMax });
    expect(page.items.length).toBeLessThanOrEqual(itemsMax);
    ids.push(...page.items.map(({ id }) => id));
    after = page.nextCursor;
  } while (after !== null);
  return ids;
}

export function auditContract(withStore: WithStore): void {
  describe('the audit log', () => {
    it('gives back what was written, and has nothing at first', () =>
      withStore(async ({ store }) => {
        expect(await store.reader.audit(OPEN, { after: null, itemsMax: 10 })).toEqual({ items: [], nextCursor: null });
        const owner = newId('org');
        const full = row(owner, { reason: 'compromise', detail: { a: 'ü"', b: 1.5, c: false, d: null } });
        const bare = row(owner, { address: null, requestId: null, detail: {} });
        await append(store, [full, bare]);
        const { items } = await store.reader.audit({ ...OPEN, organizationId: owner }, { after: null, itemsMax: 10 });
        expect(items).toEqual([bare, full]);
      }));

    it('shows an organization its own lines, newest first, on pages of any size', () =>
      withStore(async ({ store }) => {
        const [one, other] = [newId('org'), newId('org')];
        // A clock that steps back changes nothing about the order in which they were written.
        const rows = Array.from({ length: 9 }, (_, index) =>
          row(index % 3 === 0 ? other : one, { at: START - (index % 2) * 5 * MINUTE }),
        );
        for (const each of rows) await append(store, [each]);
        const ids = (of: readonly AuditRow[]) => of.map(({ id }) => id).toReversed();
        const own = ids(rows.filter(({ organizationId }) => organizationId === one));
        for (const itemsMax of [1, 2, 6, 100]) {
          expect(await all(store, { organizationId: one }, itemsMax)).toEqual(own);
          expect(await all(store, {}, itemsMax)).toEqual(ids(rows));
        }
        expect(await all(store, { organizationId: newId('org') }, 10)).toEqual([]);
        // What is written meanwhile does not move the pages that follow.
        const first = await store.reader.audit({ ...OPEN, organizationId: one }, { after: null, itemsMax: 2 });
        await append(store, [row(one)]);
        const next = await store.reader.audit(
          { ...OPEN, organizationId: one },
          { after: first.nextCursor, itemsMax: 100 },
        );
        expect([...first.items, ...next.items].map(({ id }) => id)).toEqual(own);
      }));

    it('filters by who, what, on what and when, alone and together', () =>
      withStore(async ({ store }) => {
        const owner = newId('org');
        const rows = ['key_1', 'jwt:ann', 'system'].flatMap((actor, a) =>
          (['endpoint.updated', 'secret.rotated'] as const).flatMap((action, b) =>
            ['ep_1', 'ep_2'].map((target, c) =>
              row(owner, { actor, action, target, at: START + (4 * a + 2 * b + c) * MINUTE }),
            ),
          ),
        );
        await append(store, rows);
        const filters: Partial<AuditFilter>[] = [
          { actor: 'jwt:ann' },
          { action: 'secret.rotated' },
          { target: 'ep_2' },
          { actor: 'system', action: 'secret.rotated', target: 'ep_1' },
          { since: START + 3 * MINUTE },
          { until: START + 3 * MINUTE },
          { since: START + 3 * MINUTE, until: START + 8 * MINUTE, target: 'ep_1' },
          { since: START + 3 * MINUTE, until: START + 3 * MINUTE },
          { actor: 'key' },
          { actor: '%' },
        ];
        for (const filter of filters) {
          const { actor, action, target, since, until } = { ...OPEN, ...filter };
          const wanted = rows.filter(
            (one) =>
              (actor ?? one.actor) === one.actor &&
              (action ?? one.action) === one.action &&
              (target ?? one.target) === one.target &&
              one.at >= (since ?? 0) &&
              one.at < (until ?? Number.MAX_SAFE_INTEGER),
          );
          const ids = wanted.map(({ id }) => id).toReversed();
          for (const itemsMax of [1, 100]) {
            expect([filter, await all(store, { organizationId: owner, ...filter }, itemsMax)]).toEqual([filter, ids]);
            expect([filter, await all(store, filter, itemsMax)]).toEqual([filter, ids]);
          }
        }
      }));

    it('finds days in the middle of a long log', () =>
      withStore(async ({ store }) => {
        const owner = newId('org');
        const rows = Array.from({ length: 400 }, (_, hour) => row(owner, { at: START + hour * 60 * MINUTE }));
        await append(store, rows);
        const [since, until] = [START + 100 * 60 * MINUTE, START + 124 * 60 * MINUTE];
        const ids = rows.slice(100, 124).map(({ id }) => id);
        expect(await all(store, { organizationId: owner, since, until }, 10)).toEqual(ids.toReversed());
        expect(await all(store, { since, until }, 100)).toEqual(ids.toReversed());
      }));

    it('keeps a line only together with what it tells of', () =>
      withStore(async ({ store }) => {
        const owner = organization();
        const one = endpoint(owner.id);
        await store.apply([
          { kind: 'organization.insert', organization: owner },
          { kind: 'endpoint.insert', endpoint: one },
        ]);
        const told = row(owner.id);
        const change = statusChange(one, SUSPENDED);
        expect(await store.apply([change, { kind: 'audit.append', row: told }])).toEqual({ kind: 'applied' });
        const late = await store.apply([{ kind: 'audit.append', row: row(owner.id) }, change]);
        expect(late).toEqual({ kind: 'conflict', command: 'endpoint.put' });
        expect(await all(store, {}, 10)).toEqual([told.id]);
      }));

    it('is all there after a restart', () =>
      withStore(async (opened) => {
        const owner = newId('org');
        const rows = [row(owner), row(owner)];
        await append(opened.store, rows);
        expect(await all(await opened.reopen(), {}, 10)).toEqual(rows.map(({ id }) => id).toReversed());
      }));
  });
}
