import type { TObject } from 'typebox';
import type { Refusal } from '../app/outcome.ts';
import type { FieldError } from '../domain/error-registry.ts';
import { compileCheck, refuseFields, unknownField } from './validation.ts';

const INTEGER = /^(?:0|-?[1-9]\d{0,15})$/;

type QueryOutcome = { readonly ok: true; readonly query: Readonly<Record<string, unknown>> } | Refusal;
export type ReadQuery = (raw: unknown) => QueryOutcome;

type Kind = 'string' | 'integer' | 'boolean' | 'strings';

const NOTHING: QueryOutcome = { ok: true, query: Object.freeze({}) };

/**
 * Reads a query by its schema: an integer is digits and nothing else, a boolean is `true` or `false`, a list may be
 * repeated or joined by commas, and nothing else may be given twice. A parameter that is not there stays absent.
 */
export function compileQuery(schema: TObject): ReadQuery {
  const kinds = new Map(Object.entries(schema.properties).map(([name, property]) => [name, kindOf(name, property)]));
  const names = [...kinds.keys()];
  const check = compileCheck(schema, queryPointer);
  const canBeEmpty = check({}) === null;

  return (raw) => {
    const query: Record<string, unknown> = {};
    const errors: FieldError[] = [];
    let isEmpty = true;
    // The parser of the router answers with an object without a prototype, of strings and arrays of strings.
    for (const [name, value] of Object.entries(raw as Readonly<Record<string, string | string[]>>)) {
      isEmpty = false;
      const kind = kinds.get(name);
      if (kind === undefined) {
        errors.push(unknownField(`?${name}`, name, names));
        continue;
      }
      const parsed = parse(kind, value);
      if (parsed.ok) query[name] = parsed.value;
      else errors.push({ pointer: `?${name}`, detail: parsed.detail, code: 'wrong_type' });
    }
    if (isEmpty && canBeEmpty) return NOTHING;
    if (errors.length > 0) return refuseFields(errors);
    return check(query) ?? { ok: true, query };
  };
}

/** Query parameters are told apart from fields of the body, which have a JSON Pointer. */
function queryPointer(path: string): string {
  return `?${path.slice(1)}`;
}

function kindOf(name: string, schema: unknown): Kind {
  const type = typeof schema === 'object' && schema !== null && 'type' in schema ? schema.type : 'string';
  if (type === 'array') return 'strings';
  if (type === 'string' || type === 'integer' || type === 'boolean') return type;
  throw new TypeError(`the query parameter "${name}" has a type that no query string can hold`);
}

type Parsed = { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly detail: string };

function parse(kind: Kind, raw: string | readonly string[]): Parsed {
  if (kind === 'strings') return { ok: true, value: [raw].flat().flatMap((part) => part.split(',')) };
  if (typeof raw !== 'string') return { ok: false, detail: 'must not be given twice' };
  if (kind === 'string') return { ok: true, value: raw };
  if (kind === 'boolean') {
    return raw === 'true' || raw === 'false'
      ? { ok: true, value: raw === 'true' }
      : { ok: false, detail: 'must be true or false' };
  }
  const value = INTEGER.test(raw) ? Number(raw) : Number.NaN;
  return Number.isSafeInteger(value) ? { ok: true, value } : { ok: false, detail: 'must be an integer' };
}
