import { type TSchema, Type } from 'typebox';
import { type Outcome, refused } from '../../app/outcome.ts';
import { CURSOR_LENGTH_MAX, PAGE_ITEMS_DEFAULT, PAGE_ITEMS_MAX } from '../../domain/limits.ts';
import { NATIVE_ROTATION_POLICY } from '../../domain/rotation-policy.ts';
import type { RouteReply } from '../../http/route.ts';
import { STRICT } from './schema-parts.ts';

export const IdParams = Type.Object({ id: Type.String() });

/** The query of a list: its filters, and the page. */
export function listQuery<const F extends Record<string, TSchema>>(
  filters: F,
  itemsDefault: number = PAGE_ITEMS_DEFAULT,
) {
  return Type.Object(
    {
      ...filters,
      limit: Type.Optional(
        Type.Integer({
          minimum: 1,
          maximum: PAGE_ITEMS_MAX,
          description: `Items on the page; ${itemsDefault} unless given`,
        }),
      ),
      cursor: Type.Optional(
        Type.String({ minLength: 1, maxLength: CURSOR_LENGTH_MAX, description: '`nextCursor` of the page before' }),
      ),
    },
    STRICT,
  );
}

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
export function nothingThere(what: string): Extract<Outcome<never>, { ok: false }> {
  return refused('not_found', `no such ${what}`);
}
