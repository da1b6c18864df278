import { type Command, Option } from 'commander';
import { SCOPES } from '../../domain/scope.ts';
import { dialectNames, scopeNames, suggest } from '../completion/suggest.ts';
import { asRecord, type Json, text } from '../json.ts';
import { printPage, withPage } from '../lists.ts';
import { collect, duration, examples, type PageOptions, pageQuery } from '../options.ts';
import type { Run } from '../run.ts';
import { serverCommand } from '../session.ts';
import type { Column } from '../table.ts';
import { keysImportCommand } from './keys-import.ts';

/** What a key of a customer usually needs: all of its own organization, no secrets in clear, no other organization. */
const USUAL_SCOPES = SCOPES.filter((scope) => scope !== 'operator' && scope !== 'secrets:reveal');

const COLUMNS: readonly Column<Json>[] = [
  { title: 'ID', text: (row) => text(row, 'id') },
  { title: 'KEY', text: (row) => text(row, 'hint') },
  { title: 'NAME', text: (row) => text(row, 'name'), shrinks: true },
  { title: 'STATE', text: (row) => text(row, 'state') },
  { title: 'SCOPES', text: (row) => text(row, 'scopes'), shrinks: true },
  { title: 'EXPIRES', text: (row) => text(row, 'expiresAt') },
];

export function keysCommands(parent: Command, run: Run): void {
  const keys = parent.command('keys').description('API keys of an organization');

  keys.addCommand(
    serverCommand('create', 'create an API key and print its token, once')
      .addOption(
        suggest(
          new Option('--dialect <name>', 'whose token prefix and scope names; every key works in every dialect'),
          dialectNames,
        ),
      )
      .addOption(
        suggest(
          new Option('--scope <scope>', 'what it may do; repeat for several (usual ones unless given)').argParser(
            collect,
          ),
          scopeNames,
        ),
      )
      .option('--name <name>', 'what it is for')
      .option('--expires <time>', 'after this length of time it opens nothing: 24h, 90d', duration)
      .addHelpText(
        'after',
        `
Standard output holds the token and nothing else, so that it can be stored at once:
  TOKEN=$(hookring keys create --org customer-4711 --scope events:write)

Scopes: ${SCOPES.join(', ')}
Without --scope a key gets all but operator and secrets:reveal.`,
      )
      .action(async (options: KeyOptions) => {
        await run(options, async (session) => {
          const expiresAt =
            options.expires === undefined
              ? undefined
              : new Date(session.io.now() + options.expires * 1_000).toISOString();
          const body = {
            name: options.name,
            dialect: options.dialect,
            scopes: options.scope ?? USUAL_SCOPES,
            expiresAt,
          };
          const created = await session.call({ method: 'POST', path: '/keys', body });
          session.print(created, () => text(created, 'token'));
          const key = asRecord(created['key']);
          session.note(`Created ${text(key, 'id')} for ${text(key, 'organizationId')}. The token is shown only now.`);
        });
      }),
  );

  keys.addCommand(keysImportCommand(run, USUAL_SCOPES));

  keys.addCommand(
    withPage(serverCommand('list', 'list API keys; tokens are never shown again'))
      .addHelpText('after', examples('hookring keys list --org customer-4711'))
      .action(async (options: PageOptions) => {
        await run(options, async (session) => {
          const page = await session.call({ method: 'GET', path: '/keys', query: pageQuery(options) });
          printPage(session, page, { columns: COLUMNS, empty: 'No API key yet. Create one: hookring keys create' });
        });
      }),
  );

  keys.addCommand(
    serverCommand('revoke', 'revoke an API key: when this returns it opens nothing any more')
      .argument('<key>', 'its id, as in "hookring keys list"')
      .addHelpText('after', examples('hookring keys revoke key_…'))
      .action(async (id: string, options: object) => {
        await run(options, async (session) => {
          const key = await session.call({ method: 'POST', path: '/keys/{}/revoke', ids: [id] });
          session.print(key, () => `Revoked ${text(key, 'id')} (${text(key, 'hint')}).`);
        });
      }),
  );
}

type KeyOptions = {
  readonly dialect?: string;
  readonly scope?: string[];
  readonly name?: string;
  readonly expires?: number;
};
