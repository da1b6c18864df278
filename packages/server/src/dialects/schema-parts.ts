import { type Static, type TSchema, Type } from 'typebox';

type JsonSchemaParts = { readonly $id?: string; readonly type?: string; readonly enum?: readonly unknown[] };

/** Refuses what it does not name. */
export const STRICT = { additionalProperties: false } as const;

/**
 * The same schema, or null: one `type` of two, so that a wrong value gets one clear line. One with a name stays itself,
 * beside null: the name is already that of a schema without it.
 */
export function nullable<S extends TSchema>(schema: S) {
  const { $id, type, enum: values, ...rest } = schema as JsonSchemaParts; // A JSON Schema.
  if ($id !== undefined || (type === undefined && values === undefined)) {
    return Type.Unsafe<Static<S> | null>({ anyOf: [schema, { type: 'null' }] });
  }
  return Type.Unsafe<Static<S> | null>({
    ...rest,
    ...(type === undefined ? {} : { type: [type, 'null'] }),
    ...(values === undefined ? {} : { enum: [...values, null] }),
  });
}

/** One of a few words. */
export function words<const W extends readonly string[]>(values: W, description?: string) {
  return Type.Unsafe<W[number]>({
    type: 'string',
    enum: values,
    ...(description === undefined ? {} : { description }),
  });
}

/** ISO 8601 in UTC with milliseconds. */
export const Time = Type.String({ format: 'date-time', description: 'ISO 8601 in UTC, with milliseconds' });

export function pageOf<S extends TSchema>(item: S) {
  return Type.Object({ items: Type.Array(item), nextCursor: nullable(Type.String()) }, STRICT);
}
