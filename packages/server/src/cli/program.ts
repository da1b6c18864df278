import { Command, CommanderError } from 'commander';
import { nearest } from '../config/nearest.ts';
import { readVersion } from '../config/version.ts';
import { auditCommand } from './commands/audit.ts';
import { backupCommand } from './commands/backup.ts';
import { completionCommand } from './commands/completion.ts';
import { configCommand } from './commands/config.ts';
import { deliveriesCommands } from './commands/deliveries.ts';
import { dialectsCommand } from './commands/dialects.ts';
import { doctorCommand } from './commands/doctor.ts';
import { recoverCommand } from './commands/endpoint-recover.ts';
import { endpointsCommands } from './commands/endpoints.ts';
import { eventsCommands, sendCommand } from './commands/events.ts';
import { keysCommands } from './commands/keys.ts';
import { listenCommand } from './commands/listen.ts';
import { masterKeyCommands } from './commands/master-key.ts';
import { migrateStoreCommand } from './commands/migrate-store.ts';
import { openapiCommand } from './commands/openapi.ts';
import { orgsCommands } from './commands/orgs.ts';
import { pruneCommand } from './commands/prune.ts';
import { resendCommand } from './commands/resend.ts';
import { restoreCommand } from './commands/restore.ts';
import { rotateCommand, secretsCommands } from './commands/rotate.ts';
import { serveCommand } from './commands/serve.ts';
import { type CommandFailure, EXIT, usage } from './exit.ts';
import type { Io } from './io.ts';
import { createRun } from './run.ts';
import { type Report, tellFailure } from './session.ts';

const HELP = `
First steps:
  hookring serve                                     start a server on this machine
  hookring endpoints create https://example.com/hook
  hookring send invoice.paid '{"amount":1900}'
  hookring deliveries list
  hookring rotate <endpoint> --grace 24h             a new signing secret, the old one signs on for a day

Commands find the server of this machine by themselves; HOOKRING_URL and HOOKRING_API_KEY name another.

Exit codes: 0 done, 1 refused or failed, 2 usage or configuration, 3 no server, 4 not allowed, 5 not found`;

/** Runs one command line and answers the exit code. */
export async function runCommandLine(args: readonly string[], io: Io): Promise<number> {
  const report: Report = { exitCode: EXIT.OK };
  const program = buildProgram(io, report);
  const json = wantsJson(args);
  if (json) hush(program);
  try {
    await program.parseAsync([...args], { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    // Commander has shown help, the version or, for people, the mistake already.
    if (error.exitCode === 0) return EXIT.OK;
    if (json) tellFailure(io, json, mistakeOf(error));
    return EXIT.USAGE;
  }
  return report.exitCode;
}

/** Asked of the words themselves: where one of them is a mistake, nothing else has read them. */
function wantsJson(args: readonly string[]): boolean {
  const end = args.indexOf('--');
  return args.slice(0, end === -1 ? args.length : end).includes('--json');
}

/** Mistakes are told as a document then. */
function hush(command: Command): void {
  command.configureOutput({ writeErr: () => undefined, outputError: () => undefined });
  for (const child of command.commands) hush(child);
}

function mistakeOf({ code, message }: CommanderError): CommandFailure {
  const detail = code === 'commander.help' ? 'a command is missing' : withNearest(message);
  return usage(
    detail
      .replace(/^error: /, '')
      .trimEnd()
      .replaceAll('\n', ' '),
    'See --help.',
  );
}

export function buildProgram(io: Io, report: Report): Command {
  const run = createRun(io, report);
  const program = new Command('hookring')
    .description('Sends signed webhooks, and rotates their signing secrets without a rejected delivery.')
    .version(readVersion(), '-v, --version')
    .addHelpText('after', HELP);
  program.addCommand(serveCommand(io, report));
  program.addCommand(sendCommand(run));
  endpointsCommands(program, run);
  program.addCommand(rotateCommand(run));
  secretsCommands(program, run);
  deliveriesCommands(program, run);
  program.addCommand(resendCommand(run));
  program.addCommand(recoverCommand(run, 'recover'));
  eventsCommands(program, run);
  program.addCommand(listenCommand(run));
  orgsCommands(program, run);
  keysCommands(program, run);
  masterKeyCommands(program, run);
  program.addCommand(auditCommand(run));
  program.addCommand(pruneCommand(run));
  program.addCommand(backupCommand(io, report));
  program.addCommand(restoreCommand(io, report));
  program.addCommand(migrateStoreCommand(io, report));
  program.addCommand(dialectsCommand(run));
  program.addCommand(openapiCommand(run));
  program.addCommand(configCommand(io, report));
  program.addCommand(doctorCommand(io, report));
  program.addCommand(completionCommand(io, program));
  settle(program, io);
  return program;
}

/** Commander guesses commands and options that were misspelled, and leaves out the words that an option may be. */
function withNearest(text: string): string {
  const [, value, choices] = /'([^']*)' is invalid.* Allowed choices are (.*)\.$/m.exec(text) ?? [];
  const meant = value === undefined || choices === undefined ? null : nearest(value, choices.split(', '));
  return meant === null ? text : `${text.trimEnd()}\n(Did you mean ${meant}?)\n`;
}

/** Commander ends the process and writes to it by itself unless every command is told otherwise. */
function settle(command: Command, io: Io): void {
  command
    .exitOverride()
    .showHelpAfterError('(see --help)')
    .configureOutput({
      writeOut: (text) => void io.stdout.write(text),
      writeErr: (text) => void io.stderr.write(text),
      outputError: (text, write) => write(withNearest(text)),
    });
  for (const child of command.commands) settle(child, io);
}
