import type { Io } from './io.ts';
import { type Report, type Session, withSession } from './session.ts';

/** Runs the action of a command that talks to a server. */
export type Run = (options: object, action: (session: Session) => Promise<void>) => Promise<void>;

export function createRun(io: Io, report: Report): Run {
  return (options, action) => withSession(io, report, options, action);
}
