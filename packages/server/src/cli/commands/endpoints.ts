import { type Command, Option } from 'commander';
import { asRecord, type Json, text } from '../json.ts';
import { printPage, withPage } from '../lists.ts';
import {
  collect,
  collectPair,
  duration,
  examples,
  type PageOptions,
  pageQuery,
  pairs,
  wholeNumber,
} from '../options.ts';
import type { Run } from '../run.ts';
import { serverCommand } from '../session.ts';
import { type Column, facts } from '../table.ts';
import { recoverCommand } from './endpoint-recover.ts';

const COLUMNS: readonly Column<Json>[] = [
  { title: 'ID', text: (row) => text(row, 'id') },
  { title: 'STATUS', text: statusText },
  { title: 'FAILURES', text: (row) => text(row, 'consecutiveFailures') },
  { title: 'LAST SUCCESS', text: (row) => text(row, 'lastSuccessAt') },
  { title: 'EVENTS', text: (row) => eventTypesText(row), shrinks: true },
  { title: 'URL', text: (row) => text(row, 'url'), shrinks: true },
];

type SettingOptions = {
  readonly events?: string[];
  readonly description?: string;
  readonly header?: string[];
  readonly metadata?: string[];
  readonly retrySchedule?: string;
  readonly sendDeadline?: number;
  readonly concurrency?: number;
  readonly rate?: number;
};

export function endpointsCommands(parent: Command, run: Run): void {
  const endpoints = parent.command('endpoints').description('URLs that events are delivered to');
  endpoints.addCommand(createCommand(run));
  endpoints.addCommand(
    withPage(serverCommand('list', 'list endpoints'))
      .addHelpText(
        'after',
        examples('hookring endpoints list', 'hookring endpoints list --org customer-4711 --limit 200'),
      )
      .action(async (options: PageOptions) => {
        await run(options, async (session) => {
          const page = await session.call({ method: 'GET', path: '/endpoints', query: pageQuery(options) });
          printPage(session, page, {
            columns: COLUMNS,
            empty:
              'No endpoint yet. Create one: hookring endpoints create https://example.com/hooks\nOr receive on this machine: hookring listen',
          });
        });
      }),
  );
  endpoints.addCommand(
    serverCommand('show', 'show an endpoint')
      .argument('<endpoint>', 'its id')
      .addHelpText('after', examples('hookring endpoints show ep_…'))
      .action(async (id: string, options: object) => {
        await run(options, async (session) => {
          const endpoint = await session.call({ method: 'GET', path: '/endpoints/{}', ids: [id] });
          session.print(endpoint, () => endpointFacts(endpoint));
        });
      }),
  );
  endpoints.addCommand(updateCommand(run));
  endpoints.addCommand(
    statusCommand(run, 'suspend', 'suspended', 'stop sending to an endpoint; its deliveries are held'),
  );
  endpoints.addCommand(
    statusCommand(run, 'resume', 'active', 'send to a suspended endpoint again, held deliveries first'),
  );
  endpoints.addCommand(archiveCommand(run));
  endpoints.addCommand(testCommand(run));
  endpoints.addCommand(recoverCommand(run, 'endpoints recover'));
}

function withSettings(command: Command): Command {
  return command
    .option('--events <type>', 'an event type it wants; repeat for several, prefixes such as invoice.* too', collect)
    .option('--description <text>', 'what it is for')
    .option(
      '--header <name=value>',
      'a header of every delivery; repeat for several, an empty value removes it',
      collectPair,
    )
    .option('--metadata <name=value>', 'a note of yours; repeat for several, an empty value removes it', collectPair)
    .option('--retry-schedule <seconds>', 'seconds before each retry, separated by commas')
    .option('--send-deadline <time>', 'how long one attempt may take: 10s', duration)
    .option('--concurrency <number>', 'requests at the same time', wholeNumber)
    .option('--rate <number>', 'attempts per second', wholeNumber);
}

function settingsBody(options: SettingOptions): Json {
  return {
    eventTypes: options.events?.includes('*') === true ? null : options.events,
    description: options.description,
    headers: options.header === undefined ? undefined : pairs(options.header),
    metadata: options.metadata === undefined ? undefined : pairs(options.metadata),
    retrySchedule: options.retrySchedule?.split(',').map((entry) => Number(entry.trim())),
    sendDeadlineSeconds: options.sendDeadline,
    concurrency: options.concurrency,
    ratePerSecond: options.rate,
  };
}

