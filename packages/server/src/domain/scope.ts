/** What an API key may do. Dialects alias these with names of their own. */
export const SCOPES = [
  'endpoints:read',
  'endpoints:write',
  'secrets:rotate',
  'secrets:reveal',
  'events:read',
  'events:write',
  'deliveries:read',
  'deliveries:write',
  'organization:admin',
  'audit:read',
  'operator',
] as const;
export type Scope = (typeof SCOPES)[number];

export function isScope(text: string): text is Scope {
  return (SCOPES as readonly string[]).includes(text);
}

/** Other names of scopes, and what each stands for. */
export type ScopeAliases = Readonly<Record<string, readonly Scope[]>>;

/** What a name stands for: an alias, else a native scope. Null: nothing. */
export function scopesOf(name: string, aliases: ScopeAliases): readonly Scope[] | null {
  if (Object.hasOwn(aliases, name)) return aliases[name] ?? null;
  return isScope(name) ? [name] : null;
}

/** Everything that the names open together; a name that stands for nothing opens nothing. */
export function scopesOfAll(names: readonly string[], aliases: ScopeAliases): ReadonlySet<Scope> {
  return new Set(names.flatMap((name) => scopesOf(name, aliases) ?? []));
}

/** Says the scopes: by aliases that they cover whole, and the rest by native names that no alias has taken. */
export function namesOfScopes(scopes: ReadonlySet<Scope>, aliases: ScopeAliases): readonly string[] {
  const covered = Object.entries(aliases).filter(
    ([, meant]) => meant.length > 0 && meant.every((scope) => scopes.has(scope)),
  );
  const said = new Set(covered.flatMap(([, meant]) => meant));
  const rest = [...scopes].filter((scope) => !said.has(scope) && !Object.hasOwn(aliases, scope));
  return [...covered.map(([name]) => name), ...rest];
}
