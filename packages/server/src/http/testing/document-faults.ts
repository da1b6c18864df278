import { Compile } from 'typebox/schema';
import { pointerNames } from '../../domain/field-path.ts';
import type {
  JsonSchema,
  MediaType,
  OpenApiDocument,
  OperationObject,
  Reference,
  ResponseObject,
} from '../openapi-document.ts';

/** An example, or a schema with examples of its own, and where it stands. */
type Shown = { readonly where: string; readonly schema: JsonSchema; readonly example?: unknown };

/** What of a document's examples does not fit its own schema; each as a line for people. */
export function exampleFaults(document: OpenApiDocument): string[] {
  const shown = [...shownIn(document)];
  const whole = shown.flatMap(({ where, schema, example }) =>
    example === undefined ? [] : faultsOf(document, where, schema, example),
  );
  const parts = [
    ...shown,
    ...Object.entries(document.components.schemas).map(([name, schema]) => ({ where: name, schema })),
  ].flatMap(({ where, schema }) => [...schemasIn(schema)].flatMap((part) => partFaults(document, where, part)));
  return [...whole, ...parts];
}

/** Bodies and answers for which no example is shown. */
export function exampleGaps(document: OpenApiDocument): string[] {
  return [...shownIn(document)].flatMap(({ where, example, schema }) =>
    example === undefined && !where.includes(' parameter ') && schema['format'] !== 'binary' ? [where] : [],
  );
}

/** References that lead nowhere. */
export function referenceFaults(document: OpenApiDocument): string[] {
  const references = [...objectsIn(document)].flatMap((part) =>
    typeof part['$ref'] === 'string' ? [part['$ref']] : [],
  );
  return references.filter((reference) => at(document, reference) === undefined);
}

/** What OpenAPI demands of operations beyond the shape of the document. */
export function operationFaults(document: OpenApiDocument): string[] {
  const faults: string[] = [];
  const ids = new Set<string>();
  for (const { where, path, operation } of operationsIn(document)) {
    if (ids.has(operation.operationId)) faults.push(`${where}: operationId ${operation.operationId} stands twice`);
    ids.add(operation.operationId);
    const named = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
    const { parameters = [] } = operation;
    const inPath = parameters.filter((parameter) => parameter.in === 'path').map(({ name }) => name);
    const isNamed = inPath.length === named.length && inPath.every((name) => named.includes(name));
    if (!isNamed) faults.push(`${where}: path parameters ${inPath.join()}`);
    const keys = parameters.map((parameter) => `${parameter.in} ${parameter.name.toLowerCase()}`);
    if (new Set(keys).size < keys.length) faults.push(`${where}: a parameter stands twice`);
    faults.push(...securityFaults(document, where, operation));
  }
  return faults;
}

function securityFaults({ components }: OpenApiDocument, where: string, { security }: OperationObject): string[] {
  return security.flatMap((requirement) =>
    Object.entries(requirement).flatMap(([name, scopes]) => {
      const scheme = components.securitySchemes[name];
      if (scheme === undefined) return [`${where}: no security scheme ${name}`];
      if (scheme.type !== 'oauth2') return [];
      const unknown = scopes.filter((scope) => !Object.hasOwn(scheme.flows.clientCredentials.scopes, scope));
      return unknown.map((scope) => `${where}: ${name} has no scope ${scope}`);
    }),
  );
}

function* shownIn(document: OpenApiDocument): Generator<Shown> {
  for (const { where, operation } of operationsIn(document)) {
    for (const parameter of operation.parameters ?? [])
      yield { ...parameter, where: `${where} parameter ${parameter.name}` };
    for (const [type, media] of Object.entries(operation.requestBody?.content ?? {}))
      yield { ...media, where: `${where} ${type}` };
    for (const [status, response] of Object.entries(operation.responses))
      yield* shownInResponse(`${where} ${status}`, response);
  }
  for (const [status, response] of Object.entries(document.components.responses))
    yield* shownInResponse(`refusal ${status}`, response);
}

function* shownInResponse(where: string, response: ResponseObject | Reference): Generator<Shown> {
  if ('$ref' in response) return;
  for (const media of Object.values<MediaType>(response.content ?? {})) yield { ...media, where };
}

function* operationsIn({
  paths,
}: OpenApiDocument): Generator<{ where: string; path: string; operation: OperationObject }> {
  for (const [path, item] of Object.entries(paths)) {
    for (const [method, operation] of Object.entries(item))
      yield { where: `${method.toUpperCase()} ${path}`, path, operation };
  }
}

/** Values that a schema gives for itself. */
function partFaults(document: OpenApiDocument, where: string, schema: JsonSchema): string[] {
  const { examples, example, default: preset } = schema;
  const values = [...(Array.isArray(examples) ? examples : []), example, preset].filter((value) => value !== undefined);
  return values.flatMap((value) => faultsOf(document, `${where} (in its schema)`, schema, value));
}

function faultsOf(document: OpenApiDocument, where: string, schema: JsonSchema, value: unknown): string[] {
  // References are read from the root, so the components stand there too.
  const [fits, errors] = Compile({ ...schema, components: document.components }).Errors(value);
  return fits ? [] : errors.map((error) => `${where}: "${error.instancePath}" ${error.message}`);
}

const LISTS = ['allOf', 'anyOf', 'oneOf', 'prefixItems'];
const MAPS = ['properties', 'patternProperties', '$defs'];
const SINGLE = ['items', 'additionalProperties', 'contains', 'not', 'propertyNames', 'if', 'then', 'else'];

/** A schema and all the schemas within it. */
function* schemasIn(schema: unknown): Generator<JsonSchema> {
  if (!isObject(schema)) return;
  yield schema;
  const parts = [
    ...LISTS.map((key) => schema[key]),
    ...MAPS.map((key) => schema[key]).map((map) => Object.values(map ?? {})),
    SINGLE.map((key) => schema[key]),
  ];
  for (const part of parts.flat()) yield* schemasIn(part);
}

/** Every object within a value. */
function* objectsIn(value: unknown): Generator<JsonSchema> {
  if (typeof value !== 'object' || value === null) return;
  if (isObject(value)) yield value;
  for (const part of Object.values(value)) yield* objectsIn(part);
}

function isObject(value: unknown): value is JsonSchema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** What a `#/…` reference names. */
function at(document: OpenApiDocument, reference: string): unknown {
  if (!reference.startsWith('#/')) return undefined;
  let found: unknown = document;
  for (const name of pointerNames(reference.slice(1))) found = isObject(found) ? found[name] : undefined;
  return found;
}
