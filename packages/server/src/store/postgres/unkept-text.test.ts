import { Client } from 'pg';
import { describe, expect, it } from 'vitest';
import {
  acceptedEvent,
  failed,
  idempotencyRow,
  leased,
  newId,
  organization,
  populate,
  ring,
  START,
  secret,
} from '../contract/fixtures.ts';
import { withNodes } from './testing/nodes.ts';

const NUL = '\u0000';

describe('text that PostgreSQL cannot keep', () => {
  it('of a receiver is kept without it', () =>
    withNodes(async (nodes) => {
      const store = await nodes.open();
      const { organization: owner, endpoint: one } = await populate(store, 1);
      const deliveries = [leased(one.id), leased(one.id)];
      await store.accept({ events: [acceptedEvent(owner.id, deliveries)], idempotency: null });
      const [first, second] = deliveries;
      if (first === undefined || second === undefined) throw new Error('two deliveries');
      const said = {
        errorDetail: `broken${NUL}`,
        responseHeaders: [['x-echo', `a${NUL}b`]] as const,
        responseExcerpt: Buffer.from(`a${NUL}b`),
      };
      const next = { kind: 'dead', at: START + 1, reason: 'retries_exhausted' } as const;
      const outcomes = [failed(first, next, said), failed(second, next)];
      expect(await store.record({ incarnation: store.incarnation, outcomes, health: [] })).toEqual({ lostLeases: 0 });
      const [attempt] = await store.reader.attemptsOfDelivery(owner.id, first.id);
      expect(attempt).toMatchObject({ errorDetail: 'broken\ufffd', responseHeaders: [['x-echo', `a${NUL}b`]] });
      expect(Buffer.from(attempt?.responseExcerpt ?? [])).toEqual(said.responseExcerpt);
    }));

  it('breaks nothing but the unit that it is in', () =>
    withNodes(async (nodes) => {
      const store = await nodes.open();
      const { organization: owner, endpoint: one } = await populate(store, 1);
      const good = acceptedEvent(owner.id, [leased(one.id)]);
      const bad = acceptedEvent(owner.id, [leased(one.id)], { event: { type: `a${NUL}` } });
      const results = await Promise.allSettled(
        [good, bad, acceptedEvent(owner.id, [])].map(
          async (event) => await store.accept({ events: [event], idempotency: null }),
        ),
      );
      expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
      expect((await store.reader.figures(START)).queued).toBe(1);
      const named = organization({ name: `a${NUL}` });
      await expect(store.apply([{ kind: 'organization.insert', organization: named }])).rejects.toThrow(/0x00/);
      const plain = organization();
      expect(await store.apply([{ kind: 'organization.insert', organization: plain }])).toEqual({ kind: 'applied' });
    }));

  it('is looked for in vain', () =>
    withNodes(async (nodes) => {
      const store = await nodes.open();
      const { organization: owner } = await populate(store, 1);
      const page = { after: null, itemsMax: 10 };
      const nowhere = { actor: null, action: null, since: null, until: null, organizationId: owner.id };
      expect(await store.reader.organizationByExternalId(NUL)).toBeNull();
      expect(await store.reader.event(owner.id, NUL)).toBeNull();
      expect(await store.reader.apiKeyByHash(NUL)).toBeNull();
      expect(await store.reader.idempotency(NUL, 'r', 'k', START)).toBeNull();
      expect((await store.reader.audit({ ...nowhere, target: NUL }, page)).items).toEqual([]);
      expect((await store.reader.endpoints(owner.id, { ...page, after: NUL }, 'included')).items).toEqual([]);
    }));

  it('half of a character is kept as no character, wherever it stands', () =>
    withNodes(async (nodes) => {
      const store = await nodes.open();
      const { endpoint: one } = await populate(store, 1);
      const half = secret(1, { reason: 'a\ud800b', actor: '\udc00' });
      await store.apply([
        { kind: 'keyring.insert', ring: ring(one.id, 1, [half]) },
        { kind: 'idempotency.insert', row: idempotencyRow({ key: '\ud800' }) },
      ]);
      expect(await store.reader.secret(one.id, half.id)).toMatchObject({ reason: 'a\ufffdb', actor: '\ufffd' });
    }));
});

describe('the audit log', () => {
  it('can be neither changed nor emptied', () =>
    withNodes(async (nodes) => {
      const store = await nodes.open();
      const { organization: owner } = await populate(store, 0);
      const row = {
        id: newId('aud'),
        at: START,
        organizationId: owner.id,
        actor: 'key_1',
        action: 'endpoint.created',
        target: 'ep_1',
        reason: null,
        address: null,
        requestId: null,
        detail: {},
      } as const;
      await store.apply([{ kind: 'audit.append', row }]);
      const client = new Client({ connectionString: nodes.url });
      await client.connect();
      try {
        for (const sql of ["UPDATE audit SET actor = 'me'", 'DELETE FROM audit', 'TRUNCATE audit']) {
          await expect(client.query(sql), sql).rejects.toThrow('append-only');
        }
      } finally {
        await client.end();
      }
      const filter = { organizationId: null, actor: null, action: null, target: null, since: null, until: null };
      expect((await store.reader.audit(filter, { after: null, itemsMax: 10 })).items).toEqual([row]);
    }));
});
