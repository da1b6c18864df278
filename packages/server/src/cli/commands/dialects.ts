import type { Command } from 'commander';
import { nearest } from '../../config/nearest.ts';
import { SCOPES } from '../../domain/scope.ts';
import { usage } from '../exit.ts';
import { type Json, records, text, textOrNull } from '../json.ts';
import type { Run } from '../run.ts';
import { type Session, serverCommand } from '../session.ts';
import { type Column, table } from '../table.ts';

const NATIVE = 'native';

/** One API of the server, as `GET /dialects` lists it, with what that leaves out. */
type ListedDialect = {
  readonly row: Json;
  readonly name: string;
  /** From the root of the server as this command reaches it; `''` is the root. */
  readonly prefix: string;
  readonly docs: string;
};

const COLUMNS: readonly Column<ListedDialect>[] = [
  { title: 'NAME', text: ({ name }) => name },
  { title: 'VERSION', text: ({ row }) => text(row, 'version') },
  { title: 'AT', text: placesText },
  { title: 'TOKENS', text: ({ row }) => `${text(row, 'tokenPrefix')}…` },
  { title: 'SCOPES', text: ({ row }) => scopesText(text(row, 'scopes')), shrinks: true },
  { title: 'REFERENCE', text: ({ docs }) => docs },
];

/** A dialect without names of its own has the native ones, which the help lists. */
function scopesText(scopes: string): string {
  return scopes === SCOPES.join(', ') ? 'the native ones' : scopes;
}

export function dialectsCommand(run: Run): Command {
  return serverCommand('dialects', 'list the APIs of the server: where each stands, its tokens, scopes and reference')
    .addHelpText(
      'after',
      `
Each is another view of the same endpoints, and a key works in all of them. Native scopes are known everywhere; those
listed are a dialect's own names.

Examples:
  hookring dialects
  hookring openapi --dialect moonborn
  hookring keys create --dialect moonborn`,
    )
    .action(async (options: object) => {
      await run(options, async (session) => {
        const dialects = await listDialects(session);
        const document = { items: dialects.map(({ row, docs }) => ({ ...row, docs })) };
        session.print(document, () => table(session.io, COLUMNS, dialects));
      });
    });
}

async function listDialects(session: Session): Promise<readonly ListedDialect[]> {
  const { client, direct } = session;
  const items = records((await session.call({ method: 'GET', path: '/dialects' }))['items']);
  const nativePrefix = prefixOf(items.find((row) => row['name'] === NATIVE) ?? {});
  // A proxy may put the whole server below a path, which only the address of the native API tells.
  const isBelow = nativePrefix !== '' && client.nativePrefix.endsWith(nativePrefix);
  const base = isBelow ? client.nativePrefix.slice(0, -nativePrefix.length) : '';
  return items.map((row) => {
    const prefix = `${base}${prefixOf(row)}`;
    // While no server runs there is no address, only a path.
    return { row, name: text(row, 'name'), prefix, docs: `${direct ? '' : client.url}${prefix}/docs` };
  });
}

/** The dialect of this name; the command ends with those that there are otherwise. */
export async function findDialect(session: Session, name: string): Promise<ListedDialect> {
  const dialects = await listDialects(session);
  const found = dialects.find((dialect) => dialect.name === name);
  if (found !== undefined) return found;
  const names = dialects.map((dialect) => dialect.name);
  const meant = nearest(name, names);
  const hint = meant === null ? 'See what there is: hookring dialects' : `Did you mean ${meant}?`;
  throw usage(`the server has no dialect ${JSON.stringify(name)}, only ${names.join(', ')}`, hint);
}

function prefixOf(row: Json): string {
  const prefix = textOrNull(row, 'prefix') ?? '';
  return prefix === '/' ? '' : prefix;
}

function placesText({ row }: ListedDialect): string {
  const prefix = prefixOf(row);
  const host = textOrNull(row, 'host');
  return [prefix === '' ? '/' : prefix, ...(host === null ? [] : [host])].join(', ');
}
