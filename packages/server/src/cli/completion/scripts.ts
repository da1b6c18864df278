import { brief, placeOf, quoted, tables } from './tables.ts';
import type { CompletedCommand, CompletedOption } from './tree.ts';

export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

/**
 * The scripts hold all commands as data, so that a key press starts no process: the libraries that ask the program itself
 * start Node for each, which takes a third of a second.
 */
export function completionScript(shell: Shell, commands: readonly CompletedCommand[]): string {
  if (shell === 'bash') return bashScript(commands);
  return shell === 'zsh' ? zshScript(commands) : fishScript(commands);
}

const VARIABLES = 'hookring_place hookring_takes hookring_below hookring_options hookring_argument hookring_values';

/** Also for the bash 3.2 of macOS. It takes `--option=value` and `a:b` apart, which are put together again. */
function bashScript(commands: readonly CompletedCommand[]): string {
  return `# bash completion of hookring:  source <(hookring completion bash)
${tables(commands)}

_hookring() {
  local ${VARIABLES}
  local index last word current glued='' words=()
  for ((index = 1; index <= COMP_CWORD; index++)); do
    word="\${COMP_WORDS[index]}"
    last=$((\${#words[@]} - 1))
    if [[ "$word" == '=' ]]; then
      if ((index == COMP_CWORD)); then words+=(''); fi
    elif [[ -n "$glued" && $last -ge 0 ]]; then
      words[last]+="$word"
      glued=''
    elif [[ "$word" == ':' && $last -ge 0 ]]; then
      words[last]+=':'
      glued=1
    else
      words+=("$word")
    fi
  done
  last=$((\${#words[@]} - 1))
  current="\${words[last]}"
  unset "words[last]"
  _hookring_walk "\${words[@]}"
  if [[ -n "$hookring_takes" && "$current" != -?* ]]; then
    _hookring_value "$hookring_place" "$hookring_takes"
  elif [[ "$current" == -* ]]; then
    hookring_values="$hookring_options"
  else
    hookring_values="\${hookring_below:-$hookring_argument}"
  fi
  local IFS=$' \\n'
  if [[ "$hookring_values" == '@' ]]; then
    IFS=$'\\n'
    compopt -o filenames 2>/dev/null
    COMPREPLY=($(compgen -f -- "$current"))
  else
    COMPREPLY=($(compgen -W "$hookring_values" -- "$current"))
  fi
  # What stands before a colon is on the line already, as a word of its own.
  if [[ "$current" == *:* && "$COMP_WORDBREAKS" == *:* ]]; then
    COMPREPLY=("\${COMPREPLY[@]#"\${current%:*}:"}")
  fi
}

complete -F _hookring hookring
`;
}

function zshScript(commands: readonly CompletedCommand[]): string {
  const described = commands.map((command) => {
    const options = command.options.flatMap(({ names, description }) =>
      names.map((name) => menuItem(name, description)),
    );
    const below = command.commands.map(({ name, description }) => menuItem(name, description));
    return `    ${quoted(placeOf(command))}) hookring_menu=(${below.join(' ')}) hookring_flags=(${options.join(' ')}) ;;`;
  });
  return `#compdef hookring
# zsh completion of hookring:  source <(hookring completion zsh), or a file _hookring in a folder of $fpath
${tables(commands)}

_hookring_described() {
  case "$1" in
${described.join('\n')}
  esac
}

_hookring() {
  local ${VARIABLES}
  local -a hookring_menu hookring_flags
  _hookring_walk "\${(@)words[2,CURRENT-1]}"
  if [[ "$PREFIX" == --*=* ]]; then
    hookring_takes="\${PREFIX%%=*}"
    compset -P '*='
  fi
  if [[ -n "$hookring_takes" && "$PREFIX" != -?* ]]; then
    _hookring_value "$hookring_place" "$hookring_takes"
    if [[ "$hookring_values" == '@' ]]; then _files; else compadd -- \${=hookring_values}; fi
    return
  fi
  _hookring_described "$hookring_place"
  if [[ "$PREFIX" == -* ]]; then
    _describe -o 'option' hookring_flags
  elif [[ -n "$hookring_below" ]]; then
    _describe 'command' hookring_menu
  elif [[ "$hookring_argument" == '@' ]]; then
    _files
  else
    compadd -- \${=hookring_argument}
  fi
}

if [[ "$funcstack[1]" == _hookring ]]; then _hookring "$@"; else compdef _hookring hookring; fi
`;
}

function menuItem(name: string, description: string): string {
  return quoted(`${name}:${brief(description)}`);
}

function fishScript(commands: readonly CompletedCommand[]): string {
  const valued = commands.flatMap((command) =>
    command.options.flatMap(({ names, values }) =>
      values === null ? [] : names.map((name) => quoted(`${placeOf(command)} ${name}`)),
    ),
  );
  const places = commands.filter(({ words }) => words.length > 0).map((command) => quoted(placeOf(command)));
  return `# fish completion of hookring:  hookring completion fish | source
function __hookring_at
    set -l place ''
    set -l takes ''
    for word in (commandline -opc)[2..-1]
        if test -n "$takes"; and not string match -q -- '-?*' $word
            set takes ''
            continue
        end
        set takes ''
        switch "$place $word"
            case ${valued.join(' ')}
                set takes $word
                continue
        end
        set -l below (string trim -- "$place $word")
        switch $below
            case ${places.join(' ')}
                set place $below
        end
    end
    test "$place" = "$argv[1]"
end

complete -c hookring -f
${commands.flatMap(fishLines).join('\n')}
`;
}

function fishLines(command: CompletedCommand): readonly string[] {
  const head = `complete -c hookring -n "__hookring_at ${quoted(placeOf(command))}"`;
  const argument = command.argument;
  return [
    ...command.commands.map(({ name, description }) => `${head} -a ${name} -d ${quoted(brief(description))}`),
    ...(argument.kind === 'files' ? [`${head} -F`] : []),
    ...(argument.kind === 'words' ? [`${head} -a ${quoted(argument.words.join(' '))}`] : []),
    ...command.options.map((option) => `${head} ${fishOption(option)} -d ${quoted(brief(option.description))}`),
  ];
}

function fishOption({ names, values }: CompletedOption): string {
  const spellings = names.map((name) => (name.startsWith('--') ? `-l ${name.slice(2)}` : `-s ${name.slice(1)}`));
  if (values === null) return spellings.join(' ');
  if (values.kind === 'files') return `${spellings.join(' ')} -r -F`;
  return `${spellings.join(' ')} -x${values.kind === 'words' ? ` -a ${quoted(values.words.join(' '))}` : ''}`;
}
