import { type ApiKey, apiKeyState } from '../domain/api-key.ts';
import type { ApiKeyId } from '../domain/ids.ts';
import { KEY_HINT_LENGTH_MAX, NAME_LENGTH_MAX } from '../domain/limits.ts';
import type { Scope } from '../domain/scope.ts';
import type { Page, PageRequest } from '../store/port.ts';
import { tokenHash } from './access.ts';
import { auditCommand } from './audit.ts';
import { type Caller, type IdempotencyRequest, missingScope } from './caller.ts';
import type { AppContext } from './context.ts';
import { idempotent } from './idempotency.ts';
import { inForceSince } from './in-force.ts';
import { done, invalid, type Outcome, type Refusal, refused, replayed } from './outcome.ts';
import { decideAndApply } from './submit.ts';

export type CreateKeyInput = {
  readonly name: string;
  readonly scopes: readonly Scope[];
  /** The dialect whose names its holder uses; every key works in every dialect. */
  readonly dialect: string;
  readonly expiresAt: number | null;
} & (
  | {
      /** What the token that is made begins with, for example `hk_live_`. */
      readonly tokenPrefix: string;
    }
  | {
      /** Of a token that its holder has already: lower-case hex of the SHA-256 of its UTF-8 bytes. */
      readonly tokenHash: string;
      /** By which people recognise it in a list. */
      readonly hint: string;
    }
);

/** The token is shown once; a repeated request is answered without it, as is one that brought its hash. */
export type CreatedKey = { readonly key: ApiKey; readonly token: string | null };

export const TOKEN_CHARACTERS = 43;
const TOKEN_HASH = /^[0-9a-f]{64}$/;
const HINT = new RegExp(`^[ -~]{1,${KEY_HINT_LENGTH_MAX}}$`);
const BASE62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
/** The largest multiple of 62 in a byte: bytes from there on would favour some characters. */
const BYTE_BOUND = 248;

export async function createKey(
  app: AppContext,
  caller: Caller,
  input: CreateKeyInput,
  request: IdempotencyRequest | null,
): Promise<Outcome<CreatedKey>> {
  const refusal = missingScope(caller, 'organization:admin');
  if (refusal !== null) return refusal;
  const beyond = input.scopes.filter((scope) => !caller.scopes.has(scope));
  if (beyond.length > 0) {
    return refused('missing_scope', `a key cannot give what it does not have: ${beyond.join(', ')}`);
  }
  if (input.scopes.length === 0) return invalid('/scopes', 'must name at least one scope');
  if (input.name.length > NAME_LENGTH_MAX) return invalid('/name', `must be at most ${NAME_LENGTH_MAX} characters`);
  const now = app.clock.now();
  if (input.expiresAt !== null && input.expiresAt <= now) return invalid('/expiresAt', 'must be in the future');
  if ('tokenHash' in input && !TOKEN_HASH.test(input.tokenHash)) {
    return invalid('/tokenHash', 'must be 64 characters of hex, as SHA-256 makes them', 'wrong_format');
  }
  if ('hint' in input && !HINT.test(input.hint)) {
    return invalid('/hint', `must be 1 to ${KEY_HINT_LENGTH_MAX} printable ASCII characters`, 'wrong_format');
  }
  return await idempotent<CreatedKey, { keyId: ApiKeyId }>(app, caller, request, {
    perform: async (row) => {
      const { token, ...kept } = 'tokenHash' in input ? broughtToken(input) : newToken(app, input.tokenPrefix);
      const key: ApiKey = {
        id: app.ids.next('key'),
        organizationId: caller.organizationId,
        name: input.name,
        ...kept,
        dialect: input.dialect,
        scopes: [...new Set(input.scopes)],
        createdAt: now,
        expiresAt: input.expiresAt,
        revokedAt: null,
      };
      const outcome = await decideAndApply<CreatedKey>(app, async () => {
        const same = token === null ? await app.store.reader.apiKeyByHash(key.tokenHash) : null;
        if (same !== null) return hashTaken(caller, same, key.scopes);
        return {
          ok: true,
          value: { key, token },
          commands: [
            ...(row === null ? [] : [{ kind: 'idempotency.insert' as const, row: row({ keyId: key.id }) }]),
            { kind: 'apiKey.insert', apiKey: key },
            auditCommand(app, caller, now, {
              action: token === null ? 'key.imported' : 'key.created',
              target: key.id,
              detail: { scopes: key.scopes.join(' '), dialect: key.dialect, expiresAt: key.expiresAt },
            }),
          ],
        };
      });
      if (typeof outcome !== 'symbol' && outcome.ok) tell(app, caller, key.id, token === null ? 'imported' : 'created');
      return outcome;
    },
    replay: async ({ keyId }) => {
      const key = await app.store.reader.apiKey(caller.organizationId, keyId);
      return key === null ? refused('not_found', 'no such API key') : replayed({ key, token: null });
    },
  });
}

