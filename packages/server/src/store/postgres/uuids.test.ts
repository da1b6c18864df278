import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { idFromUuid, timeOfId } from '../../domain/ids.ts';
import { openDatabase } from './database.ts';
import { createMigratedDatabase } from './testing/migrated-database.ts';
import { idOf, timeOfUuid, UUID_MAX, UUID_MIN, uuidAt, uuidsSince, uuidTextOf } from './uuids.ts';

const bytes = fc.uint8Array({ minLength: 16, maxLength: 16 });

describe('ids of the database', () => {
  it('are those outside, in another spelling, in the same order', () => {
    fc.assert(
      fc.property(bytes, bytes, (one, other) => {
        const ids = [idFromUuid('dlv', one), idFromUuid('dlv', other)] as const;
        const uuids = ids.map((id) => uuidTextOf(id) ?? '');
        expect(uuids.map((uuid) => idOf('dlv', uuid))).toEqual(ids);
        expect(timeOfUuid(uuids[0] ?? '')).toBe(timeOfId(ids[0]));
        expect(ids[0] < ids[1]).toBe((uuids[0] ?? '') < (uuids[1] ?? ''));
      }),
    );
  });

  it('are none for a text that is no id', () => {
    for (const text of ['', 'dlv_', 'x', "'; DROP TABLE events", 'dlv_zzzzzzzzzzzzzzzzzzzzzzzzzz']) {
      expect(uuidTextOf(text)).toBeNull();
    }
  });

  it('begin with their time, which bounds a search', async () => {
    expect(uuidAt(-5)).toBe(UUID_MIN);
    expect(uuidAt(Number.MAX_SAFE_INTEGER) < UUID_MAX).toBe(true);
    const database = await createMigratedDatabase(0);
    const db = openDatabase({ url: database.url, pooler: 'none' });
    for (const ms of [0, 599_999, 600_000, 1_800_000_000_123, 2 ** 48 - 1]) {
      const { rows } = await db
        .on('read')
        .run({ name: 'since', text: 'SELECT ids_since($1::uuid)::text' }, [uuidAt(ms)]);
      expect(rows[0]?.[0]).toBe(uuidsSince(uuidAt(ms)));
    }
    await db.close();
    await database.drop();
  });
});
