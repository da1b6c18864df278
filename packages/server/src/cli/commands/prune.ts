import { type Command, Option } from 'commander';
import { type Json, text, textOrNull } from '../json.ts';
import { type Moment, moment, momentText } from '../options.ts';
import { progressBar } from '../progress.ts';
import type { Run } from '../run.ts';
import { type Session, serverCommand } from '../session.ts';

type PruneOptions = { readonly olderThan?: Moment; readonly dryRun?: boolean };

type Removed = { readonly events: number; readonly deliveries: number; readonly attempts: number };

export function pruneCommand(run: Run): Command {
  return serverCommand('prune', 'remove old events with their deliveries and attempts, of all organizations')
    .addOption(
      new Option(
        '--older-than <age>',
        'events this old, or accepted before a time; a day at least (the configured retention)',
      ).argParser(moment),
    )
    .option('--dry-run', 'only count')
    .addHelpText(
      'after',
      `
Never an event that is still owed, nor one whose id its sender cannot use again yet (7 days). A server removes what is past
HOOKRING_RETENTION_DAYS by itself: this is for once in a while. It can be stopped and started again at any time.

Examples:
  hookring prune --older-than 14d --dry-run
  hookring prune --older-than 2026-01-31T00:00:00Z`,
    )
    .action(async (options: PruneOptions) => {
      await run(options, (session) => prune(session, options));
    });
}

/** A run is done in steps that the server bounds; this walks them to the end. */
async function prune(session: Session, { olderThan, dryRun = false }: PruneOptions): Promise<void> {
  const cutoff = olderThan === undefined ? {} : { before: momentText(olderThan, session.io.now()) };
  const given: Json = { dryRun, ...cutoff };
  const progress = progressBar(session.io, session.json, { label: dryRun ? 'Counting events' : 'Removing events' });
  let removed: Removed = { events: 0, deliveries: 0, attempts: 0 };
  let before = '';
  let cursor: string | null = null;
  try {
    do {
      const body: Json = cursor === null ? given : { ...given, cursor };
      const step = await session.call({ method: 'POST', path: '/maintenance/prune', body });
      removed = sum(removed, step['removed']);
      before = text(step, 'before');
      cursor = textOrNull(step, 'nextCursor');
      progress.show({ done: removed.events, total: null });
    } while (cursor !== null);
  } finally {
    progress.end();
  }
  session.print({ before, dryRun, removed }, () => sentence(removed, before, dryRun));
  if (!dryRun && removed.events > 0) {
    session.note(
      'A file of SQLite keeps its size: the room inside is used again, and counts as free once the disk is low.',
    );
  }
}

function sum(one: Removed, step: unknown): Removed {
  const other = step as Partial<Removed> | undefined; // An answer of the server; what is not there counts as none.
  return {
    events: one.events + (other?.events ?? 0),
    deliveries: one.deliveries + (other?.deliveries ?? 0),
    attempts: one.attempts + (other?.attempts ?? 0),
  };
}

function sentence({ events, deliveries, attempts }: Removed, before: string, dryRun: boolean): string {
  if (events === 0) return `Nothing to remove: no event from before ${before} can go.`;
  const what = `${counted(deliveries, 'delivery', 'deliveries')} and ${counted(attempts, 'attempt', 'attempts')}`;
  const rows = `${counted(events, 'event', 'events')} from before ${before}, with ${what}`;
  return dryRun ? `Would remove ${rows}.` : `Removed ${rows}.`;
}

function counted(count: number, one: string, many: string): string {
  return `${count} ${count === 1 ? one : many}`;
}
