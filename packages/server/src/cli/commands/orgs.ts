import type { Command } from 'commander';
import { type Json, text } from '../json.ts';
import { printPage, withPage } from '../lists.ts';
import { examples, type PageOptions, pageQuery } from '../options.ts';
import type { Run } from '../run.ts';
import { serverCommand } from '../session.ts';
import { type Column, facts } from '../table.ts';

const COLUMNS: readonly Column<Json>[] = [
  { title: 'ID', text: (row) => text(row, 'id') },
  { title: 'EXTERNAL ID', text: (row) => text(row, 'externalId'), shrinks: true },
  { title: 'NAME', text: (row) => text(row, 'name'), shrinks: true },
  { title: 'CREATED', text: (row) => text(row, 'createdAt') },
];

export function orgsCommands(parent: Command, run: Run): void {
  const orgs = parent.command('orgs').description('organizations: one for each customer of yours');

  orgs.addCommand(
    serverCommand('create', 'create an organization, or find the one with this external id')
      .argument('<name>', 'how people call it')
      .option('--external-id <id>', 'your own id for it; the same one is never created twice')
      .addHelpText('after', '\nExample:\n  hookring orgs create "Acme Inc." --external-id customer-4711')
      .action(async (name: string, options: { externalId?: string }) => {
        await run(options, async (session) => {
          const body = { name, externalId: options.externalId };
          const organization = await session.call({ method: 'POST', path: '/organizations', body });
          session.print(organization, () => organizationFacts(organization));
          session.note(`\nGive it a key: hookring keys create --org ${text(organization, 'id')}`);
        });
      }),
  );

  orgs.addCommand(
    withPage(serverCommand('list', 'list organizations'))
      .addHelpText('after', examples('hookring orgs list'))
      .action(async (options: PageOptions) => {
        await run(options, async (session) => {
          const page = await session.call({ method: 'GET', path: '/organizations', query: pageQuery(options) });
          printPage(session, page, {
            columns: COLUMNS,
            empty: 'No organization yet. Create one: hookring orgs create <name>',
          });
        });
      }),
  );

  orgs.addCommand(
    serverCommand('show', 'show an organization')
      .argument('<organization>', 'its id')
      .addHelpText('after', examples('hookring orgs show org_…'))
      .action(async (id: string, options: object) => {
        await run(options, async (session) => {
          const organization = await session.call({ method: 'GET', path: '/organizations/{}', ids: [id] });
          session.print(organization, () => organizationFacts(organization));
        });
      }),
  );
}

function organizationFacts(organization: Json): string {
  return facts([
    ['id', text(organization, 'id')],
    ['external id', text(organization, 'externalId')],
    ['name', text(organization, 'name')],
    ['created', text(organization, 'createdAt')],
  ]);
}
