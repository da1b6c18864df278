import { randomFillSync } from 'node:crypto';
import fc from 'fast-check';
import { Client } from 'pg';
import { describe, expect, it } from 'vitest';
import { createIdSource, uuidOf } from '../../domain/ids.ts';
import { BigintColumn, BytesColumn, IntegerColumn, RealColumn, rowsOf, TextColumn, UuidColumn } from './values.ts';

const ids = createIdSource({ now: () => Date.now(), fillRandom: (bytes) => void randomFillSync(bytes) });

async function withClient<T>(work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: process.env['HOOKRING_TEST_POSTGRES_URL'] });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

const storable = fc.string({ unit: 'binary', maxLength: 40 }).map((text) => text.replaceAll('\0', ''));
const nullable = <T>(value: fc.Arbitrary<T>) => fc.option(value, { freq: 4, nil: null });

const row = fc.record({
  count: nullable(fc.integer()),
  at: nullable(fc.maxSafeInteger()),
  note: nullable(fc.oneof(storable, fc.constantFrom('', 'same', 'ü€𝄞'))),
  bytes: nullable(fc.uint8Array({ maxLength: 300 })),
  ratio: nullable(fc.float({ noNaN: true })),
});

function createColumns() {
  return {
    id: new UuidColumn(),
    count: new IntegerColumn(),
    at: new BigintColumn(),
    note: new TextColumn(),
    bytes: new BytesColumn(),
    ratio: new RealColumn(),
  };
}

describe('columns', () => {
  it('arrive as they were given, also when they are used again', async () => {
    await withClient(async (client) => {
      const columns = createColumns();
      const text = `SELECT id::text, count, at::text, note, bytes, ratio::double precision AS ratio FROM ${rowsOf(1, columns)}`;
      await fc.assert(
        fc.asyncProperty(fc.array(row, { maxLength: 30 }), async (rows) => {
          for (const column of Object.values(columns)) column.clear();
          const given = rows.map((each) => ({ ...each, id: ids.next('evt') }));
          for (const each of given) {
            columns.id.add(each.id);
            columns.count.addOrNull(each.count);
            columns.at.addOrNull(each.at);
            columns.note.addOrNull(each.note);
            columns.bytes.addOrNull(each.bytes);
            columns.ratio.addOrNull(each.ratio);
          }
          const values = Object.values(columns).map((column) => column.value());
          const { rows: found } = await client.query({ name: 'columns', text, values });
          expect(found).toEqual(
            given.map(({ id, at, bytes, note, ...rest }) => ({
              ...rest,
              id: uuidOf(id),
              at: at === null ? null : String(at),
              // What is no text is kept as the sign for that.
              note: note === null ? null : Buffer.from(note).toString(),
              bytes: bytes === null ? null : Buffer.from(bytes),
            })),
          );
        }),
        { numRuns: 60 },
      );
    });
  });

  it('know the times of the ids in them', () => {
    const column = new UuidColumn();
    const early = createIdSource({ now: () => 1_000, fillRandom: () => {} }).next('dlv');
    const late = createIdSource({ now: () => 1_800_000_000_123, fillRandom: () => {} }).next('dlv');
    for (const id of [late, early]) column.add(id);
    expect([column.timeMin, column.timeMax]).toEqual([1_000, 1_800_000_000_123]);
  });

  it('refuse what does not fit, before anything is sent', () => {
    const zeros = '0'.repeat(25);
    for (const id of ['', 'evt_', `evt_${zeros}`, `evt_8${zeros}`, `evt_u${zeros}`, `evt_${zeros}é`, `evt_${zeros}I`]) {
      expect(() => new UuidColumn().add(id), id).toThrow(TypeError);
    }
    for (const value of [2 ** 31, -(2 ** 31) - 1, 0.5, Number.NaN]) {
      expect(() => new IntegerColumn().add(value)).toThrow(RangeError);
    }
    for (const value of [2 ** 53, 0.5, Number.POSITIVE_INFINITY]) {
      expect(() => new BigintColumn().add(value)).toThrow(RangeError);
    }
  });
});
