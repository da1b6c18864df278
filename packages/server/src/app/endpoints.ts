import { isDeepStrictEqual } from 'node:util';
import type { AuditAction } from '../domain/audit-action.ts';
import type { Endpoint, EndpointStatus } from '../domain/endpoint.ts';
import { mergeEndpoint } from '../domain/endpoint-status.ts';
import type { EndpointId } from '../domain/ids.ts';
import type { ApplyOptions, Command, EndpointWithHealth, Page, PageRequest } from '../store/port.ts';
import { auditCommand, originOf } from './audit.ts';
import { type Caller, missingScope } from './caller.ts';
import type { AppContext } from './context.ts';
import { type EndpointCap, roomUnderCap, underCap } from './endpoint-cap.ts';
import { changeSettings, type EndpointSettings } from './endpoint-settings.ts';
import type { ALREADY_DONE } from './idempotency.ts';
import { inForceEverywhere, inForceSince } from './in-force.ts';
import { done, type Outcome, Refusal, refused } from './outcome.ts';
import { type ArchivedEndpoints, ownEndpoint, tellOfEndpoint } from './own-endpoint.ts';
import { policyDetail } from './policy-change.ts';
import { profileForRing, ringOf } from './ring-owner.ts';
import { type Decision, decideAndApply } from './submit.ts';

export async function readEndpoint(
  app: AppContext,
  caller: Caller,
  id: EndpointId,
  archived: ArchivedEndpoints,
): Promise<Outcome<EndpointWithHealth>> {
  return missingScope(caller, 'endpoints:read') ?? (await ownEndpoint(app, caller, id, archived));
}

export async function listEndpoints(
  app: AppContext,
  caller: Caller,
  page: PageRequest,
  archived: ArchivedEndpoints,
): Promise<Outcome<Page<EndpointWithHealth>>> {
  const refusal = missingScope(caller, 'endpoints:read');
  if (refusal !== null) return refusal;
  const among = archived === 'shown' ? 'included' : 'excluded';
  return done(await app.store.reader.endpoints(caller.organizationId, page, among));
}

const UNARCHIVED: readonly EndpointStatus['kind'][] = ['active', 'suspended'];
const ALL: readonly EndpointStatus['kind'][] = [...UNARCHIVED, 'archived'];

/** How many the list has. */
export async function countEndpoints(
  app: AppContext,
  caller: Caller,
  archived: ArchivedEndpoints,
): Promise<Outcome<number>> {
  const refusal = missingScope(caller, 'endpoints:read');
  if (refusal !== null) return refusal;
  return done(await app.store.reader.endpointCount(caller.organizationId, archived === 'shown' ? ALL : UNARCHIVED));
}

export type PatchEndpointInput = EndpointSettings & { readonly status?: EndpointStatus['kind'] };

export type PatchOptions = {
  /** Of active endpoints: none is resumed past it. */
  readonly cap?: EndpointCap | null;
  readonly archived: ArchivedEndpoints;
};

/** Changes what was named and nothing else. A change of URL keeps the ring. */
export async function patchEndpoint(
  app: AppContext,
  caller: Caller,
  id: EndpointId,
  patch: PatchEndpointInput,
  /** The version that the caller saw; null: whatever it is. */
  expectedVersion: number | null,
  { cap = null, archived }: PatchOptions,
): Promise<Outcome<EndpointWithHealth>> {
  const refusal = missingScope(caller, 'endpoints:write');
  if (refusal !== null) return refusal;
  const resumeCap = patch.status === 'active' && cap?.of === 'active' ? cap : null;
  const effect: PatchEffect = { isNone: false, stopsOrMoves: false };
  /** No rotation of its ring comes between the look at its secrets and the new profile. */
  const apart = async <T>(apply: () => Promise<T>): Promise<T> => {
    const found = await ownEndpoint(app, caller, id, archived);
    return await (found.ok ? app.queue.run(ringOf(found.value.endpoint), apply) : apply());
  };
  // One after another in this process, so that many at once do not wear out their rounds.
  const inTurn = (): Promise<Outcome<EndpointWithHealth> | typeof ALREADY_DONE> => {
    const apply = () =>
      decideAndApply(app, () => decidePatch(app, caller, { id, patch, expectedVersion, resumeCap, archived }, effect));
    return app.queue.run(`patch ${id}`, patch.signatureProfile === undefined ? apply : () => apart(apply));
  };
  const outcome = await underCap(app, caller.organizationId, resumeCap, inTurn);
  if (typeof outcome === 'symbol') throw new Error('a patch has no idempotency row');
  if (!outcome.ok) return outcome;
  const { endpoint } = outcome.value;
  if (effect.stopsOrMoves) await inForceEverywhere(app);
  // Another node may have done the same a moment ago.
  else if (effect.isNone) await inForceSince(app, endpoint.updatedAt);
  tellOfEndpoint(app, caller, endpoint);
  return outcome;
}

