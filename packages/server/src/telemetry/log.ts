import type { DestinationStream, Logger } from 'pino';
import { pino, stdTimeFunctions } from 'pino';
import { redactFields, redactor } from './redact.ts';
import { standardError } from './standard-error.ts';

/** Without `child`: pino does not look into the bindings of children, so they could carry a secret out. */
export type Log = Pick<Logger, 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'flush' | 'isLevelEnabled'>;

export type LogOptions = {
  readonly level: string;
  /** Left out of every line, whatever they look like. */
  readonly secrets?: readonly string[];
  /** Takes whole lines; standard error unless given. */
  readonly destination?: DestinationStream;
};

/** One JSON object per line. Nothing on the path of an attempt logs above `debug`, so writing is synchronous. */
export function createLog(options: LogOptions): Log {
  return pino(
    {
      level: options.level,
      base: null,
      timestamp: stdTimeFunctions.isoTime,
      messageKey: 'message',
      errorKey: 'error',
      // Errors are plain objects by the time the serializers run.
      serializers: { error: (error: unknown) => error, err: (error: unknown) => error },
      formatters: {
        level: (label) => ({ level: label }),
        log: redactRecord,
      },
      hooks: { streamWrite: redactor(options.secrets ?? []) },
    },
    options.destination ?? standardError(),
  );
}

function redactRecord(fields: Record<string, unknown>): Record<string, unknown> {
  // A record stays a record: only its values are looked into.
  return redactFields({ ...fields }) as Record<string, unknown>;
}
