import { styleText } from 'node:util';
import { Command } from 'commander';
import { type Call, type Client, call } from './client.ts';
import { type Connection, type ConnectOptions, connect } from './connect.ts';
import { CommandFailure, EXIT, type ExitCode, type FailureFacts } from './exit.ts';
import { type Io, writeLine } from './io.ts';
import type { Json } from './json.ts';
import { clean } from './table.ts';

/** What the action of a command works with. */
export type Session = {
  readonly io: Io;
  readonly json: boolean;
  readonly client: Client;
  /** No server was found on this machine: the API is in this process. */
  readonly direct: boolean;
  /** No server runs: the API answers, and nothing is delivered. */
  readonly offline: boolean;
  call(request: Call): Promise<Json>;
  /** The one result of the command: a JSON document, or text for people. */
  print(document: unknown, human: () => string): void;
  /** Beside the result, for people only; goes to standard error. */
  note(text: string): void;
  /** It worked, and what it was asked to find out is bad news: exit code 1 unless another is given. */
  fail(exitCode?: ExitCode): void;
};

export type CommonOptions = ConnectOptions & { readonly json?: boolean };

/** A command that talks to a server, with the options that all of these have. */
export function serverCommand(name: string, summary: string): Command {
  return new Command(name)
    .description(summary)
    .option('--json', 'print exactly one JSON document')
    .option('--org <organization>', 'act for this organization: id or externalId')
    .option('--url <address>', 'the server, when it is not on this machine (HOOKRING_URL)')
    .option('--key <token>', 'the API key; better in HOOKRING_API_KEY, which other users cannot see')
    .option('--database-url <url>', 'the database of the server on this machine (HOOKRING_DATABASE_URL)');
}

export type Report = { exitCode: number };

/** Runs an action with a connection and turns what it throws into a message and an exit code. */
export async function withSession(
  io: Io,
  report: Report,
  options: CommonOptions,
  action: (session: Session) => Promise<void>,
): Promise<void> {
  await guarded(io, report, options.json === true, async () => {
    const connection = await connect(io, options);
    try {
      await action(openSession(io, report, options.json === true, connection));
    } finally {
      await connection.close();
    }
  });
}

function openSession(io: Io, report: Report, json: boolean, connection: Connection): Session {
  const { client, direct, offline } = connection;
  return {
    io,
    json,
    client,
    direct,
    offline,
    call: (request) => call(client, request),
    print: (document, human) => writeLine(io.stdout, json ? JSON.stringify(document, null, 2) : human()),
    note: (text) => {
      if (!json) writeLine(io.stderr, text);
    },
    fail: (exitCode = EXIT.FAILED) => {
      report.exitCode = exitCode;
    },
  };
}

/** When what was put into the queue goes out, unless a server of this machine has it already. */
export function noteWhenSent(session: Session, what: 'it goes' | 'they go' = 'it goes'): void {
  if (session.offline) {
    session.note(`No server runs: ${what} out when one starts.`);
  } else if (session.direct) {
    const who = 'one elsewhere on this database, or when one starts';
    session.note(`No server runs on this machine: ${what} out by ${who}.`);
  }
}

export async function guarded(io: Io, report: Report, json: boolean, action: () => Promise<void>): Promise<void> {
  try {
    await action();
  } catch (error) {
    if (!(error instanceof CommandFailure)) throw error;
    report.exitCode = error.facts.exitCode;
    tellFailure(io, json, error);
  }
}

/** As JSON it is one line, so that it may also end a stream of lines. */
export function tellFailure(io: Io, json: boolean, { facts }: CommandFailure): void {
  if (json) writeLine(io.stdout, JSON.stringify({ error: documentOf(facts) }));
  else writeLine(io.stderr, textOf(io, facts));
}

function documentOf(facts: FailureFacts): Json {
  const { detail, code = 'failed', status = null, requestId = null, errors = [], hint = null } = facts;
  return { code, detail, status, requestId, errors, hint };
}

function textOf(io: Io, facts: FailureFacts): string {
  const { detail, errors = [], requestId = null, hint = null } = facts;
  const isColored = io.color && io.liveErrors;
  const label = isColored ? styleText('red', 'error:', { validateStream: false }) : 'error:';
  const lines = [`${label} ${clean(detail)}`];
  // One fault that the sentence has told already needs no line of its own.
  const isTold = errors.length === 1 && detail.endsWith(errors[0]?.detail ?? '');
  for (const row of isTold ? [] : errors) {
    // A configuration problem names its variable itself.
    const where = facts.exitCode === EXIT.USAGE || row.pointer === '' ? '' : `${row.pointer}: `;
    lines.push(`  - ${clean(`${where}${row.detail}`)}`);
  }
  if (hint !== null) lines.push(`hint: ${hint}`);
  if (requestId !== null) lines.push(`request: ${clean(requestId)}`);
  return lines.join('\n');
}
