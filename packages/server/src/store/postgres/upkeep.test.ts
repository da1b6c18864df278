import { Client } from 'pg';
import { describe, expect, it } from 'vitest';
import type { Endpoint } from '../../domain/endpoint.ts';
import {
  ARCHIVED,
  acceptedEvent,
  acceptOne,
  DAY,
  HOUR,
  populate,
  START,
  statusChange,
  waiting,
} from '../contract/fixtures.ts';
import { withNodes } from './testing/nodes.ts';

type Sql = (text: string) => Promise<readonly (readonly unknown[])[]>;

async function withSql(url: string, test: (sql: Sql) => Promise<void>): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    await test(async (text) => (await client.query({ text, rowMode: 'array' })).rows);
  } finally {
    await client.end();
  }
}

describe('upkeep', () => {
  it('puts endpoints into the index that wait and stand nowhere', () =>
    withNodes(async (nodes) => {
      const store = await nodes.open();
      const { organization: owner, endpoints } = await populate(store, 3);
      const [lost, archived, idle] = endpoints as [Endpoint, Endpoint, Endpoint];
      await acceptOne(store, acceptedEvent(owner.id, [waiting(lost.id), waiting(archived.id)]));
      await store.apply([statusChange(archived, ARCHIVED)]);
      await withSql(nodes.url, async (sql) => {
        await sql('DELETE FROM due_endpoints');
        await sql('UPDATE endpoints SET draining = false');
        expect((await store.takeDue({ now: START, itemsMax: 9 })).endpointIds).toEqual([]);
        expect(await store.housekeep({ kind: 'upkeep', now: START })).toEqual({ changed: 2, more: false });
        expect((await store.takeDue({ now: START, itemsMax: 9 })).endpointIds).toEqual([lost.id]);
        expect(await sql('SELECT id FROM endpoints WHERE draining')).toEqual([[archived.id]]);
        expect(idle.id).not.toBe(lost.id);
        // The one that was taken is answered for.
        expect(await store.housekeep({ kind: 'upkeep', now: START })).toEqual({ changed: 0, more: false });
        expect((await store.takeDue({ now: START, itemsMax: 9 })).endpointIds).toEqual([]);
      });
    }));

  it('makes room for the days to come, and forgets changes of an hour ago', () =>
    withNodes(async (nodes) => {
      const store = await nodes.open();
      await populate(store, 1);
      await withSql(nodes.url, async (sql) => {
        const upkeep = async () => await store.housekeep({ kind: 'upkeep', now: nodes.clock.time });
        nodes.clock.time = START + HOUR;
        expect(await upkeep()).toEqual({ changed: 0, more: false });
        nodes.clock.time += 1;
        expect(await upkeep()).toEqual({ changed: 2, more: false });
        expect(await sql('SELECT count(*) FROM changes')).toEqual([['0']]);
        nodes.clock.time = START + 7 * DAY;
        expect(await upkeep()).toEqual({ changed: 7, more: false });
        const [[days]] = (await sql("SELECT count(*) FROM pg_class WHERE relname ~ '^events_[0-9]{8}$'")) as [[string]];
        // From a day before the start to a week from now.
        expect(Number(days)).toBe(1 + 7 + 1 + 7);
      });
    }));
});
