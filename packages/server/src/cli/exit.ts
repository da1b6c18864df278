/** What the exit code of a command says. Scripts rely on these; docs/cli.md lists them. */
export const EXIT = {
  OK: 0,
  /** The server refused, or what was asked for did not work. */
  FAILED: 1,
  /** The command line or the configuration is wrong; nothing was tried. */
  USAGE: 2,
  /** No server answered. */
  UNREACHABLE: 3,
  /** The key is unknown, revoked, or lacks a scope. */
  DENIED: 4,
  NOT_FOUND: 5,
} as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

export type FailureRow = { readonly pointer: string; readonly detail: string; readonly code: string };

export type FailureFacts = {
  readonly detail: string;
  readonly exitCode: ExitCode;
  readonly hint?: string | null;
  readonly code?: string;
  readonly status?: number | null;
  readonly requestId?: string | null;
  readonly errors?: readonly FailureRow[];
};

/** Ends a command with a message for people and a code for scripts. Thrown by commands, caught in one place. */
export class CommandFailure extends Error {
  override readonly name = 'CommandFailure';
  readonly facts: FailureFacts;

  constructor(facts: FailureFacts) {
    super(facts.detail);
    this.facts = facts;
  }
}

export function usage(detail: string, hint: string | null = null): CommandFailure {
  return new CommandFailure({ detail, exitCode: EXIT.USAGE, code: 'usage', hint });
}
