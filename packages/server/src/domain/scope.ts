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
