export type Parsed<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly problem: string };

/** What a parser may need beside the text. */
export type ParseContext = {
  /** Relative paths start here. */
  readonly cwd: string;
};

/** One setting: the only description of it. Flags, variables, the file's keys and the page of the manual derive from it. */
export type Setting<T> = {
  readonly variable: `HOOKRING_${string}`;
  /** `--port <number>` as the help shows it; null for secrets, which a process list would show. */
  readonly flag: `--${string}` | null;
  readonly description: string;
  /** A value that is accepted, shown beside every problem. */
  readonly example: string;
  /** Parsed like any other text; null: the setting has no value unless it is given one. */
  readonly defaultText: string | null;
  /** Its value may hold a secret, so no message shows it. */
  readonly sensitive: boolean;
  readonly parse: (text: string, context: ParseContext) => Parsed<T>;
};

export function parsed<T>(value: T): Parsed<T> {
  return { ok: true, value };
}

export function problem(text: string): { readonly ok: false; readonly problem: string } {
  return { ok: false, problem: text };
}

type WithDefault = { readonly defaultText: string };
type Described<T> = Omit<Setting<T>, 'sensitive' | 'defaultText'> & { readonly sensitive?: boolean };

/** Completes a setting; one with a default always has a value. */
export function setting<T>(described: Described<T> & WithDefault): Setting<T> & WithDefault;
export function setting<T>(described: Described<T>): Setting<T> & { readonly defaultText: null };
export function setting<T>(described: Described<T> & { readonly defaultText?: string }): Setting<T> {
  return { sensitive: false, defaultText: null, ...described };
}
