import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { type Command, Option } from 'commander';
import { suggest } from '../completion/suggest.ts';
import { usage } from '../exit.ts';
import { readStdin } from '../io.ts';
import { type Json, text } from '../json.ts';
import { printPage, withPage } from '../lists.ts';
import { examples, type PageOptions, pageQuery } from '../options.ts';
import type { Run } from '../run.ts';
import { noteWhenSent, type Session, serverCommand } from '../session.ts';
import { type Column, facts } from '../table.ts';
import { eventEraseCommand } from './event-erase.ts';

const COLUMNS: readonly Column<Json>[] = [
  { title: 'ID', text: (row) => text(row, 'id') },
  { title: 'TYPE', text: (row) => text(row, 'type'), shrinks: true },
  { title: 'BYTES', text: (row) => text(row, 'payloadBytes') },
  { title: 'ACCEPTED', text: (row) => text(row, 'createdAt') },
];

type SendOptions = {
  readonly file?: string;
  readonly id?: string;
  readonly occurredAt?: string;
  readonly raw?: boolean;
  readonly contentType?: string;
  readonly idempotencyKey?: string;
};

export function sendCommand(run: Run): Command {
  return serverCommand('send', 'send an event to every endpoint that wants its type')
    .argument('<type>', 'for example invoice.paid')
    .argument('[payload]', 'JSON; - or nothing reads standard input')
    .addOption(suggest(new Option('--file <path>', 'read the payload from a file'), 'files'))
    .option('--id <id>', 'an id of your own: the same one is accepted once in 7 days')
    .option('--occurred-at <time>', 'when it happened; now unless given')
    .option('--raw', 'deliver these bytes as they are, JSON or not')
    .option('--content-type <type>', 'of raw bytes', 'application/octet-stream')
    .option('--idempotency-key <key>', 'makes repeating this command safe')
    .addHelpText(
      'after',
      `
Examples:
  hookring send invoice.paid '{"invoice":"in_42","amount":1900}'
  hookring send report.ready --file report.json
  printf '<note/>' | hookring send note.created --raw --content-type application/xml

See where it went: hookring deliveries list --event <id>`,
    )
    .action(async (type: string, payload: string | undefined, options: SendOptions) => {
      await run(options, async (session) => {
        const bytes = await payloadBytes(session, payload, options.file);
        const sent = await session.call({
          method: 'POST',
          path: '/events',
          ...(options.raw === true ? rawRequest(type, bytes, options) : jsonRequest(type, bytes, options)),
          idempotencyKey: options.idempotencyKey,
        });
        session.print(sent, () => text(sent, 'id'));
        noteWhenSent(session);
        session.note(
          `The event is accepted and stored. See where it goes: hookring deliveries list --event ${text(sent, 'id')}`,
        );
      });
    });
}

async function payloadBytes(session: Session, payload: string | undefined, file: string | undefined): Promise<Buffer> {
  if (file !== undefined && payload !== undefined) throw usage('give the payload or --file, not both');
  if (file !== undefined) {
    const bytes = await readFile(resolve(session.io.cwd, file)).catch(() => null);
    if (bytes === null) throw usage(`cannot read ${file}`);
    return bytes;
  }
  if (payload !== undefined && payload !== '-') return Buffer.from(payload);
  if (session.io.stdin.isTTY === true) throw usage('there is no payload', 'Write it behind the type, or pipe it in.');
  const bytes = await readStdin(session.io);
  if (bytes === null) throw usage('standard input is longer than any event may be');
  return bytes;
}

/** The payload's bytes go in as they were written: parsing and writing them again could change its numbers. */
function jsonRequest(type: string, payload: Buffer, options: SendOptions): { body: Buffer } {
  try {
    JSON.parse(payload.toString('utf8'));
  } catch (error) {
    const why = error instanceof Error ? error.message : 'unreadable';
    throw usage(`the payload is not JSON: ${why}`, 'Quote it for the shell, or send bytes as they are with --raw.');
  }
  const members = JSON.stringify({ type, id: options.id, occurredAt: options.occurredAt });
  return { body: Buffer.concat([Buffer.from(`${members.slice(0, -1)},"payload":`), payload, Buffer.from('}')]) };
}

function rawRequest(type: string, body: Buffer, options: SendOptions) {
  const query = { type, raw: true, id: options.id, occurredAt: options.occurredAt };
  return { body, query, contentType: options.contentType ?? 'application/octet-stream' };
}

export function eventsCommands(parent: Command, run: Run): void {
  const events = parent.command('events').description('what was sent in');
  events.addCommand(
    withPage(serverCommand('list', 'list events, newest first'))
      .addHelpText('after', examples('hookring events list --limit 5'))
      .action(async (options: PageOptions) => {
        await run(options, async (session) => {
          const page = await session.call({ method: 'GET', path: '/events', query: pageQuery(options) });
          printPage(session, page, {
            columns: COLUMNS,
            empty: "No event yet. Send one: hookring send test.event '{}'",
          });
        });
      }),
  );
  events.addCommand(
    serverCommand('show', 'show an event with its payload')
      .argument('<event>', 'its id')
      .addHelpText('after', examples('hookring events show evt_…', 'hookring events show evt_… --json | jq .payload'))
      .action(async (id: string, options: object) => {
        await run(options, async (session) => {
          const event = await session.call({ method: 'GET', path: '/events/{}', ids: [id] });
          session.print(event, () =>
            facts([
              ['id', text(event, 'id')],
              ['type', text(event, 'type')],
              ['occurred', text(event, 'occurredAt')],
              ['accepted', text(event, 'createdAt')],
              ['payload', shownPayload(event)],
            ]),
          );
        });
      }),
  );
  events.addCommand(eventEraseCommand(run));
}

function shownPayload(event: Json): string {
  if (typeof event['payloadErasedAt'] === 'string') return `erased ${text(event, 'payloadErasedAt')}`;
  return event['payloadBase64'] === null ? JSON.stringify(event['payload']) : text(event, 'payloadBase64');
}
