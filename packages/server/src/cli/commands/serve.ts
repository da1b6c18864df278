import { Command } from 'commander';
import { type Flags, loadConfig } from '../../config/load.ts';
import { secretValues } from '../../config/secret-values.ts';
import type { StartedService } from '../../config/service-shape.ts';
import type { Config } from '../../config/settings.ts';
import type { TelemetryEvents } from '../../telemetry/events.ts';
import { createTelemetry } from '../../telemetry/telemetry.ts';
import { banner } from '../banner.ts';
import { configurationFailure } from '../connect.ts';
import { CommandFailure, EXIT } from '../exit.ts';
import { type Io, writeLine } from '../io.ts';
import { guarded, type Report } from '../session.ts';
import { flagsOf, settingOptions } from '../setting-options.ts';

/** Signals within this time of the first are its echoes: npm and wrappers pass on what the terminal sent already. */
const ECHO_MS = 1_000;
/** A stop that takes longer than it may is ended by force. */
const BACKSTOP_MS = 15_000;
const PARENT_POLL_MS = 500;

export function serveCommand(io: Io, report: Report): Command {
  const options = settingOptions();
  const command = new Command('serve')
    .description('start the server')
    .option('--json', 'print the address and the first key as one JSON document')
    .addHelpText(
      'after',
      `
Settings also come from HOOKRING_ variables and from hookring.config.ts; secrets come from those only.

Examples:
  hookring serve --port 9000 --database-url sqlite:/var/lib/hookring/hookring.db
  HOOKRING_ALLOW_PRIVATE=127.0.0.1/32 hookring serve        (receivers on this machine, for development)`,
    );
  for (const option of options.values()) command.addOption(option);
  return command.action(async (values: Readonly<Record<string, string | boolean | undefined>>) => {
    const flags = flagsOf(options, values);
    const json = values['json'] === true;
    await guarded(io, report, json, () => serve(io, report, flags, json));
  });
}

async function serve(io: Io, report: Report, flags: Flags, json: boolean): Promise<void> {
  const loaded = await loadConfig({ flags, env: io.env, cwd: io.cwd });
  if (!loaded.ok) {
    for (const warning of loaded.warnings) writeLine(io.stderr, `warning: ${warning}`);
    throw configurationFailure(loaded.problems);
  }
  const { config, dialects, warnings } = loaded;
  const telemetry = createTelemetry({ level: config.logLevel, secrets: secretValues(config) });
  for (const warning of warnings) telemetry.log.warn(warning);
  // A broken program ends, and the log says of what; what it had accepted is stored.
  process.on('uncaughtException', (error) => {
    telemetry.events.fault('uncaught', error);
    process.exit(EXIT.FAILED);
  });
  // Signals that come while it starts wait for the end of the start, unless that waits for its database itself.
  const stopping = nextSignal({ withParent: (io.env['npm_lifecycle_event'] ?? '') !== '' });
  const { startService } = await import('../../service.ts');
  const started = await startService({ config, dialects }, telemetry, stopping.aborted);
  if (!started.ok) {
    stopping.forget();
    if (stopping.aborted.aborted) {
      telemetry.log.warn(started.problem);
      report.exitCode = EXIT.OK;
      return;
    }
    throw new CommandFailure({
      detail: started.problem,
      exitCode: EXIT.FAILED,
      code: 'not_started',
      hint: '"hookring doctor" looks into it.',
    });
  }
  const { service } = started;
  const { url, nativePrefix, firstKey } = service;
  const document = { url, nativePrefix, firstKey, pid: process.pid };
  writeLine(io.stdout, json ? JSON.stringify(document, null, 2) : banner(service, { config, dialects }));
  const signal = await stopping.signal;
  await stop(service, config, telemetry.events, signal);
  report.exitCode = EXIT.OK;
}

async function stop(service: StartedService, config: Config, events: TelemetryEvents, cause: string): Promise<void> {
  const startedAt = performance.now();
  events.serverStopping({ cause, inFlight: service.inFlight() });
  const force = (): void => {
    events.fault(
      'shutdown',
      new Error('the server did not stop in time; what it was sending is sent again after the next start'),
    );
    process.exit(EXIT.FAILED);
  };
  const backstop = setTimeout(force, config.shutdownSeconds * 1_000 + BACKSTOP_MS);
  const again = (): void => {
    if (performance.now() - startedAt > ECHO_MS) force();
  };
  process.on('SIGINT', again);
  process.on('SIGTERM', again);
  try {
    await service.stop();
    events.serverStopped({ durationMs: Math.round(performance.now() - startedAt) });
  } finally {
    clearTimeout(backstop);
    process.off('SIGINT', again);
    process.off('SIGTERM', again);
  }
}

type SignalWait = { readonly signal: Promise<string>; readonly aborted: AbortSignal; forget(): void };

/**
 * The first signal to stop. `withParent`: npm runs a command through a shell, which does not pass on what npm is sent;
 * the end of that shell then counts as a signal, or the server would be left behind. Until it is forgotten, later signals do
 * nothing: between two listeners a signal would end the process at once.
 */
export function nextSignal(options: { readonly withParent?: boolean } = {}): SignalWait {
  const names = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  const { promise, resolve } = Promise.withResolvers<string>();
  const abort = new AbortController();
  const parent = process.ppid;
  const watch = (): void => {
    if (process.ppid !== parent) listener('parent ended');
  };
  const timer = options.withParent === true ? setInterval(watch, PARENT_POLL_MS) : undefined;
  const forget = (): void => {
    clearInterval(timer);
    for (const name of names) process.off(name, listener);
  };
  const listener = (cause: string): void => {
    clearInterval(timer);
    resolve(cause);
    abort.abort();
  };
  for (const name of names) process.on(name, listener);
  return { signal: promise, aborted: abort.signal, forget };
}
