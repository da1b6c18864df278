import { EXIT } from './exit.ts';
import { processIo } from './io.ts';
import { runCommandLine } from './program.ts';

// A reader that has seen enough, such as `head`, closes the pipe; that is no failure. What could not be written elsewhere is.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') return;
  process.stderr.write(`error: standard output cannot be written (${error.code ?? error.message})\n`);
  process.exit(EXIT.FAILED);
});
// Then nobody is left who could be told.
process.stderr.on('error', () => undefined);

process.exitCode = await runCommandLine(process.argv.slice(2), processIo());
