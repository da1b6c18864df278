import { type Command, Option } from 'commander';
import { textOrNull } from '../json.ts';
import { type Moment, manyOf, moment, momentText } from '../options.ts';
import { progressBar } from '../progress.ts';
import type { Run } from '../run.ts';
import { noteWhenSent, type Session, serverCommand } from '../session.ts';

/** Up to so many the server counts what is left. */
const COUNTED_MAX = 100_000;
const RECOVERABLE = ['dead', 'cancelled', 'succeeded'] as const;

type RecoverOptions = { readonly since: Moment; readonly until?: Moment; readonly status?: string[] };

/** `endpoints recover`, and at the top level for whoever is in a hurry. */
export function recoverCommand(run: Run, spelling: 'endpoints recover' | 'recover'): Command {
  return serverCommand('recover', 'send again what an endpoint missed')
    .argument('<endpoint>', 'its id')
    .addOption(
      new Option('--since <time>', 'from this time on, or from so long ago').argParser(moment).makeOptionMandatory(),
    )
    .addOption(new Option('--until <time>', 'up to this time').argParser(moment))
    .addOption(manyOf('--status <status>', 'repeat for several; dead and cancelled unless given', RECOVERABLE))
    .addHelpText(
      'after',
      `
Examples:
  hookring ${spelling} ep_… --since 3h                      (after an outage of three hours)
  hookring ${spelling} ep_… --since 2026-01-31T12:00:00Z --until 2026-01-31T15:00:00Z --status succeeded`,
    )
    .action(async (id: string, options: RecoverOptions) => {
      await run(options, (session) => recover(session, id, options));
    });
}

/** A recovery is done in steps that the server bounds; this walks them to the end. */
async function recover(session: Session, id: string, options: RecoverOptions): Promise<void> {
  const now = session.io.now();
  const since = momentText(options.since, now);
  const until = momentText(options.until ?? { kind: 'at', time: new Date(now).toISOString() }, now);
  const progress = progressBar(session.io, session.json, { label: 'Recovering' });
  let recovered = 0;
  let erased = 0;
  let cursor: string | null = null;
  try {
    do {
      const body = { since, until, statuses: options.status, ...(cursor === null ? {} : { cursor }) };
      const step = await session.call({ method: 'POST', path: '/endpoints/{}/recover', ids: [id], body });
      const ofStep = Number(step['recovered'] ?? 0);
      const remaining = Number(step['remaining'] ?? 0);
      recovered += ofStep;
      erased += Number(step['erased'] ?? 0);
      cursor = textOrNull(step, 'nextCursor');
      progress.show({ done: recovered, total: ofStep + remaining < COUNTED_MAX ? recovered + remaining : null });
    } while (cursor !== null);
  } finally {
    progress.end();
  }
  session.print({ endpointId: id, since, until, recovered, erased }, () =>
    recovered === 0 ? 'There was nothing to recover.' : `${recovered} deliveries will be sent again.`,
  );
  if (erased > 0) session.note(`Passed over, because the payload of their event was erased: ${erased}`);
  if (recovered > 0) noteWhenSent(session, 'they go');
}
