import { type Refusal, refused } from '../app/outcome.ts';

export type Missing = { readonly refusal: Refusal; readonly allow: string | null };

/** One method at one whole path, with `:name` for parameters. */
export type MountedOperation = { readonly method: string; readonly path: string };

/** Tells a wrong method from an unknown path. Only requests that no route took come here, so it may search. */
export function explainMissing(operations: readonly MountedOperation[], method: string, path: string): Missing {
  const methods = new Set(
    operations.filter((operation) => matches(operation.path, path)).map((operation) => operation.method),
  );
  if (methods.size === 0) return { refusal: refused('not_found', 'there is nothing at this path'), allow: null };
  const allow = [...methods].sort().join(', ');
  return { refusal: refused('method_not_allowed', `${method} is not possible here; try ${allow}`), allow };
}

function matches(template: string, path: string): boolean {
  const wanted = template.split('/');
  const given = path.split('/');
  return (
    wanted.length === given.length &&
    wanted.every((part, index) => part === given[index] || (part.startsWith(':') && given[index] !== ''))
  );
}
