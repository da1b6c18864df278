import type { MediaType, OpenApiDocument, OperationObject, Parameter, SecurityScheme } from '../openapi-document.ts';

/** A shorter body stands in one line. */
const LINE_LENGTH_MAX = 64;
const FORM = 'application/x-www-form-urlencoded';

export type CurlRequest = {
  readonly document: OpenApiDocument;
  readonly serverUrl: string;
  readonly path: string;
  readonly method: string;
  readonly operation: OperationObject;
};

/** The command that sends an operation's example, for a POSIX shell. What has no example stands between `<` and `>`. */
export function curlCommand({ document, serverUrl, path, method, operation }: CurlRequest): string {
  const { parameters = [], requestBody } = operation;
  const [requirement] = operation.security;
  const schemes = Object.keys(requirement ?? {}).flatMap((name) => document.components.securitySchemes[name] ?? []);
  const url = `${serverUrl.replace(/\/+$/, '')}${filled(path, parameters)}${queryOf(parameters, schemes)}`;
  const verb = method === 'GET' ? [] : ['-X', method];
  const parts = [
    ['curl', ...verb, quoted(url)].join(' '),
    ...schemes.flatMap(credentials),
    ...parameters.filter(isSent('header')).map((one) => `-H ${quoted(`${one.name}: ${valueOf(one)}`)}`),
    ...(requestBody === undefined ? [] : bodyParts(requestBody.content)),
  ];
  return parts.join(' \\\n  ');
}

function filled(path: string, parameters: readonly Parameter[]): string {
  return path.replaceAll(/\{(\w+)\}/g, (_whole, name: string) => {
    const parameter = parameters.find((one) => one.in === 'path' && one.name === name);
    return parameter === undefined || exampleOf(parameter) === undefined ? `<${name}>` : encoded(valueOf(parameter));
  });
}

function queryOf(parameters: readonly Parameter[], schemes: readonly SecurityScheme[]): string {
  const pairs = parameters.filter(isSent('query')).map((one) => `${encoded(one.name)}=${encoded(valueOf(one))}`);
  const keys = schemes.flatMap((one) =>
    one.type === 'apiKey' && one.in === 'query' ? [`${encoded(one.name)}=<key>`] : [],
  );
  const all = [...pairs, ...keys];
  return all.length === 0 ? '' : `?${all.join('&')}`;
}

/** Half a character, which no URL can hold, becomes the sign for an unknown one. */
function encoded(text: string): string {
  return encodeURIComponent(text.toWellFormed());
}

/** A request needs it, or the document says what it may look like. */
function isSent(where: Parameter['in']): (parameter: Parameter) => boolean {
  return (parameter) => parameter.in === where && (parameter.required || exampleOf(parameter) !== undefined);
}

function exampleOf({ example, schema: { examples } }: Parameter): unknown {
  return example ?? (Array.isArray(examples) ? examples[0] : undefined);
}

function valueOf(parameter: Parameter): string {
  const example = exampleOf(parameter);
  if (example === undefined) return `<${parameter.name}>`;
  return [example].flat().map(String).join(',');
}

function credentials(scheme: SecurityScheme): string[] {
  if (scheme.type === 'apiKey') {
    if (scheme.in === 'query') return [];
    return scheme.in === 'cookie'
      ? [`-b ${expanding(`${scheme.name}=`, 'TOKEN')}`]
      : [`-H ${expanding(`${scheme.name}: `, 'TOKEN')}`];
  }
  if (scheme.type === 'http' && scheme.scheme === 'basic') return ['-u "$CLIENT_ID:$CLIENT_SECRET"'];
  return [`-H ${expanding('Authorization: Bearer ', 'TOKEN')}`];
}

function bodyParts(content: Readonly<Record<string, MediaType>>): string[] {
  const types = Object.entries(content);
  const [type = '', media] = types.find(([, { example }]) => example !== undefined) ?? types[0] ?? [];
  const header = type === '' || type.endsWith('/*') ? [] : [`-H ${quoted(`Content-Type: ${type}`)}`];
  const example = media?.example;
  if (example === undefined) return [...header, "--data-binary '@body'"];
  if (type === FORM && typeof example === 'object' && example !== null) {
    const pairs = Object.entries(example).map(
      ([name, value]) => `--data-urlencode ${quoted(`${name}=${String(value)}`)}`,
    );
    return pairs;
  }
  return [...header, `-d ${quoted(typeof example === 'string' && !type.includes('json') ? example : jsonOf(example))}`];
}

function jsonOf(example: unknown): string {
  const line = JSON.stringify(example);
  // Indented like the options of the command; no string of JSON has a line break in it.
  return line.length <= LINE_LENGTH_MAX ? line : JSON.stringify(example, null, 2).replaceAll('\n', '\n  ');
}

/** One word of a POSIX shell, whatever is in it. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

/** The same, with a variable of the shell at its end. */
function expanding(text: string, variable: string): string {
  return `"${text.replaceAll(/[\\"$`]/g, String.raw`\$&`)}$${variable}"`;
}
