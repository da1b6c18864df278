import type { Option } from 'commander';

/** Values that a shell may offer for an option; others may be given all the same. Loaded when they are asked for. */
type Suggestion = 'files' | (() => Promise<readonly string[]>);

const SUGGESTIONS = new WeakMap<Option, Suggestion>();

export function suggest(option: Option, values: Suggestion): Option {
  SUGGESTIONS.set(option, values);
  return option;
}

/** What can stand behind an option or as an argument. */
export type Values =
  | { readonly kind: 'none' }
  | { readonly kind: 'files' }
  | { readonly kind: 'words'; readonly words: readonly string[] };

export const NO_VALUES: Values = { kind: 'none' };

export async function valuesOf(option: Option): Promise<Values> {
  if (option.argChoices !== undefined) return { kind: 'words', words: option.argChoices };
  const suggestion = SUGGESTIONS.get(option);
  if (suggestion === undefined) return NO_VALUES;
  return suggestion === 'files' ? { kind: 'files' } : { kind: 'words', words: await suggestion() };
}

/** Those that come with the server; a server's own ones are not known to a shell. */
export async function dialectNames(): Promise<readonly string[]> {
  const { BUILT_IN_DIALECTS } = await import('../../dialects/built-in.ts');
  return ['native', ...BUILT_IN_DIALECTS.map(({ name }) => name)];
}

/** The native scopes, and the names that dialects have for them. */
export async function scopeNames(): Promise<readonly string[]> {
  const { BUILT_IN_DIALECTS } = await import('../../dialects/built-in.ts');
  const { SCOPES } = await import('../../domain/scope.ts');
  return [...new Set([...SCOPES, ...BUILT_IN_DIALECTS.flatMap(({ scopeAliases }) => Object.keys(scopeAliases))])];
}
