import { once } from 'node:events';
import { styleText } from 'node:util';
import { type Command, Option } from 'commander';
import { call } from '../client.ts';
import { type ConnectOptions, findServer } from '../connect.ts';
import { CommandFailure, EXIT } from '../exit.ts';
import { follow } from '../follow.ts';
import type { Io } from '../io.ts';
import { asRecord, type Json, text, textOrNull } from '../json.ts';
import { wholeNumber } from '../options.ts';
import type { Run } from '../run.ts';
import { type Session, serverCommand } from '../session.ts';
import { clean, fit, width } from '../table.ts';
import { nextSignal } from './serve.ts';

const LINES_DEFAULT = 10;
const LINES_MAX = 200;
const PAGE_ITEMS = 200;

const ATTEMPT_RESULTS = ['succeeded', 'retrying', 'dead'] as const;
const COLORS = { succeeded: 'green', retrying: 'yellow', dead: 'red' } as const;

type TailOptions = ConnectOptions & {
  readonly endpoint?: string;
  readonly status?: string;
  readonly eventType?: string;
  readonly lines?: number;
};

export function deliveriesTailCommand(run: Run): Command {
  return serverCommand('tail', 'follow the attempts as they happen, until Ctrl-C')
    .option('--endpoint <id>', 'at this endpoint')
    .addOption(new Option('--status <status>', 'what became of the delivery').choices(ATTEMPT_RESULTS))
    .option('--event-type <type>', 'of events of exactly this type')
    .option('--lines <number>', `so many of the last ones first, at most ${LINES_MAX}`, wholeNumber, LINES_DEFAULT)
    .addHelpText(
      'after',
      `
Each attempt is a line, in the order in which the server stored it. It goes on where it was when the server was away.
With --json each line is a JSON document of its own, with everything that the API tells of an attempt.

Examples:
  hookring deliveries tail --status dead
  hookring deliveries tail --endpoint ep_… --lines 0
  hookring deliveries tail --json | jq -r 'select(.error != null) | .endpointHost'`,
    )
    .action(async (options: TailOptions) => {
      await run(options, (session) => tail(session, options));
    });
}

async function tail(session: Session, options: TailOptions): Promise<void> {
  if (session.offline) {
    throw new CommandFailure({
      detail: 'no server runs on this database, so nothing happens that could be followed',
      exitCode: EXIT.UNREACHABLE,
      code: 'unreachable',
      hint: 'Start one in another terminal: hookring serve. What happened before: hookring deliveries list',
    });
  }
  const { io } = session;
  const lines = Math.min(options.lines ?? LINES_DEFAULT, LINES_MAX);
  const stopping = nextSignal({ withParent: (io.env['npm_lifecycle_event'] ?? '') !== '' });
  const end = new AbortController();
  const stop = (): void => end.abort();
  void stopping.signal.then(stop);
  // A reader such as `head` has seen enough.
  io.stdout.once('error', stop).once('close', stop);
  const query = { endpointId: options.endpoint, eventType: options.eventType, deliveryStatus: options.status };
  let client = session.client;
  let isFirst = true;
  const writer = createWriter(session, end.signal);
  try {
    await follow({
      stopped: end.signal,
      page: async (cursor) => {
        const paged = {
          ...query,
          ...(cursor === null ? { limit: Math.max(lines, 1) } : { cursor, limit: PAGE_ITEMS }),
        };
        const fetch = (request: Request): Promise<Response> =>
          client.fetch(new Request(request, { signal: AbortSignal.any([request.signal, end.signal]) }));
        return await call({ ...client, fetch }, { method: 'GET', path: '/attempts/follow', query: paged });
      },
      show: async (items) => {
        // The place to go on from comes with at least one item.
        const shown = isFirst && lines === 0 ? [] : items;
        if (isFirst) writer.begin(shown.length === 0);
        isFirst = false;
        await writer.write(shown);
      },
      reconnect: async () => {
        const found = await findServer(io, options);
        if (found === null) return false;
        const hasChanged = found.url !== client.url || found.token !== client.token;
        client = found;
        return hasChanged;
      },
      lost: ({ facts }) => session.note(`… ${clean(facts.detail)}; waiting for it`),
      found: () => session.note('… it is back'),
    });
  } finally {
    stopping.forget();
    io.stdout.off('error', stop).off('close', stop);
  }
}

type Writer = { begin(isEmpty: boolean): void; write(items: readonly Json[]): Promise<void> };

function createWriter(session: Session, stopped: AbortSignal): Writer {
  const { io, json } = session;
  const line = json ? (item: Json) => JSON.stringify(item) : createLines(io);
  return {
    begin(isEmpty) {
      if (isEmpty) session.note('Waiting for attempts; stop with Ctrl-C.');
    },
    async write(items) {
      for (const item of items) {
        if (stopped.aborted) return;
        if (io.stdout.write(`${line(item)}\n`)) continue;
        await once(io.stdout, 'drain', { signal: stopped }).catch(() => undefined);
      }
    },
  };
}

const GAP = '  ';
const HOST_LENGTH_MAX = 40;
const TYPE_LENGTH_MAX = 32;

/** Columns of what was seen so far: they may only grow, for what is written stands. */
function createLines(io: Pick<Io, 'columns' | 'color'>): (attempt: Json) => string {
  const widths = { host: 16, type: 12 };
  return (attempt) => {
    const host = clean(text(attempt, 'endpointHost'));
    const type = clean(text(attempt, 'eventType'));
    widths.host = Math.min(HOST_LENGTH_MAX, Math.max(widths.host, width(host)));
    widths.type = Math.min(TYPE_LENGTH_MAX, Math.max(widths.type, width(type)));
    const totalMs = Number(asRecord(attempt['phases'])['totalMs'] ?? 0);
    const result = text(attempt, 'deliveryStatus');
    const start = `${text(attempt, 'startedAt')}${GAP}${text(attempt, 'status').padStart(3)}${GAP}`;
    const rest = [
      `${Math.round(totalMs)} ms`.padStart(8),
      grown(host, widths.host),
      grown(type, widths.type),
      text(attempt, 'deliveryId'),
      clean(errorOf(attempt)),
    ];
    const shown = `${result.padEnd(9)}${GAP}${rest.join(GAP)}`;
    const room = io.columns === null ? null : io.columns - start.length;
    const cut = (room === null || width(shown) <= room ? shown : fit(shown, Math.max(1, room))).trimEnd();
    return (
      start +
      (io.color && isResult(result)
        ? cut.replace(result, styleText(COLORS[result], result, { validateStream: false }))
        : cut)
    );
  };
}

/** Ids and errors behind it matter more than a straight column: what is longer than the column stays whole. */
function grown(value: string, length: number): string {
  return value + ' '.repeat(Math.max(0, length - width(value)));
}

function isResult(result: string): result is keyof typeof COLORS {
  return Object.hasOwn(COLORS, result);
}

function errorOf(attempt: Json): string {
  const error = asRecord(attempt['error']);
  const kind = textOrNull(error, 'kind');
  const detail = textOrNull(error, 'detail');
  if (kind !== null) return detail === null ? kind : `${kind}: ${detail}`;
  return attempt['outcome'] === 'failed' ? (textOrNull(attempt, 'responseBody')?.slice(0, 200) ?? '') : '';
}
