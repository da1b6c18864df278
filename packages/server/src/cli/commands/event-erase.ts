import type { Command } from 'commander';
import { usage } from '../exit.ts';
import type { Run } from '../run.ts';
import { serverCommand } from '../session.ts';

export function eventEraseCommand(run: Run): Command {
  return serverCommand('erase', 'erase the payload of an event for good, and what receivers answered')
    .argument('<event>', 'its id')
    .option('--yes', 'really: nobody can bring it back')
    .addHelpText(
      'after',
      `
The event, its deliveries and attempts stay, without the payload and without what receivers answered. An event that is
still owed is refused. Backups that were made before still hold it.

Example:
  hookring events erase evt_… --yes`,
    )
    .action(async (id: string, options: { readonly yes?: boolean }) => {
      await run(options, async (session) => {
        if (options.yes !== true) {
          throw usage(`nobody can bring back the payload of ${id} once it is erased`, 'Repeat the command with --yes.');
        }
        await session.call({ method: 'DELETE', path: '/events/{}/payload', ids: [id] });
        session.print({ id, erased: true }, () => `The payload of ${id} is erased.`);
      });
    });
}
