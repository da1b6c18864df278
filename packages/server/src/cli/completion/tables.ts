import type { Values } from './suggest.ts';
import type { CompletedCommand } from './tree.ts';

/** What a menu shows beside a name. */
const DESCRIPTION_LENGTH_MAX = 72;

/** In single quotes, as all three shells read them. */
export function quoted(text: string): string {
  return `'${text.replaceAll('\\', '').replaceAll("'", '’').replaceAll(/\s+/g, ' ')}'`;
}

export function placeOf({ words }: CompletedCommand): string {
  return words.join(' ');
}

export function brief(description: string): string {
  const sentence = description.split(/\. |\n/)[0] ?? '';
  return sentence.length <= DESCRIPTION_LENGTH_MAX ? sentence : `${sentence.slice(0, DESCRIPTION_LENGTH_MAX - 1)}…`;
}

/** `@` for file names, nothing where only the user knows them. */
function spelled(values: Values): string {
  if (values.kind === 'files') return '@';
  return values.kind === 'words' ? values.words.join(' ') : '';
}

/**
 * Functions for bash and zsh that answer in variables what can follow at a place among the commands. Their names are long
 * because both shells have variables of their own called commands, options and words.
 */
export function tables(commands: readonly CompletedCommand[]): string {
  const lists = commands.map((command) => {
    const below = command.commands.map(({ name }) => name).join(' ');
    const options = command.options.flatMap(({ names }) => names).join(' ');
    const found = `hookring_below=${quoted(below)} hookring_options=${quoted(options)} hookring_argument=${quoted(spelled(command.argument))}`;
    return `    ${quoted(placeOf(command))}) ${found} ;;`;
  });
  const values = commands.flatMap((command) =>
    command.options.flatMap((option) => {
      if (option.values === null) return [];
      const keys = option.names.map((name) => quoted(`${placeOf(command)} ${name}`)).join('|');
      return [`    ${keys}) hookring_values=${quoted(spelled(option.values))} ;;`];
    }),
  );
  return `_hookring_at() {
  case "$1" in
${lists.join('\n')}
  esac
}

# Succeeds for an option that takes a value.
_hookring_value() {
  hookring_values=''
  case "$1 $2" in
${values.join('\n')}
    *) return 1 ;;
  esac
}

# From the words before the cursor to the place among the commands, and the option whose value comes next.
_hookring_walk() {
  local word
  hookring_place='' hookring_takes=''
  for word in "$@"; do
    if [[ -n "$hookring_takes" && "$word" != -?* ]]; then hookring_takes=''; continue; fi
    hookring_takes=''
    if [[ "$word" == --*=* ]]; then continue; fi
    if [[ "$word" == -* ]]; then
      if _hookring_value "$hookring_place" "$word"; then hookring_takes="$word"; fi
      continue
    fi
    _hookring_at "$hookring_place"
    if [[ " $hookring_below " == *" $word "* ]]; then hookring_place="\${hookring_place:+$hookring_place }$word"; fi
  done
  _hookring_at "$hookring_place"
}`;
}
