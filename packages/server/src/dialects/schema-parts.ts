import { type Static, type TSchema, Type } from 'typebox';

/** Refuses what it does not name. */
export const STRICT = { additionalProperties: false } as const;

/** The same schema, or null: one `type` of two, so that a wrong value gets one clear line. */
export function nullable<S extends TSchema>(schema: S) {
  const { type, enum: values, ...rest } = schema as { readonly type?: string; readonly enum?: readonly unknown[] }; // A JSON Schema.
  if (type === undefined && values === undefined) {
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
