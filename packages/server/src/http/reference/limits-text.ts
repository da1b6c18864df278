import type { JsonSchema } from '../openapi-document.ts';

/** What a schema allows beside its type, as short lines; code stands between backticks. */
export function limitsOf(schema: JsonSchema): string[] {
  const { pattern, multipleOf, uniqueItems, enum: values, const: only, default: preset } = schema;
  const example = schema['example'] ?? (Array.isArray(schema['examples']) ? schema['examples'][0] : undefined);
  return [
    choice(values),
    only === undefined ? null : `always ${code(only)}`,
    range(schema['minLength'], schema['maxLength'], 'character'),
    range(schema['minItems'], schema['maxItems'], 'item'),
    range(schema['minProperties'], schema['maxProperties'], 'entry'),
    range(schema['minimum'], schema['maximum'], null),
    bound('over', schema['exclusiveMinimum']),
    bound('under', schema['exclusiveMaximum']),
    bound('a multiple of', multipleOf),
    uniqueItems === true ? 'no item twice' : null,
    typeof pattern === 'string' ? `like ${code(pattern)}` : null,
    preset === undefined ? null : `${code(preset)} unless given`,
    example === undefined ? null : `for example ${code(example)}`,
    schema['deprecated'] === true ? 'deprecated' : null,
  ].filter((line) => line !== null);
}

function choice(values: unknown): string | null {
  if (!Array.isArray(values)) return null;
  const [first, ...others] = values;
  return others.length === 0 ? `always ${code(first)}` : `one of ${values.map(code).join(', ')}`;
}

/** Strings as they are, since people send them without the quotes of JSON more often than with them. */
function code(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text === '' ? 'empty' : `\`${text.replaceAll('`', '´')}\``;
}

function bound(words: string, limit: unknown): string | null {
  return typeof limit === 'number' ? `${words} ${shown(limit)}` : null;
}

const PLURALS: Readonly<Record<string, string>> = { entry: 'entries' };

function range(min: unknown, max: unknown, noun: string | null): string | null {
  const least = typeof min === 'number' ? min : null;
  const most = typeof max === 'number' ? max : null;
  const unit = (count: number): string => {
    if (noun === null) return '';
    return count === 1 ? ` ${noun}` : ` ${PLURALS[noun] ?? `${noun}s`}`;
  };
  // A length of zero or more is no limit.
  if (most === null)
    return least === null || (noun !== null && least === 0) ? null : `at least ${shown(least)}${unit(least)}`;
  if (least === null || (noun !== null && least === 0)) return `at most ${shown(most)}${unit(most)}`;
  return least === most ? `exactly ${shown(least)}${unit(least)}` : `${shown(least)} to ${shown(most)}${unit(most)}`;
}

function shown(count: number): string {
  return Number.isInteger(count) ? count.toLocaleString('en-US') : String(count);
}