function createCommand(run: Run): Command {
  return withSettings(serverCommand('create', 'create an endpoint and print its first secret, once'))
    .argument('<target>', 'the URL that deliveries are posted to')
    .addOption(new Option('--keyring <ring>', 'whose secrets sign').choices(['own', 'organization']))
    .addOption(new Option('--algorithm <name>', 'of its secret').choices(['hmac-sha256', 'ed25519']))
    .addHelpText(
      'after',
      `
Examples:
  hookring endpoints create https://example.com/hooks --events invoice.paid --events "customer.*"
  hookring endpoints create http://localhost:3000/hooks       (the server must allow private addresses)`,
    )
    .action(async (target: string, options: SettingOptions & { keyring?: string; algorithm?: string }) => {
      await run(options, async (session) => {
        const { keyring, algorithm } = options;
        const body = { url: target, ...settingsBody(options), keyring, algorithm };
        const created = await session.call({ method: 'POST', path: '/endpoints', body });
        const endpoint = asRecord(created['endpoint']);
        const secret = asRecord(created['secret']);
        session.print(created, () =>
          facts([
            ['id', text(endpoint, 'id')],
            ['url', text(endpoint, 'url')],
            ['events', eventTypesText(endpoint)],
            ['secret', created['secret'] === null ? "the organization's" : text(secret, 'value')],
          ]),
        );
        session.note(`\nThe secret is shown only now. Try it: hookring endpoints test ${text(endpoint, 'id')}`);
      });
    });
}

function updateCommand(run: Run): Command {
  return withSettings(serverCommand('update', 'change an endpoint; what is not named stays'))
    .argument('<endpoint>', 'its id')
    .option('--target <url>', 'post deliveries to this URL from now on')
    .addHelpText('after', '\nExample:\n  hookring endpoints update ep_… --events "*" --concurrency 8')
    .action(async (id: string, options: SettingOptions & { target?: string }) => {
      await run(options, async (session) => {
        const body = { url: options.target, ...settingsBody(options) };
        const endpoint = await session.call({ method: 'PATCH', path: '/endpoints/{}', ids: [id], body });
        session.print(endpoint, () => endpointFacts(endpoint));
      });
    });
}

function statusCommand(run: Run, name: string, status: string, summary: string): Command {
  return serverCommand(name, summary)
    .argument('<endpoint>', 'its id')
    .addHelpText('after', examples(`hookring endpoints ${name} ep_…`))
    .action(async (id: string, options: object) => {
      await run(options, async (session) => {
        const endpoint = await session.call({ method: 'PATCH', path: '/endpoints/{}', ids: [id], body: { status } });
        session.print(endpoint, () => `${text(endpoint, 'id')} is ${statusText(endpoint)}.`);
      });
    });
}

function archiveCommand(run: Run): Command {
  return serverCommand('archive', 'end an endpoint for ever; what it is still owed is cancelled')
    .argument('<endpoint>', 'its id')
    .addHelpText('after', examples('hookring endpoints archive ep_…'))
    .action(async (id: string, options: object) => {
      await run(options, async (session) => {
        await session.call({ method: 'DELETE', path: '/endpoints/{}', ids: [id] });
        session.print({ id, status: 'archived' }, () => `${id} is archived.`);
      });
    });
}

function testCommand(run: Run): Command {
  return serverCommand('test', 'send a signed test event now and show what the receiver says')
    .argument('<endpoint>', 'its id; also while it is suspended')
    .addHelpText(
      'after',
      `\nThe exit code is 1 when the receiver did not answer 2xx.\n${examples('hookring endpoints test ep_…')}`,
    )
    .action(async (id: string, options: object) => {
      await run(options, async (session) => {
        const result = await session.call({ method: 'POST', path: '/endpoints/{}/test', ids: [id], body: {} });
        const error = asRecord(result['error']);
        session.print(result, () =>
          facts([
            ['delivered', result['delivered'] === true ? 'yes' : 'no'],
            ['status', text(result, 'status')],
            ['error', result['error'] === null ? '-' : `${text(error, 'kind')}: ${text(error, 'detail')}`],
            ['latency', `${text(result, 'latencyMs')} ms`],
            ['signed by', text(result, 'keyIds')],
            ['answer', text(result, 'responseBody')],
          ]),
        );
        if (result['delivered'] !== true) session.fail();
      });
    });
}

function endpointFacts(endpoint: Json): string {
  return facts([
    ['id', text(endpoint, 'id')],
    ['organization', text(endpoint, 'organizationId')],
    ['url', text(endpoint, 'url')],
    ['status', statusText(endpoint)],
    ['events', eventTypesText(endpoint)],
    ['description', text(endpoint, 'description')],
    ['failures in a row', text(endpoint, 'consecutiveFailures')],
    ['last success', text(endpoint, 'lastSuccessAt')],
    ['last failure', text(endpoint, 'lastFailureAt')],
    ['keyring', text(endpoint, 'keyring')],
    ['retry schedule', text(endpoint, 'retrySchedule')],
    ['metadata', text(endpoint, 'metadata')],
    ['created', text(endpoint, 'createdAt')],
    ['updated', text(endpoint, 'updatedAt')],
  ]);
}

function statusText(endpoint: Json): string {
  const reason = endpoint['suspendedReason'];
  return typeof reason === 'string' ? `${text(endpoint, 'status')} (${reason})` : text(endpoint, 'status');
}

function eventTypesText(endpoint: Json): string {
  return endpoint['eventTypes'] === null ? 'all' : text(endpoint, 'eventTypes');
}
