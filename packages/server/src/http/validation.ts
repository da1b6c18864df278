import type { TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import type { TLocalizedValidationError } from 'typebox/error';
import { type Refusal, refused } from '../app/outcome.ts';
import type { FieldError } from '../domain/error-registry.ts';
import { fieldSentence, pointerNames } from '../domain/field-path.ts';
import { closestName } from './did-you-mean.ts';

/** Wrong fields named in one answer; the validator itself stops looking after eight. */
const ERRORS_MAX = 20;

/** Null when `value` fits the schema; it is never changed. */
export type Check = (value: unknown) => Refusal | null;

/** `pointerOf` turns a JSON Pointer within the value into the pointer that the caller is told. */
export function compileCheck(schema: TSchema, pointerOf: (path: string) => string = (path) => path): Check {
  const validator = Compile(schema);
  return (value) => {
    if (validator.Check(value)) return null;
    const errors = fieldErrors(schema, validator.Errors(value)).map((error) => ({
      ...error,
      pointer: pointerOf(error.pointer),
    }));
    return refuseFields(errors);
  };
}

export function refuseFields(errors: readonly FieldError[]): Refusal {
  const [first] = errors;
  if (first === undefined) return refused('validation_failed', 'the request is not valid');
  const more = errors.length > 1 ? ` (and ${errors.length - 1} more)` : '';
  return refused('validation_failed', `${fieldSentence(first.pointer, first.detail)}${more}`, {
    errors: errors.slice(0, ERRORS_MAX),
  });
}

function fieldErrors(schema: TSchema, found: readonly TLocalizedValidationError[]): FieldError[] {
  // Each unknown field is reported by itself too, and only so when there are very many.
  const errors = withoutChoices(found).filter((error) => error.keyword !== 'additionalProperties');
  return errors.flatMap((error) => describe(schema, error));
}

/**
 * A failed choice reports the failures of each of its branches. What helps is one branch: the one whose type the value
 * has, or, when it has none of the types, a single line that names them.
 */
function withoutChoices(errors: readonly TLocalizedValidationError[]): TLocalizedValidationError[] {
  const choice = errors.find((error) => error.keyword === 'anyOf');
  if (choice === undefined) return [...errors];
  const prefix = `${choice.schemaPath}/anyOf/`;
  const branches = Map.groupBy(
    errors.filter((error) => error.schemaPath.startsWith(prefix)),
    (error) => error.schemaPath.slice(prefix.length).split('/', 1)[0],
  );
  const others = errors.filter((error) => error !== choice && !error.schemaPath.startsWith(prefix));
  const isOfAnotherType = (error: TLocalizedValidationError): boolean =>
    error.keyword === 'type' && error.instancePath === choice.instancePath;
  // Words that may be one of several: what helps is all of them.
  const words = [...branches.values()].map((branch) => branch.find((error) => error.keyword === 'const'));
  if (words.length > 0 && words.every((word) => word?.instancePath === choice.instancePath)) {
    const params = { allowedValues: words.flatMap((word) => word?.params.allowedValue ?? []) };
    return withoutChoices([...others, { ...choice, keyword: 'enum', params, message: choice.message }]);
  }
  const meant = [...branches.values()].find((branch) => !branch.some(isOfAnotherType));
  if (meant !== undefined) return withoutChoices([...others, ...meant]);
  const types = [...branches.values()]
    .flat()
    .flatMap((error) => (error.keyword === 'type' && isOfAnotherType(error) ? error.params.type : []));
  return withoutChoices([
    ...others,
    { ...choice, keyword: 'type', params: { type: [...new Set(types)] }, message: choice.message },
  ]);
}

function describe(schema: TSchema, error: TLocalizedValidationError): FieldError[] {
  const pointer = error.instancePath;
  const one = (detail: string, code: string): FieldError[] => [{ pointer, detail, code }];
  switch (error.keyword) {
    case 'required':
      return error.params.requiredProperties.map((name) => ({
        pointer: `${pointer}/${escapePointer(name)}`,
        detail: 'is required',
        code: 'required',
      }));
    case 'boolean':
      return [unknownField(pointer, pointerNames(pointer).at(-1) ?? '', propertiesAt(schema, error.schemaPath))];
    case 'type':
      return one(`must be ${[error.params.type].flat().map(articleOf).join(' or ')}`, 'wrong_type');
    case 'enum':
      return one(
        `must be one of ${error.params.allowedValues.map((value) => JSON.stringify(value)).join(', ')}`,
        'not_allowed',
      );
    case 'const':
      return one(`must be ${JSON.stringify(error.params.allowedValue)}`, 'not_allowed');
    case 'minLength':
      return one(
        error.params.limit === 1 ? 'must not be empty' : `must be at least ${error.params.limit} characters`,
        'too_short',
      );
    case 'maxLength':
      return one(`must be at most ${error.params.limit} characters`, 'too_long');
    case 'minItems':
      return one(`must hold at least ${error.params.limit} items`, 'too_few');
    case 'maxItems':
    case 'maxProperties':
      return one(`must hold at most ${error.params.limit} entries`, 'too_many');
    case 'minimum':
    case 'exclusiveMinimum':
      return one(`must be ${error.params.comparison} ${error.params.limit}`, 'too_small');
    case 'maximum':
    case 'exclusiveMaximum':
      return one(`must be ${error.params.comparison} ${error.params.limit}`, 'too_large');
    case 'uniqueItems':
      return one('must not repeat an item', 'repeated');
    case 'format':
      return one(`must be a ${error.params.format}`, 'wrong_format');
    default:
      return one(error.message, 'invalid');
  }
}

export function unknownField(pointer: string, name: string, known: readonly string[]): FieldError {
  const close = closestName(name, known);
  const hint = close === null ? '' : `; did you mean "${close}"?`;
  return { pointer, detail: `is not known here${hint}`, code: 'unknown_field' };
}

const ARTICLES: Readonly<Record<string, string>> = {
  null: 'null',
  array: 'an array',
  integer: 'an integer',
  object: 'an object',
};

function articleOf(type: string): string {
  return ARTICLES[type] ?? `a ${type}`;
}

/** The names that the object could have whose `additionalProperties` stand at a `#/…` path. */
function propertiesAt(schema: TSchema, schemaPath: string): readonly string[] {
  let at: unknown = schema;
  for (const name of pointerNames(schemaPath.slice(1)).slice(0, -1)) {
    at = typeof at === 'object' && at !== null ? Reflect.get(at, name) : undefined;
  }
  if (typeof at !== 'object' || at === null || !('properties' in at)) return [];
  return Object.keys(at.properties ?? {});
}

export function escapePointer(name: string): string {
  return name.replaceAll('~', '~0').replaceAll('/', '~1');
}
