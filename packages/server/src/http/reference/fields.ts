import type { JsonSchema, OpenApiDocument } from '../openapi-document.ts';
import { limitsOf } from './limits-text.ts';

/** Deeper parts are not shown; their type still is. */
const DEPTH_MAX = 8;

/** One line of a table of fields. */
export type Field = {
  /** The names that lead to it; `[]` stands for the items of a list. */
  readonly path: readonly string[];
  /** The last of them is no name of a field, but says which ones are meant. */
  readonly free: boolean;
  readonly depth: number;
  readonly required: boolean;
  readonly type: string;
  readonly limits: readonly string[];
  readonly description: string | null;
};

export type Shape = {
  /** In words: `array of object`. */
  readonly type: string;
  readonly description: string | null;
  readonly limits: readonly string[];
  readonly fields: readonly Field[];
};

type Schemas = OpenApiDocument['components']['schemas'];

/** What a schema says, for people. */
export function shapeOf({ components: { schemas } }: OpenApiDocument, schema: JsonSchema): Shape {
  const whole = resolve(schemas, schema);
  return {
    type: typeName(schemas, whole),
    description: textOf(whole['description']),
    limits: limitsOf(whole),
    fields: childrenOf(schemas, whole, [], 0, []),
  };
}

/** The fields within a schema: of an object, of the items of a list, of each of several choices. */
function childrenOf(
  schemas: Schemas,
  schema: JsonSchema,
  path: readonly string[],
  depth: number,
  above: readonly JsonSchema[],
): Field[] {
  // A schema within itself is shown once.
  if (depth >= DEPTH_MAX || above.includes(schema)) return [];
  const within = [...above, schema];
  const own = Object.entries(recordOf(schema['properties'])).flatMap(([name, part]) =>
    lines(schemas, part, { path: [...path, name], depth, required: isRequired(schema, name), free: false }, within),
  );
  const named = namedParts(schema).flatMap(([name, part]) =>
    lines(schemas, part, { path: [...path, name], depth, required: false, free: true }, within),
  );
  const all = [...own, ...named];
  if (isSchema(schema['items'])) {
    const items = resolve(schemas, schema['items']);
    all.push(...childrenOf(schemas, items, itemsPath(path), depth, within));
  }
  for (const part of schemasIn(schema['allOf']))
    all.push(...childrenOf(schemas, resolve(schemas, part), path, depth, within));
  all.push(...choicesOf(schemas, schema, path, depth, within));
  return all;
}

/** Choices with fields. Where several have some, each of them gets a line above its own. */
function choicesOf(
  schemas: Schemas,
  schema: JsonSchema,
  path: readonly string[],
  depth: number,
  above: readonly JsonSchema[],
): Field[] {
  const choices = choicesIn(schema).map((choice) => resolve(schemas, choice));
  const shown = choices.flatMap((choice) => {
    const fields = childrenOf(schemas, choice, path, depth, above);
    return fields.length === 0 ? [] : [{ choice, fields }];
  });
  if (shown.length < 2) return shown.flatMap(({ fields }) => fields);
  return shown.flatMap(({ choice }, index) => {
    const title = `choice ${index + 1} of ${shown.length}`;
    const description = textOf(choice['description']);
    const line = { path: [...path, title], depth, required: false, free: true, limits: limitsOf(choice), description };
    const type = typeName(schemas, choice);
    return [{ ...line, type }, ...childrenOf(schemas, choice, [...path, title], depth + 1, above)];
  });
}

/** The line of one part, and those of the parts within it. */
function lines(
  schemas: Schemas,
  part: unknown,
  place: Pick<Field, 'path' | 'free' | 'depth' | 'required'>,
  above: readonly JsonSchema[],
): Field[] {
  const schema = isSchema(part) ? resolve(schemas, part) : {};
  const line: Field = {
    ...place,
    type: typeName(schemas, schema),
    limits: limitsOf(schema),
    description: textOf(schema['description']),
  };
  return [line, ...childrenOf(schemas, schema, place.path, place.depth + 1, above)];
}

/** Follows references; what stands beside one wins over what it leads to. */
function resolve(schemas: Schemas, schema: JsonSchema, followed: readonly string[] = []): JsonSchema {
  const { $ref: reference, ...beside } = schema;
  if (typeof reference !== 'string') return schema;
  const name = reference.slice(reference.lastIndexOf('/') + 1);
  const found = schemas[name];
  if (found === undefined || followed.includes(name)) return beside;
  const meant = resolve(schemas, found, [...followed, name]);
  return Object.keys(beside).length === 0 ? meant : { ...meant, ...beside };
}

/** A type in words. */
export function typeName(schemas: Schemas, schema: JsonSchema, depth = 0): string {
  if (depth > DEPTH_MAX) return 'any';
  const choices = choicesIn(schema);
  if (choices.length > 0) {
    return [...new Set(choices.map((choice) => typeName(schemas, resolve(schemas, choice), depth + 1)))].join(' or ');
  }
  const types = [schema['type'] ?? impliedType(schema)].flat().map(String);
  const names = types.map((type) => {
    if (type === 'array' && isSchema(schema['items'])) {
      return `array of ${typeName(schemas, resolve(schemas, schema['items']), depth + 1)}`;
    }
    const format = schema['format'];
    if (type !== 'string' || typeof format !== 'string') return type;
    return format === 'binary' ? 'any bytes' : `string (${format})`;
  });
  return names.join(' or ');
}

function impliedType(schema: JsonSchema): string {
  if ('properties' in schema || 'patternProperties' in schema || 'allOf' in schema) return 'object';
  if ('items' in schema) return 'array';
  const values = 'const' in schema ? [schema['const']] : schema['enum'];
  if (!Array.isArray(values)) return 'any';
  return [...new Set(values.map((value) => (value === null ? 'null' : typeof value)))].join(' or ');
}

/** Parts of an object whose names are free. */
function namedParts(schema: JsonSchema): [string, unknown][] {
  const patterns = Object.entries(recordOf(schema['patternProperties']));
  const parts = [...patterns.map(([, part]) => part), schema['additionalProperties']];
  return parts.filter((part) => isSchema(part) && Object.keys(part).length > 0).map((part) => ['any name', part]);
}

/** `deliveries[].attempts`: the mark stands at the name of the list. */
function itemsPath(path: readonly string[]): readonly string[] {
  const last = path.at(-1);
  return last === undefined ? ['[]'] : [...path.slice(0, -1), `${last}[]`];
}

function choicesIn(schema: JsonSchema): JsonSchema[] {
  return [...schemasIn(schema['anyOf']), ...schemasIn(schema['oneOf'])];
}

function schemasIn(value: unknown): JsonSchema[] {
  return Array.isArray(value) ? value.filter(isSchema) : [];
}

function isRequired(schema: JsonSchema, name: string): boolean {
  return Array.isArray(schema['required']) && schema['required'].includes(name);
}

function isSchema(value: unknown): value is JsonSchema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function recordOf(value: unknown): JsonSchema {
  return isSchema(value) ? value : {};
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}