type Token = { readonly token: string | null } & Pick<ApiKey, 'tokenHash' | 'hint'>;

function newToken(app: AppContext, prefix: string): Token {
  const token = `${prefix}${randomText(app, TOKEN_CHARACTERS)}`;
  return { token, tokenHash: tokenHash(token), hint: `${prefix}…${token.slice(-4)}` };
}

function broughtToken(input: Pick<ApiKey, 'tokenHash' | 'hint'>): Token {
  return { token: null, tokenHash: input.tokenHash, hint: input.hint };
}

/**
 * Tells of an organization's own key which one it is, and whether it may do something else than is wanted now; of
 * another's, nothing but that the hash is taken.
 */
function hashTaken(caller: Caller, key: ApiKey, wanted: readonly Scope[]): Refusal {
  const isOwn = key.organizationId === caller.organizationId;
  const isRevoked = isOwn && key.revokedAt !== null;
  const detail = isRevoked
    ? `belongs to ${key.id}, which was revoked; a revoked key never works again`
    : isOwn
      ? `was imported before, as ${key.id}`
      : 'is taken';
  const code = isOwn && !isRevoked ? 'already_imported' : 'taken';
  const errors = [{ pointer: '/tokenHash', detail, code }];
  const isSame = wanted.length === key.scopes.length && wanted.every((scope) => key.scopes.includes(scope));
  if (code === 'already_imported' && !isSame) {
    const kept = `are others than those that it keeps: ${key.scopes.join(', ')}`;
    errors.push({ pointer: '/scopes', detail: kept, code: 'other_scopes' });
  }
  return refused('conflict', `this token hash ${detail}`, { errors });
}

export async function listKeys(app: AppContext, caller: Caller, page: PageRequest): Promise<Outcome<Page<ApiKey>>> {
  const refusal = missingScope(caller, 'organization:admin');
  if (refusal !== null) return refusal;
  return done(await app.store.reader.apiKeys(caller.organizationId, page));
}

/** Revoked when it is answered; revoking again changes nothing. */
export async function revokeKey(
  app: AppContext,
  caller: Caller,
  id: ApiKeyId,
  request: IdempotencyRequest | null,
): Promise<Outcome<ApiKey>> {
  const refusal = missingScope(caller, 'organization:admin');
  if (refusal !== null) return refusal;
  const read = async () => await app.store.reader.apiKey(caller.organizationId, id);
  return await idempotent<ApiKey, null>(app, caller, request, {
    perform: async (row) => {
      const outcome = await decideAndApply<ApiKey>(app, async () => {
        const key = await read();
        if (key === null) return refused('not_found', 'no such API key');
        const now = app.clock.now();
        const remembered = row === null ? [] : [{ kind: 'idempotency.insert' as const, row: row(null) }];
        if (apiKeyState(key, now) === 'revoked') return { ok: true, value: key, commands: remembered };
        const audited = auditCommand(app, caller, now, { action: 'key.revoked', target: id });
        return {
          ok: true,
          value: { ...key, revokedAt: now },
          commands: [...remembered, { kind: 'apiKey.revoke', id, at: now }, audited],
        };
      });
      if (typeof outcome === 'symbol' || !outcome.ok) return outcome;
      if (outcome.value.revokedAt !== null) await inForceSince(app, outcome.value.revokedAt);
      tell(app, caller, id, 'revoked');
      return outcome;
    },
    replay: async () => {
      const key = await read();
      if (key === null) return refused('not_found', 'no such API key');
      if (key.revokedAt !== null) await inForceSince(app, key.revokedAt);
      return replayed(key);
    },
  });
}

function tell(app: AppContext, caller: Caller, keyId: ApiKeyId, change: 'created' | 'imported' | 'revoked'): void {
  const { actor, requestId, organizationId } = caller;
  app.telemetry.keyChanged({ keyId, organizationId, change, actor, requestId });
}

/** Uniform characters of `[0-9A-Za-z]`. */
export function randomText(app: Pick<AppContext, 'fillRandom'>, length: number): string {
  const bytes = new Uint8Array(length * 2);
  let text = '';
  while (text.length < length) {
    app.fillRandom(bytes);
    for (const byte of bytes) {
      if (byte < BYTE_BOUND && text.length < length) text += BASE62[byte % 62] ?? '';
    }
  }
  return text;
}
