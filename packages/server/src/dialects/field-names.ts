import type { FieldError, Problem } from '../domain/error-registry.ts';

/**
 * Puts a product's names of fields where a refusal has the engine's: in the pointers of its errors and in the sentence
 * that repeats the first of them. A name counts at the top of the body and of the query, and not inside of either.
 * A field that the caller should not have sent, or not twice, keeps the name that it came with.
 */
export function renameFields(names: Readonly<Record<string, string>>): (problem: Problem) => Problem {
  const renamed = new Map(Object.entries(names));
  if (renamed.size === 0) return (problem) => problem;
  // The engine's names are letters alone.
  const any = [...renamed.keys()].join('|');
  const atTop = new RegExp(`^([/?])(${any})(?=/|$)`);
  const inText = new RegExp(`(?<![A-Za-z0-9_./-])([/?]?)(${any})(?![A-Za-z0-9_-])`, 'g');
  const rename = (_whole: string, mark: string, name: string): string => `${mark}${renamed.get(name) ?? name}`;
  return (problem) => {
    const [first] = problem.errors ?? [];
    const detail = first !== undefined && isAsSent(first) ? problem.detail : problem.detail.replaceAll(inText, rename);
    if (problem.errors === undefined) return { ...problem, detail };
    const errors = problem.errors.map((error) =>
      isAsSent(error)
        ? error
        : {
            ...error,
            pointer: error.pointer.replace(atTop, rename),
            detail: error.detail.replaceAll(inText, rename),
          },
    );
    return { ...problem, detail, errors };
  };
}

function isAsSent({ code }: FieldError): boolean {
  return code === 'unknown_field' || code === 'duplicate_key';
}
