import { type Outcome, refused } from '../app/outcome.ts';
import type { Surface } from './surface.ts';

type Refusal = Extract<Outcome<never>, { ok: false }>;

export type Missing = { readonly refusal: Refusal; readonly allow: string | null };

/** Tells a wrong method from an unknown path. Only requests that no route took come here, so it may search. */
export function explainMissing(surface: Surface, method: string, path: string): Missing {
  const below = path.slice(surface.prefix.length);
  const methods = new Set(
    surface.operations.filter((operation) => matches(operation.path, below)).map((operation) => operation.method),
  );
  if (methods.size === 0) return { refusal: refused('not_found', 'there is nothing at this path'), allow: null };
  if (methods.has('GET')) methods.add('HEAD');
  const allow = [...methods].sort().join(', ');
  return { refusal: refused('method_not_allowed', `${method} is not possible here; try ${allow}`), allow };
}

function matches(template: string, path: string): boolean {
  const wanted = template.split('/');
  const given = path.split('/');
  return (
    wanted.length === given.length &&
    wanted.every((part, index) => part === given[index] || (part.startsWith('{') && given[index] !== ''))
  );
}
