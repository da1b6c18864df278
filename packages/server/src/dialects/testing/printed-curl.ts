import type { Ask } from './checked-client.ts';

export type CurlPlaces = {
  /** What the page prints in front of the path: `https://api.example.com`. */
  readonly host: string;
  /** Printed ids and the real ones: `{ '<id>': endpoint.id }`. Each must be printed. */
  readonly ids?: Readonly<Record<string, string>>;
  /** What stands for `"<string>"` in the body, by the name of its member. Each must be printed. */
  readonly values?: Readonly<Record<string, string>>;
  /** Stands for the one `$VARIABLE` of the command, and is added as a bearer token where the page forgot it. */
  readonly token: string;
};

export type PrintedRequest = {
  readonly method: string;
  /** With its query, without the host. */
  readonly path: string;
  /** For a checked client: the headers and the body as printed. */
  readonly ask: Ask;
};

/**
 * Reads a curl command as a page prints it, and refuses what it does not know, so that nothing printed is passed over.
 *
 *     const { method, path, ask } = printedCurl(page.rotateCurl, { host, ids: { '<id>': id }, token });
 *     const answer = await world.ask(method, path, ask);
 */
export function printedCurl(text: string, { host, ids = {}, values = {}, token }: CurlPlaces): PrintedRequest {
  const filled = fillValues(fillIds(text, ids), values);
  const [command, ...words] = shellWords(filled, onlyVariable(token));
  if (command !== 'curl') throw new SyntaxError(`"${command ?? ''}" is not curl`);
  const { method, url, headers, body } = readWords(words);
  const leftOver = /<\w+>/.exec([url, body ?? '', ...Object.values(headers)].join('\n'));
  if (leftOver !== null) throw new SyntaxError(`nothing was given for ${leftOver[0]}`);
  if (!url.startsWith(`${host}/`)) throw new SyntaxError(`${url} is not at ${host}`);
  const typed = body === undefined ? {} : { 'content-type': 'application/x-www-form-urlencoded' };
  return {
    method: method ?? (body === undefined ? 'GET' : 'POST'),
    path: url.slice(host.length),
    ask: {
      token: null,
      headers: { authorization: `Bearer ${token}`, ...typed, ...headers },
      ...(body === undefined ? {} : { raw: body }),
    },
  };
}

function fillIds(text: string, ids: Readonly<Record<string, string>>): string {
  let filled = text;
  for (const [printed, id] of Object.entries(ids)) {
    if (!filled.includes(printed)) throw new SyntaxError(`${printed} is not printed`);
    if (!/^[\w-]+$/.test(id)) throw new SyntaxError(`${id} would be more than a word to a shell`);
    filled = filled.replaceAll(printed, id);
  }
  return filled;
}

function fillValues(text: string, values: Readonly<Record<string, string>>): string {
  let filled = text;
  for (const [name, value] of Object.entries(values)) {
    const printed = new RegExp(`("${name}"\\s*:\\s*)"<string>"`);
    if (!printed.test(filled)) throw new SyntaxError(`"${name}": "<string>" is not printed`);
    if (/['\\$`]/.test(value)) throw new SyntaxError(`${value} would be more than a word to a shell`);
    filled = filled.replace(printed, (_all, before: string) => `${before}${JSON.stringify(value)}`);
  }
  return filled;
}

/** A page has one variable, the key; another one would need a value of its own. */
function onlyVariable(token: string): (name: string) => string {
  let known: string | undefined;
  return (name) => {
    known ??= name;
    if (known !== name) throw new SyntaxError(`there is no value for $${name}`);
    return token;
  };
}

type CurlWords = {
  readonly method: string | undefined;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
};

function readWords(words: readonly string[]): CurlWords {
  const urls: string[] = [];
  const headers: Record<string, string> = {};
  let method: string | undefined;
  let body: string | undefined;
  for (let index = 0; index < words.length; index += 1) {
    const word = words[index] ?? '';
    if (!word.startsWith('-')) {
      urls.push(word);
      continue;
    }
    index += 1;
    const value = words[index];
    if (value === undefined) throw new SyntaxError(`${word} has no value`);
    if (word === '-X' || word === '--request') method = once(word, method, value);
    else if (word === '-H' || word === '--header') addHeader(headers, value);
    else if (word === '-d' || word === '--data') body = once(word, body, value);
    else throw new SyntaxError(`${word} is not known here`);
  }
  const [url, ...more] = urls;
  if (url === undefined || more.length > 0) throw new SyntaxError(`${urls.length} addresses`);
  if (body?.startsWith('@') === true) throw new SyntaxError('a body from a file');
  return { method, url, headers, body };
}

function once(word: string, before: string | undefined, value: string): string {
  if (before !== undefined) throw new SyntaxError(`${word} twice`);
  return value;
}

function addHeader(headers: Record<string, string>, line: string): void {
  const [, name, value] = /^([\w-]+):\s*(.*\S)\s*$/.exec(line) ?? [];
  if (name === undefined || value === undefined) throw new SyntaxError(`"${line}" is no header`);
  const key = name.toLowerCase();
  if (key in headers) throw new SyntaxError(`${name} twice`);
  headers[key] = value;
}

/** One piece of a word, or what stands between words. Quotes as in a POSIX shell. */
const PIECE =
  /(?<space>(?:\s|\\\n)+)|'(?<single>[^']*)'|"(?<double>(?:[^"\\`]|\\[\s\S])*)"|\\(?<escaped>[^\n])|(?<plain>[^\s'"\\|&;<>()`#*?[\]{}~!]+)|(?<other>[\s\S])/g;

function shellWords(text: string, variable: (name: string) => string): readonly string[] {
  const words: string[] = [];
  let word: string | null = null;
  for (const { groups = {} } of text.matchAll(PIECE)) {
    const { space, single, double, escaped, plain, other } = groups;
    if (other !== undefined) throw new SyntaxError(`${other} means more to a shell`);
    if (space !== undefined) {
      if (word !== null) words.push(word);
      word = null;
      continue;
    }
    const piece = single ?? escaped ?? expand(double === undefined ? (plain ?? '') : unescape(double), variable);
    word = (word ?? '') + piece;
  }
  if (word !== null) words.push(word);
  return words;
}

function expand(text: string, variable: (name: string) => string): string {
  return text.replaceAll(/\$(\w*)/g, (_all, name: string) => {
    if (name === '') throw new SyntaxError('$ means more to a shell');
    return variable(name);
  });
}

function unescape(text: string): string {
  if (/\\\$/.test(text)) throw new SyntaxError('an escaped $');
  return text.replaceAll('\\\n', '').replaceAll(/\\(["\\`])/g, '$1');
}
