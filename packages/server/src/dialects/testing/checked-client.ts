import type { TSchema } from 'typebox';
import { Compile, type Validator } from 'typebox/compile';
import { refusalsOf } from '../../http/refusals.ts';
import type { Dialect, DialectRoute } from '../define-dialect.ts';
import type { RunningDialects } from './running-dialects.ts';

export type Ask = {
  readonly token?: string | null;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  readonly json?: unknown;
  /** Sent as it is. */
  readonly raw?: string | Buffer;
};

// Tests look into answers of many shapes, which the schemas have checked already.
// oxlint-disable-next-line typescript/no-explicit-any
export type Json = any;

export type Answer = {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly text: string;
  readonly json: Json;
};

export type CheckedClient = {
  (method: string, path: string, ask?: Ask): Promise<Answer>;
  /** `operationId status` of every answer that was seen. */
  readonly seen: ReadonlySet<string>;
};

/** Asks a dialect and holds every answer against the schema that its route promises. */
export function checkedClient(running: RunningDialects, dialect: Dialect): CheckedClient {
  const seen = new Set<string>();
  const validators = new Map<TSchema, Validator>();

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
      if (route !== undefined && !refusalsOf(route).includes(answer.status))
        throw new Error(`${what} is not documented`);
      return;
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
      url: `${dialect.prefix}${path}`,
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

  return Object.assign(ask, { seen });
}

function routeOf(dialect: Dialect, method: string, path: string): DialectRoute | undefined {
  const [plain = ''] = path.split('?');
  return dialect.routes.find(
    (route) => route.method === method && new RegExp(`^${route.path.replaceAll(/\{\w+\}/g, '[^/]+')}$`).test(plain),
  );
}
