import type { IncomingHttpHeaders } from 'node:http';
import type { IdempotencyRequest } from '../app/caller.ts';
import { invalid, type Refusal } from '../app/outcome.ts';
import { IDEMPOTENCY_KEY_LENGTH_MAX } from '../domain/limits.ts';

/** A string of RFC 9651: quoted, with a backslash before a quote or a backslash. */
const QUOTED = /^"((?:[\x20-\x21\x23-\x5b\x5d-\x7e]|\\["\\])*)"$/;
const PRINTABLE = /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/;

type KeyOutcome = { readonly ok: true; readonly key: string | null } | Refusal;

/** Reads the key from the first of the headers that is there: quoted, as the IETF draft says, or bare, as most send it. */
export function readIdempotencyKey(headers: IncomingHttpHeaders, names: readonly string[]): KeyOutcome {
  for (const name of names) {
    const value = headers[name];
    if (value === undefined) continue;
    const text = Array.isArray(value) ? value.join(',') : value;
    const quoted = QUOTED.exec(text);
    const key = quoted === null ? text : (quoted[1] ?? '').replaceAll(/\\(["\\])/g, '$1');
    if (key.length > 0 && key.length <= IDEMPOTENCY_KEY_LENGTH_MAX && (quoted !== null || isBare(key))) {
      return { ok: true, key };
    }
    return invalid(
      `#${name}`,
      `must be 1 to ${IDEMPOTENCY_KEY_LENGTH_MAX} printable ASCII characters, optionally in quotes`,
      'invalid_idempotency_key',
    );
  }
  return { ok: true, key: null };
}

function isBare(key: string): boolean {
  return PRINTABLE.test(key) && !key.startsWith('"');
}

const ENCODER = new TextEncoder();

/** The query is part of what was asked, so another query under the same key is another request. */
export function idempotencyRequest(options: {
  readonly method: string;
  readonly target: string;
  readonly key: string;
  readonly body: Uint8Array;
  /** Says what a raw body is, so it counts wherever the query does. */
  readonly contentType?: string | undefined;
}): IdempotencyRequest {
  const { method, target, key, body, contentType = '' } = options;
  const question = target.indexOf('?');
  if (question < 0) return { route: `${method} ${target}`, key, body };
  const query = ENCODER.encode(`${target.slice(question)}\n${contentType}\n`);
  const whole = new Uint8Array(query.length + body.length);
  whole.set(query, 0);
  whole.set(body, query.length);
  return { route: `${method} ${target.slice(0, question)}`, key, body: whole };
}
