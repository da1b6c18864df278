import type { Command } from 'commander';
import { CommandFailure, EXIT, type ExitCode } from '../exit.ts';
import { type Json, text } from '../json.ts';
import type { Run } from '../run.ts';
import { noteWhenSent, type Session, serverCommand } from '../session.ts';
import { clean } from '../table.ts';

const SHOWN_MAX = 20;

type NotSent = { readonly id: string; readonly code: string; readonly detail: string };

/** `deliveries resend`: one delivery. */
export function deliveriesResendCommand(run: Run): Command {
  return serverCommand('resend', 'send the event of a delivery to its endpoint again')
    .argument('<delivery>', 'its id')
    .addHelpText('after', '\nExample:\n  hookring deliveries resend dlv_…\n\nSeveral at once: hookring resend')
    .action(async (id: string, options: object) => {
      await run(options, async (session) => {
        const made = await resend(session, id);
        session.print(made, () => text(made, 'id'));
        session.note(`It goes out as a delivery of its own; see hookring deliveries show ${text(made, 'id')}`);
        noteWhenSent(session);
      });
    });
}

/** `resend`: any number of them. One that cannot be sent again stops no other. */
export function resendCommand(run: Run): Command {
  return serverCommand('resend', 'send the events of deliveries to their endpoints again')
    .argument('<delivery...>', 'their ids')
    .addHelpText(
      'after',
      `
Prints the ids of the new deliveries. One that cannot be sent again stops no other; the exit code is 1 then.

Examples:
  hookring resend dlv_…
  hookring deliveries list --status dead --json | jq -r '.items[].id' | xargs -r hookring resend

All that an endpoint missed in a time: hookring recover`,
    )
    .action(async (ids: readonly string[], options: object) => {
      await run(options, (session) => resendAll(session, ids));
    });
}

async function resendAll(session: Session, ids: readonly string[]): Promise<void> {
  const items: Json[] = [];
  const failed: NotSent[] = [];
  let exitCode: ExitCode = EXIT.FAILED;
  for (const [index, id] of ids.entries()) {
    try {
      items.push(await resend(session, id));
    } catch (error) {
      // With nothing to tell beside it, it is told as what it is.
      if (!(error instanceof CommandFailure) || ids.length === 1) throw error;
      const { code = 'failed', detail } = error.facts;
      failed.push({ id, code, detail });
      if (isOfThisOne(error)) continue;
      if (items.length === 0 && failed.length === 1) throw error;
      // The server is gone, or the key: what was done until now is told.
      exitCode = error.facts.exitCode;
      failed.push(...ids.slice(index + 1).map((rest) => ({ id: rest, code: 'not_tried', detail: 'not tried' })));
      break;
    }
  }
  session.print({ items, failed }, () =>
    items.length === 0 ? 'None was sent again.' : items.map((made) => text(made, 'id')).join('\n'),
  );
  for (const { id, detail } of failed.slice(0, SHOWN_MAX)) session.note(`not sent: ${clean(id)}: ${clean(detail)}`);
  if (failed.length > SHOWN_MAX) session.note(`… and ${failed.length - SHOWN_MAX} more; --json tells all`);
  if (items.length > 0) noteWhenSent(session);
  if (failed.length > 0) session.fail(exitCode);
}

/** It is not there, is not for sending, or is no id at all: that says nothing of the others. */
function isOfThisOne({ facts: { status = null } }: CommandFailure): boolean {
  return status !== null && [400, 404, 409, 422].includes(status);
}

async function resend(session: Session, id: string): Promise<Json> {
  return await session.call({ method: 'POST', path: '/deliveries/{}/resend', ids: [id] });
}
