import type { TSchema } from 'typebox';
import { Compile, type Validator } from 'typebox/compile';
import type { Dialect } from '../dialect.ts';
import type { DialectRoute } from '../dialect-route.ts';
import { dialectDocument } from '../document-routes.ts';
import type { RunningDialects } from './running-dialects.ts';

export type Ask = {
  /** The bootstrap key unless given; null: none. */
  readonly token?: string | null;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  readonly json?: unknown;
  /** Sent as it is. */
  readonly raw?: string | Buffer;
};

// oxlint-disable-next-line typescript/no-explicit-any -- tests look into answers of many shapes, checked by their schemas
export type Json = any;

export type Answer = {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly text: string;
  /** null when the answer is no JSON. */
  readonly json: Json;
};

export type CheckedClient = {
  /** `path` is below the dialect's prefix, with its query. */
  (method: string, path: string, ask?: Ask): Promise<Answer>;
  /** `operationId status` of every answer that was seen. */
  readonly seen: ReadonlySet<string>;
  /** `operationId status` of every good answer that the routes promise and nobody has seen yet. */
  unseen(): readonly string[];
};

/** Asks a dialect, wherever it stands, and holds every answer against the schema that its route promises. */
export function checkedClient(running: RunningDialects, dialect: Dialect): CheckedClient {
  const prefix = running.prefixOf(dialect);
  const seen = new Set<string>();
  const validators = new Map<TSchema, Validator>();
  const documented = documentedAnswers(dialect);

  function check(schema: TSchema, value: unknown, what: string): void {
    const validator = validators.get(schema) ?? Compile(schema);
    validators.set(schema, validator);
    if (!validator.Check(value)) {
      throw new Error(
        `${what} does not fit its schema: ${JSON.stringify(validator.Errors(value).slice(0, 3))} in ${JSON.stringify(value)}`,
      );
    }
  }

  function checkAnswer(route: DialectRoute | undefined, answer: Answer, what: string): void {
    if (route !== undefined) seen.add(`${route.operationId} ${answer.status}`);
    if (answer.headers['cache-control'] !== 'no-store') throw new Error(`${what} may be cached`);
    if (answer.status >= 400) {
      if (!String(answer.headers['content-type']).startsWith(dialect.problems.contentType))
        throw new Error(`${what} has another content type`);
      check(dialect.problems.schema, answer.json, what);
      if (route !== undefined && !documented.has(`${route.operationId} ${answer.status}`))
        throw new Error(`${what} is not documented`);
      return;
    }
    for (const [name, value] of Object.entries(dialect.headers)) {
      if (answer.headers[name] !== value) throw new Error(`${what} lacks the header ${name}: ${value}`);
    }
    const schema = route?.responses[answer.status];
    if (schema === undefined) throw new Error(`${what} is not documented`);
    if (schema === null) {
      if (answer.text !== '') throw new Error(`${what} has a body`);
    } else check(schema, answer.json, what);
  }

  async function ask(
    method: string,
    path: string,
    { token = running.bootstrapKey, headers = {}, json, raw }: Ask = {},
  ): Promise<Answer> {
    const payload = json === undefined ? raw : JSON.stringify(json);
    const response = await running.http.inject({
      method: method as 'GET', // One of them.
      url: `${prefix}${path}`,
      headers: {
        ...(token === null ? {} : { authorization: `Bearer ${token}` }),
        ...(json === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(payload === undefined ? {} : { payload }),
    });
    const text = response.body;
    const isJson = response.headers['content-type']?.includes('json') === true;
    const answer: Answer = {
      status: response.statusCode,
      headers: response.headers,
      text,
      json: isJson && text !== '' ? JSON.parse(text) : null,
    };
    checkAnswer(routeOf(dialect, method, path), answer, `${answer.status} of ${method} ${path}`);
    return answer;
  }

  function unseen(): readonly string[] {
    const promised = dialect.routes.flatMap(({ operationId, responses }) =>
      Object.keys(responses).map((status) => `${operationId} ${status}`),
    );
    return promised.filter((answer) => !seen.has(answer));
  }

  return Object.assign(ask, { seen, unseen });
}

/** As the router chooses: a path without parameters before one with them. */
function routeOf(dialect: Dialect, method: string, path: string): DialectRoute | undefined {
  const [plain = ''] = path.split('?');
  const matching = dialect.routes.filter((route) => route.method === method && patternOf(route).test(plain));
  return matching.sort((a, b) => parameterCount(a) - parameterCount(b))[0];
}

function patternOf({ path }: DialectRoute): RegExp {
  return new RegExp(`^${path.replaceAll('.', '\\.').replaceAll(/\{\w+\}/g, '[^/]+')}$`);
}

function parameterCount({ path }: DialectRoute): number {
  return path.split('{').length;
}

/** `operationId status` of all that the OpenAPI document names. */
function documentedAnswers(dialect: Dialect): ReadonlySet<string> {
  const { paths } = dialectDocument({ dialect, prefix: '', host: null });
  const operations = Object.values(paths).flatMap((item) => Object.values(item));
  return new Set(
    operations.flatMap(({ operationId, responses }) => Object.keys(responses).map((one) => `${operationId} ${one}`)),
  );
}
