import { Type } from 'typebox';
import {
  cursorPages,
  NATIVE_ROTATION_POLICY,
  type Outcome,
  type Refusal,
  type RouteReply,
  refused,
} from '../public.ts';

export const pages = cursorPages();
export const IdParams = Type.Object({ id: Type.String() });

export const MERGE_PATCH = ['application/json', 'application/merge-patch+json'] as const;
export const IfMatch = Type.Object({
  'if-match': Type.Optional(Type.String({ description: 'The ETag that was read, a list of them, or `*`' })),
});

/** Of operations that show a secret. */
export const SECRET_AGAIN = `A repeated request with the same Idempotency-Key shows the secret again for ${NATIVE_ROTATION_POLICY.recoveryMinutes} minutes (\`recoveryMinutes\` of the rotation policy) and \`null\` as its value after that.`;

/** The reply to an outcome, or its refusal as it is. */
export function reply<T>(
  outcome: Outcome<T>,
  status: number,
  encode: (value: T) => unknown,
  headers?: Readonly<Record<string, string>>,
): RouteReply {
  if (!outcome.ok) return outcome;
  return {
    ok: true,
    status,
    body: encode(outcome.value),
    replayed: outcome.replayed,
    ...(headers === undefined ? {} : { headers }),
  };
}

/** What a malformed id gets: exactly what an unknown one gets. */
export function nothingThere(what: string): Refusal {
  return refused('not_found', `no such ${what}`);
}
