import { nativeWebhooks } from '@hookring/signing';
import { Type } from 'typebox';
import { NATIVE_ROTATION_POLICY } from '../../domain/rotation-policy.ts';
import type { AuthenticationWay } from '../authentication.ts';
import { defineDialect } from '../define-dialect.ts';
import type { Dialect } from '../dialect.ts';
import { type DialectRoute, keyRoute } from '../dialect-route.ts';
import { typeIds } from '../id-codec.ts';
import type { RunningDialects } from './running-dialects.ts';

const Caller = Type.Object({ organization: Type.String(), actor: Type.String(), scopes: Type.Array(Type.String()) });

/** Answers who asks, and nothing else. */
const whoamiRoute = keyRoute({
  method: 'GET',
  path: '/whoami',
  operationId: 'whoami',
  summary: 'Who asks',
  tag: 'test',
  scopes: [],
  idempotent: false,
  request: {},
  responses: { 200: Caller },
  handle: ({ caller }) => ({
    ok: true,
    status: 200,
    body: { organization: caller.organizationId, actor: caller.actor, scopes: [...caller.scopes].sort() },
  }),
});

/** A dialect with an alias, which tells who asks. */
export function whoamiDialect(
  name: string,
  authenticate: readonly AuthenticationWay[],
  routes: readonly DialectRoute[] = [],
): Dialect {
  return defineDialect({
    name,
    title: name,
    description: 'For tests',
    version: '1',
    tokenPrefix: `${name}_`,
    scopeAliases: WHOAMI_ALIASES,
    authenticate,
    ids: { endpoint: typeIds('ep'), delivery: typeIds('dlv') },
    problems: {
      contentType: 'application/json',
      schema: Type.Object({ code: Type.String(), detail: Type.String() }),
      encode: ({ code, detail, extra }) => ({ code, detail, ...extra }),
    },
    endpointDefaults: {
      signatureProfile: nativeWebhooks,
      envelope: null,
      retrySchedule: null,
      rotationPolicy: NATIVE_ROTATION_POLICY,
      catalogue: null,
      secretSpelling: 'whsec',
    },
    routes: [whoamiRoute, ...routes],
  });
}

export const WHOAMI_ALIASES = {
  'webhooks:manage': ['endpoints:read', 'endpoints:write'],
  'webhooks:send': ['events:write'],
} as const;

export type Told = {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: Readonly<Record<string, unknown>>;
};

/** Asks a dialect of this kind who the holder of a token is. */
export async function whoami(
  running: RunningDialects,
  dialect: Dialect,
  token: string | null,
  headers: Readonly<Record<string, string>> = {},
): Promise<Told> {
  const answer = await running.http.inject({
    url: `${running.prefixOf(dialect)}/whoami`,
    headers: { ...(token === null ? {} : { authorization: `Bearer ${token}` }), ...headers },
  });
  return { status: answer.statusCode, headers: answer.headers, body: answer.json() };
}

export type MadeKey = { readonly id: string; readonly token: string; readonly organizationId: string };

/** An organization of that externalId, and a key of it. */
export async function makeKey(
  running: RunningDialects,
  externalId: string,
  scopes: readonly string[],
  more: { readonly tokenHash?: string; readonly expiresAt?: string } = {},
): Promise<MadeKey> {
  const asked = { authorization: `Bearer ${running.bootstrapKey}`, 'content-type': 'application/json' };
  await running.http.inject({
    method: 'POST',
    url: '/v1/organizations',
    headers: asked,
    payload: JSON.stringify({ name: externalId, externalId }),
  });
  const made = await running.http.inject({
    method: 'POST',
    url: '/v1/keys',
    headers: { ...asked, 'hookring-organization': externalId },
    payload: JSON.stringify({ name: 'test', scopes, ...more }),
  });
  if (made.statusCode !== 201) throw new Error(made.body);
  const { key, token } = made.json<{ key: Omit<MadeKey, 'token'>; token: string }>();
  return { id: key.id, organizationId: key.organizationId, token };
}

export async function revokeKey(running: RunningDialects, { id, organizationId }: MadeKey): Promise<void> {
  const revoked = await running.http.inject({
    method: 'POST',
    url: `/v1/keys/${id}/revoke`,
    headers: { authorization: `Bearer ${running.bootstrapKey}`, 'hookring-organization': organizationId },
  });
  if (revoked.statusCode !== 200) throw new Error(revoked.body);
}
