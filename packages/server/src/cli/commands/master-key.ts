import type { Command } from 'commander';
import { type Json, text, textOrNull } from '../json.ts';
import { examples } from '../options.ts';
import { progressBar } from '../progress.ts';
import type { Run } from '../run.ts';
import { type Session, serverCommand } from '../session.ts';
import { facts } from '../table.ts';

export function masterKeyCommands(parent: Command, run: Run): void {
  const masterKey = parent.command('master-key').description('the keys that seal the signing secrets at rest');
  masterKey.addCommand(
    serverCommand('status', 'show which master keys the server has')
      .addHelpText('after', examples('hookring master-key status'))
      .action(async (options: object) => {
        await run(options, async (session) => {
          const status = await session.call({ method: 'GET', path: '/master-key' });
          session.print(status, () => statusFacts(status));
        });
      }),
  );
  masterKey.addCommand(
    serverCommand('rotate', 'seal everything under a new master key')
      .addHelpText(
        'after',
        `
A generated key: one command does it all, and the old key is dropped at the end.
A configured one (HOOKRING_MASTER_KEY): put the new key first, keep the old one behind it, restart, run this command,
then remove the old one: HOOKRING_MASTER_KEY=new:…,old:…

It can be stopped and started again at any time.

Example:
  hookring master-key rotate`,
      )
      .action(async (options: object) => {
        await run(options, rotateMasterKey);
      }),
  );
}

async function rotateMasterKey(session: Session): Promise<void> {
  await session.call({ method: 'POST', path: '/master-key/rotate' });
  const resealed = await resealAll(session);
  const status = await session.call({ method: 'POST', path: '/master-key/finish' });
  session.print({ ...status, resealed }, () => `${statusFacts(status)}\nsealed again  ${resealed}`);
  if (status['source'] === 'configured') {
    session.note('Nothing is sealed under the older keys any more: remove them from HOOKRING_MASTER_KEY.');
  }
}

/** How much there is, nobody has counted. */
async function resealAll(session: Session): Promise<number> {
  const progress = progressBar(session.io, session.json, { label: 'Sealing again' });
  let resealed = 0;
  let cursor: string | null = null;
  try {
    do {
      const body: Json = cursor === null ? {} : { cursor };
      const step = await session.call({ method: 'POST', path: '/master-key/reseal', body });
      resealed += Number(step['resealed'] ?? 0);
      cursor = textOrNull(step, 'nextCursor');
      progress.show({ done: resealed, total: null });
    } while (cursor !== null);
  } finally {
    progress.end();
  }
  return resealed;
}

function statusFacts(status: Json): string {
  return facts([
    ['seals', text({ first: Array.isArray(status['keyIds']) ? status['keyIds'][0] : null }, 'first')],
    ['opens', text(status, 'keyIds')],
    ['source', status['source'] === 'generated' ? 'generated, in a file beside the database' : 'HOOKRING_MASTER_KEY'],
  ]);
}
