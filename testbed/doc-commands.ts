/** Finds what a reader would type: the `hookring` commands of a text, as the words that the program would get. */

export type DocCommand = {
  /** 1-based. */
  readonly line: number;
  /** Without `hookring` itself. */
  readonly args: readonly string[];
  /** Named within a sentence, where what it needs is often left out. */
  readonly isMention: boolean;
};

/** What may stand in front of a command and hands its words on. */
const PREFIXES: readonly RegExp[] = [
  /^[A-Z_][A-Z0-9_]*=\S*$/,
  /^(sudo|npx|exec|time|env|watch|do|then|else)$/,
  /^xargs( -r)?( -n 1)?$/,
  /^docker exec \S+$/,
  /^kubectl exec \S+ --$/,
];

/** The commands in code blocks and in code within sentences. */
export function commandsOf(markdown: string): readonly DocCommand[] {
  const found: DocCommand[] = [];
  let fence: string | null = null;
  let open = '';
  for (const [index, text] of markdown.split('\n').entries()) {
    const line = index + 1;
    const mark = /^\s*(```|~~~)/.exec(text)?.[1];
    if (mark !== undefined && (fence === null || fence === mark)) {
      fence = fence === null ? mark : null;
      continue;
    }
    const isBlock = fence !== null || /^ {4}\S/.test(text);
    if (!isBlock) {
      for (const [, code = ''] of text.matchAll(/`([^`]+)`/g))
        for (const args of commandsOfShell(code)) found.push({ line, args, isMention: true });
      continue;
    }
    open += text;
    if (open.endsWith('\\')) {
      open = open.slice(0, -1);
      continue;
    }
    for (const args of commandsOfShell(open)) found.push({ line, args, isMention: false });
    open = '';
  }
  return found;
}

/** The arguments of each `hookring` that a line of shell starts. */
export function commandsOfShell(line: string): readonly (readonly string[])[] {
  return simpleCommands(line).flatMap((words) => {
    const at = words.indexOf('hookring');
    // `hookring …` speaks of any command.
    if (at < 0 || words[at + 1] === '…' || !isPrefix(words.slice(0, at))) return [];
    // What is read from standard input comes last.
    const read = words[0] === 'xargs' ? ['from-standard-input'] : [];
    return [[...words.slice(at + 1), ...read]];
  });
}

function isPrefix(words: readonly string[]): boolean {
  let rest = words;
  while (rest.length > 0) {
    const taken = [4, 3, 2, 1].find((count) => PREFIXES.some((prefix) => prefix.test(rest.slice(0, count).join(' '))));
    if (taken === undefined) return false;
    rest = rest.slice(taken);
  }
  return true;
}

/** Splits at `;`, `|`, `&` and brackets, leaves redirections and comments out, and takes quotes off. */
function simpleCommands(line: string): string[][] {
  // A placeholder is one word, not a redirection.
  const text = line.replaceAll(/<([a-z][^<>|;&]*)>/g, (_all, name: string) => name.replaceAll(/\W+/g, '-'));
  const commands: string[][] = [[]];
  let skipsNext = false;
  for (const [token] of text.matchAll(
    /\d?[<>]+&?|\$\([^)]*\)|(?:'[^']*'|"(?:[^"\\]|\\.)*"|\\.|[^\s;|&()<>'"])+?(?=\d?[<>]|[\s;|&()]|$)|[;|&()]|\s+/g,
  )) {
    if (/^\s/.test(token)) continue;
    if (token.startsWith('#')) break;
    if (/^\d?[<>]/.test(token)) skipsNext = true;
    else if (/^[;|&()]$/.test(token)) commands.push([]);
    else if (skipsNext) skipsNext = false;
    else commands.at(-1)?.push(unquoted(token));
  }
  return commands.filter((words) => words.length > 0);
}

function unquoted(word: string): string {
  return word.replaceAll(/'([^']*)'|"((?:[^"\\]|\\.)*)"|\\(.)/g, (_all, single, double, escaped) =>
    String(single ?? double?.replaceAll(/\\(.)/g, '$1') ?? escaped ?? ''),
  );
}
