import type { FieldError, Problem } from '../domain/error-registry.ts';

/**
 * Puts a product's names of fields where a refusal has the engine's: in the pointers of its errors, and in its
 * sentences. A name counts at the top of the body and of the query, and not inside of either. A field that the caller
 * should not have sent, or not twice, keeps the name that it came with.
 *
 * Names such as `url` and `secret` are English words too. A sentence has them as names only in quotes, and only where
 * the refusal points at them. Names with a capital inside, such as `graceSeconds`, are no words of any sentence.
 */
export function renameFields(names: Readonly<Record<string, string>>): (problem: Problem) => Problem {
  const renamed = new Map(Object.entries(names));
  if (renamed.size === 0) return (problem) => problem;
  // The engine's names are letters alone.
  const all = [...renamed.keys()];
  const atTop = new RegExp(`^([/?])(${all.join('|')})(?=/|$)`);
  const compounds = all.filter((name) => CAPITAL_INSIDE.test(name));
  const compound = new RegExp(`(?<![A-Za-z0-9_./:@-])([/?]?)(${compounds.join('|')})(?![A-Za-z0-9_@-])`, 'g');
  const rename = (_whole: string, mark: string, name: string): string => `${mark}${renamed.get(name) ?? name}`;
  const inText = (text: string, pointedAt: readonly string[]): string => {
    const { sentence, values } = withoutValues(text);
    const once = compounds.length === 0 ? sentence : sentence.replaceAll(compound, rename);
    if (pointedAt.length === 0) return once + values;
    return once.replaceAll(new RegExp(`(?<=")([/?]?)(${pointedAt.join('|')})(?=["[./])`, 'g'), rename) + values;
  };
  return (problem) => {
    const { errors = [], detail } = problem;
    const [first] = errors;
    const words = errors.filter((error) => !isAsSent(error)).flatMap(({ pointer }) => atTop.exec(pointer)?.[2] ?? []);
    const pointedAt = [...new Set(words)].filter((name) => !CAPITAL_INSIDE.test(name));
    const told = { ...problem, detail: first !== undefined && isAsSent(first) ? detail : inText(detail, pointedAt) };
    if (problem.errors === undefined) return told;
    const translate = (error: FieldError): FieldError =>
      isAsSent(error)
        ? error
        : { ...error, pointer: error.pointer.replace(atTop, rename), detail: inText(error.detail, pointedAt) };
    return { ...told, errors: errors.map(translate) };
  };
}

const CAPITAL_INSIDE = /.[A-Z]/;

/** What a value must be is a value and no name, whatever it looks like. */
const VALUES = /must be (?:one of\b|")/;

function withoutValues(text: string): { readonly sentence: string; readonly values: string } {
  const at = text.search(VALUES);
  return at < 0 ? { sentence: text, values: '' } : { sentence: text.slice(0, at), values: text.slice(at) };
}

function isAsSent({ code }: FieldError): boolean {
  return code === 'unknown_field' || code === 'duplicate_key';
}
