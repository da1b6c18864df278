import { Type } from 'typebox';
import { type Dialect, type DialectRoute, keyRoute, nullable, SCOPES, STRICT } from '../public.ts';

/** A dialect of this server, and where it stands. */
export type PlacedDialect = {
  readonly dialect: Pick<Dialect, 'name' | 'title' | 'version' | 'tokenPrefix' | 'scopeAliases'>;
  readonly prefix: string;
  readonly host: string | null;
};

const DialectSchema = Type.Object(
  {
    name: Type.String(),
    title: Type.String(),
    version: Type.String(),
    prefix: Type.String({ description: 'What its paths begin with; empty at the root' }),
    host: nullable(Type.String({ description: 'The host name that leads to it too' })),
    tokenPrefix: Type.String({ description: 'What the tokens that are made for it begin with' }),
    scopes: Type.Array(Type.String(), { description: 'Its names of scopes; native names are known everywhere' }),
  },
  { $id: 'Dialect', ...STRICT },
);

function encodeDialect({ dialect, prefix, host }: PlacedDialect) {
  const { name, title, version, tokenPrefix, scopeAliases } = dialect;
  const aliases = Object.keys(scopeAliases);
  return { name, title, version, prefix, host, tokenPrefix, scopes: aliases.length > 0 ? aliases : [...SCOPES] };
}

export function dialectRoutes(dialects: readonly PlacedDialect[]): readonly DialectRoute[] {
  const items = dialects.map(encodeDialect);
  return [
    keyRoute({
      method: 'GET',
      path: '/dialects',
      operationId: 'listDialects',
      summary: 'List the dialects of this server, and where they stand',
      tag: 'dialects',
      scopes: [],
      idempotent: false,
      request: {},
      responses: { 200: Type.Object({ items: Type.Array(DialectSchema) }, STRICT) },
      handle: () => ({ ok: true, status: 200, body: { items } }),
    }),
  ];
}
