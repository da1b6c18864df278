import { Command, CommanderError } from 'commander';
import { readVersion } from '../config/version.ts';
import { deliveriesCommands } from './commands/deliveries.ts';
import { dialectsCommand } from './commands/dialects.ts';
import { doctorCommand } from './commands/doctor.ts';
import { endpointsCommands } from './commands/endpoints.ts';
import { eventsCommands, sendCommand } from './commands/events.ts';
import { keysCommands } from './commands/keys.ts';
import { listenCommand } from './commands/listen.ts';
import { masterKeyCommands } from './commands/master-key.ts';
import { openapiCommand } from './commands/openapi.ts';
import { orgsCommands } from './commands/orgs.ts';
import { rotateCommand, secretsCommands } from './commands/rotate.ts';
import { serveCommand } from './commands/serve.ts';
import { EXIT } from './exit.ts';
import type { Io } from './io.ts';
import { createRun } from './run.ts';
import type { Report } from './session.ts';

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
  try {
    await program.parseAsync([...args], { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    // Commander has shown help, the version or the mistake already.
    return error.exitCode === 0 ? EXIT.OK : EXIT.USAGE;
  }
  return report.exitCode;
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
  eventsCommands(program, run);
  program.addCommand(listenCommand(run));
  orgsCommands(program, run);
  keysCommands(program, run);
  masterKeyCommands(program, run);
  program.addCommand(dialectsCommand(run));
  program.addCommand(openapiCommand(run));
  program.addCommand(doctorCommand(io, report));
  settle(program, io);
  return program;
}

/** Commander ends the process and writes to it by itself unless every command is told otherwise. */
function settle(command: Command, io: Io): void {
  command
    .exitOverride()
    .showHelpAfterError('(see --help)')
    .configureOutput({
      writeOut: (text) => void io.stdout.write(text),
      writeErr: (text) => void io.stderr.write(text),
    });
  for (const child of command.commands) settle(child, io);
}