/** What a patch came to, in its last round. */
type PatchEffect = { isNone: boolean; stopsOrMoves: boolean };

/** Whether deliveries that go out by the endpoint as it was would go where, or as, they should not any more. */
function stopsOrMoves(before: Endpoint, after: Endpoint): boolean {
  if (before.status.kind === 'active' && after.status.kind !== 'active') return true;
  const sent = ({ url, headers, signatureProfile, envelope }: Endpoint) => ({
    url,
    headers,
    signatureProfile,
    envelope,
  });
  return !isDeepStrictEqual(sent(before), sent(after));
}

async function decidePatch(
  app: AppContext,
  caller: Caller,
  wanted: {
    readonly id: EndpointId;
    readonly patch: PatchEndpointInput;
    readonly expectedVersion: number | null;
    readonly resumeCap: EndpointCap | null;
    readonly archived: ArchivedEndpoints;
  },
  effect: PatchEffect,
): Promise<Decision<EndpointWithHealth>> {
  const { id, patch, expectedVersion, resumeCap, archived } = wanted;
  const found = await ownEndpoint(app, caller, id, archived);
  if (!found.ok) return found;
  const { endpoint, health } = found.value;
  if (expectedVersion !== null && expectedVersion !== endpoint.version) {
    return refused(
      'precondition_failed',
      'the endpoint changed since it was read; read it again and repeat the change',
    );
  }
  const { status, ...settings } = patch;
  const now = app.clock.now();
  const applied =
    endpoint.status.kind === 'archived' ? done(endpoint) : changeSettings(app, caller, endpoint, settings);
  if (!applied.ok) return applied;
  const said = Object.keys(settings) as (keyof EndpointSettings)[]; // Object.keys forgets the literal keys.
  const fields = Object.fromEntries(said.map((field) => [field, applied.value[field]]));
  const move = mergeEndpoint(endpoint, { ...fields, status }, now);
  if (move.kind === 'refused') return refused(move.code, move.detail);
  effect.isNone = move.kind === 'unchanged';
  if (move.kind === 'unchanged') return { ok: true, value: found.value, commands: [] };
  const { endpoint: next, resetHealth } = move;
  effect.stopsOrMoves = stopsOrMoves(endpoint, next);
  const changesProfile = !isDeepStrictEqual(next.signatureProfile, endpoint.signatureProfile);
  const fit = changesProfile ? await profileForRing(app, next) : done([]);
  if (!fit.ok) return fit;
  let options: ApplyOptions = {};
  if (next.status.kind === 'active' && endpoint.status.kind !== 'active') {
    const room = await roomUnderCap(app, caller.organizationId, resumeCap);
    if (Refusal.is(room)) return room;
    options = room;
  }
  const commands: Command[] = [
    ...fit.value,
    { kind: 'endpoint.put', endpoint: next, expectedVersion: endpoint.version, resetHealth },
    ...(move.wake ? [{ kind: 'endpoint.wake' as const, endpointId: id }] : []),
    auditCommand(app, caller, now, {
      action: actionOf(endpoint.status, next.status),
      target: id,
      detail: {
        fields: said.join(' '),
        ...(next.url === endpoint.url ? {} : { origin: originOf(next.url), before: originOf(endpoint.url) }),
        ...policyDetail(endpoint.rotationPolicy, next.rotationPolicy),
      },
    }),
  ];
  const cleared = { ...health, consecutiveFailures: 0, failingSince: null };
  return { ok: true, value: { endpoint: next, health: resetHealth ? cleared : health }, commands, options };
}

/** Ends an endpoint for good: what is queued for it is cancelled, its history stays. */
export async function archiveEndpoint(
  app: AppContext,
  caller: Caller,
  id: EndpointId,
  expectedVersion: number | null,
  archived: ArchivedEndpoints,
): Promise<Outcome<EndpointWithHealth>> {
  return await patchEndpoint(app, caller, id, { status: 'archived' }, expectedVersion, { archived });
}

function actionOf(before: EndpointStatus, after: EndpointStatus): AuditAction {
  if (before.kind === after.kind) return 'endpoint.updated';
  return after.kind === 'active' ? 'endpoint.resumed' : `endpoint.${after.kind}`;
}
