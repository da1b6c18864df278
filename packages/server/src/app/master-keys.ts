import type { Sealed } from '../domain/secret.ts';
import { headerSealId } from '../domain/static-header.ts';
import { auditAhead } from './audit.ts';
import { type Caller, type IdempotencyRequest, missingScope } from './caller.ts';
import type { AppContext } from './context.ts';
import { idempotentAfter } from './idempotency.ts';
import { done, invalid, type Outcome, refused } from './outcome.ts';
import { resealServiceKeys } from './service-key.ts';
import { decideAndApply } from './submit.ts';

export type MasterKeyStatus = {
  /** Ids only, the first seals. */
  readonly keyIds: readonly string[];
  readonly source: 'configured' | 'generated';
};

/** One bounded step of sealing everything under the first key again. */
export type ResealStep = {
  readonly resealed: number;
  /** Give it to the next step; null when all is sealed under the first key. */
  readonly nextCursor: string | null;
};

const RESEAL_ITEMS_MAX = 500;
const SECRETS_PASS = 'secrets:';
const HEADERS_PASS = 'headers:';

export async function masterKeyStatus(app: AppContext, caller: Caller): Promise<Outcome<MasterKeyStatus>> {
  const refusal = missingScope(caller, 'operator');
  return refusal ?? done({ keyIds: app.masterKeys.ids(), source: app.masterKeys.source });
}

/**
 * Begins a change of master key: a generated key file gets a new first key; a configured list must have been given a
 * new first key by the operator already. Old keys stay until nothing needs them.
 */
export async function beginMasterKeyRotation(
  app: AppContext,
  caller: Caller,
  request: IdempotencyRequest | null,
): Promise<Outcome<MasterKeyStatus>> {
  const refusal = missingScope(caller, 'operator');
  return refusal ?? (await idempotentAfter(app, caller, request, async () => await begin(app, caller)));
}

async function begin(app: AppContext, caller: Caller): Promise<Outcome<MasterKeyStatus>> {
  const { source } = app.masterKeys;
  const entry = { target: app.masterKeys.first().id, detail: { source } };
  await auditAhead(app, caller, { action: 'master_key.rotated', ...entry });
  if (source === 'generated') await app.masterKeys.addFirst();
  return done({ keyIds: app.masterKeys.ids(), source });
}

export async function resealStep(
  app: AppContext,
  caller: Caller,
  cursor: string | null,
  request: IdempotencyRequest | null,
): Promise<Outcome<ResealStep>> {
  const refusal = missingScope(caller, 'operator');
  return refusal ?? (await idempotentAfter(app, caller, request, async () => await reseal(app, caller, cursor)));
}

async function reseal(app: AppContext, caller: Caller, cursor: string | null): Promise<Outcome<ResealStep>> {
  const at = cursor ?? SECRETS_PASS;
  if (at.startsWith(SECRETS_PASS)) return done(await resealSecrets(app, caller, at.slice(SECRETS_PASS.length)));
  if (at.startsWith(HEADERS_PASS)) return done(await resealHeaders(app, caller, at.slice(HEADERS_PASS.length)));
  return invalid('/cursor', 'is not a cursor of this operation');
}

/** Drops the old keys of a generated key file once a whole pass found nothing left under them. */
export async function finishMasterKeyRotation(
  app: AppContext,
  caller: Caller,
  request: IdempotencyRequest | null,
): Promise<Outcome<MasterKeyStatus>> {
  const refusal = missingScope(caller, 'operator');
  return refusal ?? (await idempotentAfter(app, caller, request, async () => await finish(app, caller)));
}

async function finish(app: AppContext, caller: Caller): Promise<Outcome<MasterKeyStatus>> {
  let cursor: string | null = null;
  do {
    const step: Outcome<ResealStep> = await reseal(app, caller, cursor);
    if (!step.ok) return step;
    if (step.value.resealed > 0)
      return refused('conflict', 'something is still sealed under an old key; run the steps again');
    cursor = step.value.nextCursor;
  } while (cursor !== null);
  const { source } = app.masterKeys;
  await auditAhead(app, caller, {
    action: 'master_key.finished',
    target: app.masterKeys.first().id,
    detail: { source },
  });
  if (source === 'generated') await app.masterKeys.dropAllButFirst();
  return done({ keyIds: app.masterKeys.ids(), source: app.masterKeys.source });
}

async function resealSecrets(app: AppContext, caller: Caller, after: string): Promise<ResealStep> {
  const page = await app.store.reader.sealedSecrets({ after: after === '' ? null : after, itemsMax: RESEAL_ITEMS_MAX });
  const secrets = page.items
    .filter(({ sealed }) => app.vault.isStale(sealed))
    .map(({ owner, id, sealed }) => ({ owner, id, from: sealed, to: sealAgain(app, sealed, owner, id) }));
  if (secrets.length > 0) await auditReseal(app, caller, 'secrets', secrets.length);
  const own = after === '' ? await resealServiceKeys(app) : 0;
  const changed = secrets.length === 0 ? own : own + (await app.store.reseal({ secrets })).changed;
  const nextCursor = page.nextCursor === null ? HEADERS_PASS : `${SECRETS_PASS}${page.nextCursor}`;
  return { resealed: changed, nextCursor };
}

/** Static headers are part of their endpoint, so sealing them again is a change of it like any other. */
async function resealHeaders(app: AppContext, caller: Caller, after: string): Promise<ResealStep> {
  const page = await app.store.reader.sealedHeaders({ after: after === '' ? null : after, itemsMax: RESEAL_ITEMS_MAX });
  const stale = page.items.filter(({ sealed }) => app.vault.isStale(sealed));
  if (stale.length > 0) await auditReseal(app, caller, 'headers', stale.length);
  const endpointIds = new Set(stale.map(({ endpointId }) => endpointId));
  for (const id of endpointIds) {
    await decideAndApply<null>(app, async () => {
      const found = await app.store.reader.endpointById(id);
      if (found === null) return { ok: true, value: null, commands: [] };
      const { endpoint } = found;
      const headers = endpoint.headers.map(({ name, sealed }) => ({
        name,
        sealed: app.vault.isStale(sealed) ? sealAgain(app, sealed, id, headerSealId(name)) : sealed,
      }));
      const next = { ...endpoint, headers, version: endpoint.version + 1 };
      const expectedVersion = endpoint.version;
      return {
        ok: true,
        value: null,
        commands: [{ kind: 'endpoint.put', endpoint: next, expectedVersion, resetHealth: false }],
      };
    });
  }
  return { resealed: stale.length, nextCursor: page.nextCursor === null ? null : `${HEADERS_PASS}${page.nextCursor}` };
}

async function auditReseal(app: AppContext, caller: Caller, what: 'secrets' | 'headers', count: number): Promise<void> {
  const target = app.masterKeys.first().id;
  await auditAhead(app, caller, { action: 'master_key.resealed', target, detail: { what, count } });
}

function sealAgain(app: AppContext, sealed: Sealed, owner: string, id: string): Sealed {
  return app.vault.seal(app.vault.unseal(sealed, owner, id), owner, id);
}
