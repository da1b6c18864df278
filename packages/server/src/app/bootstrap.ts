import type { ApiKey } from '../domain/api-key.ts';
import { STORE_CONFLICT_RETRIES_MAX } from '../domain/limits.ts';
import { DEFAULT_ORGANIZATION_EXTERNAL_ID, type Organization } from '../domain/organization.ts';
import { NATIVE_ROTATION_POLICY } from '../domain/rotation-policy.ts';
import { SCOPES } from '../domain/scope.ts';
import type { Command } from '../store/port.ts';
import { tokenHash } from './access.ts';
import { systemAuditCommand } from './audit.ts';
import type { AppContext } from './context.ts';
import { randomText, TOKEN_CHARACTERS } from './keys.ts';
import { firstSecret } from './minting.ts';

const TOKEN_PREFIX = 'hk_live_';

/**
 * Makes the organization `default` at the first start. With `mintKey` it has an API key afterwards, unless the operator
 * brought one: answers the token of a key made now, which is shown once, or null.
 */
export async function bootstrap(
  app: AppContext,
  options: { readonly mintKey: boolean },
): Promise<{ readonly token: string | null }> {
  for (let round = 0; round < STORE_CONFLICT_RETRIES_MAX; round += 1) {
    const done = await tryBootstrap(app, options);
    if (done !== null) return done;
  }
  throw new Error('other nodes kept making the first organization at the same moment');
}

/** Null: another node that starts just now was first, so look again. */
async function tryBootstrap(
  app: AppContext,
  { mintKey }: { readonly mintKey: boolean },
): Promise<{ readonly token: string | null } | null> {
  const now = app.clock.now();
  const found = await app.store.reader.organizationByExternalId(DEFAULT_ORGANIZATION_EXTERNAL_ID);
  const organization = found ?? defaultOrganization(app, now);
  const commands: Command[] = found === null ? creation(app, organization, now) : [];
  const wantsKey = mintKey && app.settings.bootstrapKeyHash === null;
  const made = wantsKey && !(await hasKeys(app, organization)) ? firstKey(app, organization, now) : null;
  if (made !== null) commands.push(...keyCreation(app, made.key));
  if (commands.length === 0) return { token: null };
  const applied = await app.store.apply(commands);
  return applied.kind === 'applied' ? { token: made?.token ?? null } : null;
}

async function hasKeys(app: AppContext, { id }: Organization): Promise<boolean> {
  const { items } = await app.store.reader.apiKeys(id, { after: null, itemsMax: 1 });
  return items.length > 0;
}

function defaultOrganization(app: AppContext, now: number): Organization {
  return {
    id: app.ids.next('org'),
    externalId: DEFAULT_ORGANIZATION_EXTERNAL_ID,
    name: 'Default',
    rotationPolicy: NATIVE_ROTATION_POLICY,
    version: 1,
    createdAt: now,
    updatedAt: now,
  };
}

function creation(app: AppContext, organization: Organization, now: number): Command[] {
  const { ring } = firstSecret(app, {
    owner: organization.id,
    actor: 'system',
    policy: organization.rotationPolicy,
    now,
    spelling: 'whsec',
    algorithm: 'hmac-sha256',
    decoding: 'base64',
  });
  return [
    { kind: 'organization.insert', organization },
    { kind: 'keyring.insert', ring },
    systemAuditCommand(app, now, {
      action: 'organization.created',
      target: organization.id,
      organizationId: organization.id,
    }),
  ];
}

function keyCreation(app: AppContext, key: ApiKey): Command[] {
  const { organizationId, createdAt, scopes } = key;
  const detail = { scopes: scopes.join(' '), dialect: key.dialect, expiresAt: key.expiresAt };
  return [
    { kind: 'apiKey.insert', apiKey: key },
    systemAuditCommand(app, createdAt, { action: 'key.created', target: key.id, organizationId, detail }),
  ];
}

function firstKey(app: AppContext, organization: Organization, now: number): { key: ApiKey; token: string } {
  const token = `${TOKEN_PREFIX}${randomText(app, TOKEN_CHARACTERS)}`;
  const key: ApiKey = {
    id: app.ids.next('key'),
    organizationId: organization.id,
    name: 'First key',
    tokenHash: tokenHash(token),
    hint: `${TOKEN_PREFIX}…${token.slice(-4)}`,
    dialect: 'native',
    scopes: SCOPES,
    createdAt: now,
    expiresAt: null,
    revokedAt: null,
  };
  return { key, token };
}
