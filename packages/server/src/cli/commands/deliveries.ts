import { type Command, Option } from 'commander';
import { SHOWN_STATUSES } from '../../domain/delivery.ts';
import { asRecord, type Json, records, text } from '../json.ts';
import { printPage, withPage } from '../lists.ts';
import { type PageOptions, pageQuery } from '../options.ts';
import type { Run } from '../run.ts';
import { serverCommand } from '../session.ts';
import { type Column, facts, table } from '../table.ts';
import { deliveriesTailCommand } from './deliveries-tail.ts';
import { deliveriesResendCommand } from './resend.ts';

const COLUMNS: readonly Column<Json>[] = [
  { title: 'ID', text: (row) => text(row, 'id') },
  { title: 'STATUS', text: (row) => text(row, 'status') },
  { title: 'TRIES', text: (row) => text(row, 'attemptCount') },
  {
    title: 'LAST',
    text: (row) => (row['lastError'] === null ? text(row, 'lastResponseStatus') : text(row, 'lastError')),
  },
  { title: 'NEXT', text: (row) => text(row, 'nextAttemptAt') },
  { title: 'TYPE', text: (row) => text(row, 'eventType'), shrinks: true },
  { title: 'ENDPOINT', text: (row) => text(row, 'endpointId') },
];

const ATTEMPT_COLUMNS: readonly Column<Json>[] = [
  { title: 'TRY', text: (row) => text(row, 'number') },
  { title: 'STARTED', text: (row) => text(row, 'startedAt') },
  { title: 'STATUS', text: (row) => text(row, 'status') },
  { title: 'MS', text: (row) => text(asRecord(row['phases']), 'totalMs') },
  { title: 'SIGNED BY', text: (row) => text(row, 'keyIds') },
  { title: 'ERROR', text: errorText, shrinks: true },
];

type ListOptions = PageOptions & { readonly endpoint?: string; readonly event?: string; readonly status?: string };

export function deliveriesCommands(parent: Command, run: Run): void {
  const deliveries = parent.command('deliveries').description('events on their way to endpoints');
  deliveries.addCommand(
    withPage(serverCommand('list', 'list deliveries, newest first'))
      .option('--endpoint <id>', 'to this endpoint')
      .option('--event <id>', 'of this event')
      .addOption(new Option('--status <status>', 'in this status').choices(SHOWN_STATUSES))
      .addHelpText('after', '\nExample, what failed for good:\n  hookring deliveries list --status dead')
      .action(async (options: ListOptions) => {
        await run(options, async (session) => {
          const query = {
            endpointId: options.endpoint,
            eventId: options.event,
            status: options.status,
            ...pageQuery(options),
          };
          const page = await session.call({ method: 'GET', path: '/deliveries', query });
          printPage(session, page, {
            columns: COLUMNS,
            empty:
              'No such delivery. Events reach endpoints that were there when they were sent: hookring endpoints list',
          });
        });
      }),
  );
  deliveries.addCommand(
    serverCommand('show', 'show a delivery with its attempts')
      .argument('<delivery>', 'its id')
      .addHelpText('after', '\nExample:\n  hookring deliveries show dlv_…')
      .action(async (id: string, options: object) => {
        await run(options, async (session) => {
          const delivery = await session.call({ method: 'GET', path: '/deliveries/{}', ids: [id] });
          session.print(delivery, () => {
            const attempts = records(delivery['attempts']);
            const history = attempts.length === 0 ? 'No attempt yet.' : table(session.io, ATTEMPT_COLUMNS, attempts);
            return `${deliveryFacts(delivery)}\n\n${history}`;
          });
        });
      }),
  );
  deliveries.addCommand(deliveriesResendCommand(run));
  deliveries.addCommand(deliveriesTailCommand(run));
}

function deliveryFacts(delivery: Json): string {
  return facts([
    ['id', text(delivery, 'id')],
    ['event', `${text(delivery, 'eventId')} (${text(delivery, 'eventType')})`],
    ['endpoint', text(delivery, 'endpointId')],
    ['status', text(delivery, 'status')],
    ['why dead', text(delivery, 'deadReason')],
    ['next attempt', text(delivery, 'nextAttemptAt')],
    ['created', text(delivery, 'createdAt')],
    ['completed', text(delivery, 'completedAt')],
    ['resend of', text(delivery, 'resendOf')],
  ]);
}

function errorText(attempt: Json): string {
  if (attempt['error'] === null) return text(attempt, 'responseBody');
  const error = asRecord(attempt['error']);
  return `${text(error, 'kind')}: ${text(error, 'detail')}`;
}
