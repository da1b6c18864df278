import { isDeepStrictEqual } from 'node:util';
import type { TSchema } from 'typebox';
import type { JsonSchema } from './openapi-document.ts';

/** The schemas of a document that have a name. */
export type NamedSchemas = Map<string, JsonSchema>;

/** Keywords whose values are no schemas, whatever they look like. */
const PLAIN = new Set(['const', 'default', 'enum', 'example', 'examples', 'required', 'type']);
/** Keywords whose values are schemas by a name of the author's. */
const BY_NAME = new Set(['properties', 'patternProperties', '$defs', 'dependentSchemas']);

/** Schemas with an `$id` become components, once, and a reference where they stood. Two under one name are an error. */
export function hoist(schema: TSchema, named: NamedSchemas): JsonSchema {
  const { $id: id, ...rest } = schema as { readonly $id?: string }; // A JSON Schema.
  if (id === undefined) return keywords(rest, named);
  const known = named.get(id);
  if (known === undefined) {
    // Its place is taken before its parts are read, which may refer to it.
    named.set(id, UNREAD);
    named.set(id, keywords(rest, named));
  } else if (known !== UNREAD && !isDeepStrictEqual(known, keywords(rest, named))) {
    throw new TypeError(`two different schemas have the $id "${id}"`);
  }
  return { $ref: `#/components/schemas/${id}` };
}

const UNREAD: JsonSchema = {};

function keywords(schema: object, named: NamedSchemas): JsonSchema {
  return mapped(schema, (value, key) => {
    if (PLAIN.has(key)) return value;
    if (BY_NAME.has(key) && isObject(value)) return mapped(value, (part) => within(part, named));
    return within(value, named);
  });
}

function within(value: unknown, named: NamedSchemas): unknown {
  if (Array.isArray(value)) return value.map((part) => within(part, named));
  return isObject(value) ? hoist(value, named) : value;
}

function mapped(object: object, change: (value: unknown, key: string) => unknown): JsonSchema {
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [key, change(value, key)]));
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
