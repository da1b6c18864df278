import { createKey as create, listKeys as list, revokeKey as revoke } from '../../app/keys.ts';
import type { ApiKey } from '../../domain/api-key.ts';
import type { ApiKeyId } from '../../domain/ids.ts';
import type { Scope } from '../../domain/scope.ts';
import type { Page, PageRequest } from '../../store/port.ts';
import { type Operation, operation } from '../operation.ts';
import { mapOutcome } from './endpoint-view.ts';

/** An API key as a dialect gets it: nothing that its token could be known by. */
export type KeyView = Omit<ApiKey, 'tokenHash'>;

export type CreatedKeyView = {
  readonly key: KeyView;
  /** Shown once; null to a repeated request. */
  readonly token: string | null;
};

export type KeyRequest = {
  /** For people; empty unless given. */
  readonly name?: string;
  /** At least one, and none that the caller lacks. */
  readonly scopes: readonly Scope[];
  /** The name of the dialect whose words its holder uses; the one that asks unless given. A key opens all of them. */
  readonly dialect?: string;
  /** Epoch milliseconds; null or not given: never. */
  readonly expiresAt?: number | null;
};

/** Makes a key for the caller's organization. Its token is shown once, and `null` to a repeated request. */
export const createKey: Operation<
  KeyRequest & {
    /** What the token begins with, for example `hk_live_`. */
    readonly tokenPrefix: string;
  },
  CreatedKeyView
> = operation({
  name: 'createKey',
  scopes: ['organization:admin'],
  idempotent: true,
  async run({ app, caller, idempotency, conduct }, { tokenPrefix, ...request }) {
    const { name = '', scopes, dialect = conduct.dialect, expiresAt = null } = request;
    const outcome = await create(app, caller, { name, scopes, dialect, expiresAt, tokenPrefix }, idempotency);
    return await mapOutcome(outcome, ({ key, token }) => ({ key: viewKey(key), token }));
  },
});

/** Lets a token in that its holder has already. The token itself is never sent here. */
export const importKey: Operation<
  KeyRequest & {
    /** Lower-case hex of SHA-256 over the token, or of what the dialect's `apiKeys({ hash })` makes of it. */
    readonly tokenHash: string;
    /** By which people recognise the token in a list. */
    readonly hint: string;
  },
  KeyView
> = operation({
  name: 'importKey',
  scopes: ['organization:admin'],
  idempotent: true,
  async run({ app, caller, idempotency, conduct }, { tokenHash, hint, ...request }) {
    const { name = '', scopes, dialect = conduct.dialect, expiresAt = null } = request;
    const outcome = await create(app, caller, { name, scopes, dialect, expiresAt, tokenHash, hint }, idempotency);
    return await mapOutcome(outcome, ({ key }) => viewKey(key));
  },
});

/** The keys of the caller's organization, newest first, those that open nothing any more too. */
export const listKeys: Operation<{ readonly page: PageRequest }, Page<KeyView>> = operation({
  name: 'listKeys',
  scopes: ['organization:admin'],
  run: async ({ app, caller }, { page }) =>
    await mapOutcome(await list(app, caller, page), ({ items, nextCursor }) => ({
      items: items.map(viewKey),
      nextCursor,
    })),
});

/** When it answers, the key opens nothing any more. Revoking again changes nothing. */
export const revokeKey: Operation<{ readonly keyId: ApiKeyId }, KeyView> = operation({
  name: 'revokeKey',
  scopes: ['organization:admin'],
  idempotent: true,
  run: async ({ app, caller, idempotency }, { keyId }) =>
    await mapOutcome(await revoke(app, caller, keyId, idempotency), viewKey),
});

function viewKey(key: ApiKey): KeyView {
  return {
    id: key.id,
    organizationId: key.organizationId,
    name: key.name,
    hint: key.hint,
    dialect: key.dialect,
    scopes: key.scopes,
    createdAt: key.createdAt,
    expiresAt: key.expiresAt,
    revokedAt: key.revokedAt,
  };
}
