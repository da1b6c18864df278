import { type Command, Option } from 'commander';
import { textOrNull } from '../json.ts';
import { collect, type Moment, moment, momentText } from '../options.ts';
import { progressLine } from '../progress.ts';
import type { Run } from '../run.ts';
import { serverCommand } from '../session.ts';

type RecoverOptions = { readonly since: Moment; readonly until?: Moment; readonly status?: string[] };

/** A recovery is done in steps that the server bounds; this command walks them to the end. */
export function endpointRecoverCommand(run: Run): Command {
  return serverCommand('recover', 'send again what an endpoint missed')
    .argument('<endpoint>', 'its id')
    .addOption(
      new Option('--since <time>', 'from this time on, or from so long ago').argParser(moment).makeOptionMandatory(),
    )
    .addOption(new Option('--until <time>', 'up to this time').argParser(moment))
    .option(
      '--status <status>',
      'dead, cancelled or succeeded; repeat for several (dead and cancelled unless given)',
      collect,
    )
    .addHelpText('after', '\nExample, after an outage of three hours:\n  hookring endpoints recover ep_… --since 3h')
    .action(async (id: string, options: RecoverOptions) => {
      await run(options, async (session) => {
        const progress = progressLine(session.io, session.json);
        const now = session.io.now();
        const since = momentText(options.since, now);
        const until = momentText(options.until ?? { kind: 'at', time: new Date(now).toISOString() }, now);
        let recovered = 0;
        let cursor: string | null = null;
        do {
          const body = { since, until, statuses: options.status, ...(cursor === null ? {} : { cursor }) };
          const step = await session.call({ method: 'POST', path: '/endpoints/{}/recover', ids: [id], body });
          recovered += Number(step['recovered'] ?? 0);
          cursor = textOrNull(step, 'nextCursor');
          progress.show(`${recovered} deliveries recovered, ${Number(step['remaining'] ?? 0)} to go`);
        } while (cursor !== null);
        progress.end();
        session.print({ endpointId: id, since, until, recovered }, () =>
          recovered === 0 ? 'There was nothing to recover.' : `${recovered} deliveries will be sent again.`,
        );
      });
    });
}
