import { decideAhead } from '../domain/decide-keyring.ts';
import { parseId, type SecretId } from '../domain/ids.ts';
import type { RingRefusal } from '../domain/keyring-decision.ts';
import type { RotationPolicy } from '../domain/rotation-policy.ts';
import type { RingOwner, Secret } from '../domain/secret.ts';
import type { Page, PageRequest } from '../store/port.ts';
import { auditCommand } from './audit.ts';
import { type Caller, type IdempotencyRequest, missingScope } from './caller.ts';
import type { AppContext } from './context.ts';
import { idempotent } from './idempotency.ts';
import { commitBefore, inForce, leadMs } from './in-force.ts';
import { done, type Outcome, refused, replayed } from './outcome.ts';
import type { ArchivedEndpoints } from './own-endpoint.ts';
import { noRing, ownerOf, policyOf, ringRefusal, scopesFor } from './ring-owner.ts';
import { decideAndApply } from './submit.ts';

/** The whole history of a ring, newest first; never material. */
export async function listSecrets(
  app: AppContext,
  caller: Caller,
  owner: RingOwner,
  page: PageRequest,
  archived: ArchivedEndpoints,
): Promise<Outcome<Page<Secret>>> {
  const refusal = missingScope(caller, parseId('org', owner) === null ? 'endpoints:read' : 'organization:admin');
  if (refusal !== null) return refusal;
  const owned = await ownerOf(app, caller, owner, 'read', archived);
  if (!owned.ok) return owned;
  return done(await app.store.reader.secrets(owner, page));
}

/** Ends a staged or retiring secret now. The active one ends only by a rotation. */
export async function revokeSecret(
  app: AppContext,
  caller: Caller,
  input: {
    readonly owner: RingOwner;
    readonly secretId: SecretId;
    readonly dialectPolicy: RotationPolicy | null;
    readonly archived: ArchivedEndpoints;
  },
  request: IdempotencyRequest | null,
): Promise<Outcome<Secret>> {
  const { owner, secretId, archived } = input;
  const refusal = missingScope(caller, ...scopesFor(owner));
  if (refusal !== null) return refusal;
  const tell = async (answer: typeof done<Secret>): Promise<Outcome<Secret>> => {
    const secret = await app.store.reader.secret(owner, secretId);
    return secret === null ? refused('secret_not_found', 'the ring has no such secret') : answer(secret);
  };
  return await idempotent<Secret, { secretId: SecretId }>(app, caller, request, {
    perform: async (row) => {
      let at = 0;
      const outcome = await app.queue.run(owner, async () =>
        decideAndApply<null>(app, async (lates) => {
          const owned = await ownerOf(app, caller, owner, 'change', archived);
          if (!owned.ok) return owned;
          const ring = await app.store.reader.keyring(owner);
          if (ring === null) return noRing();
          const now = app.clock.now();
          at = now + leadMs(app, lates);
          const { policy, imposed } = policyOf(app, owned.value.policy, input.dialectPolicy);
          const decision = decideAhead(ring, policy, { kind: 'revoke', secretId }, { now, effectiveAt: at });
          if (decision.kind === 'refused') return await revokeRefusal(app, decision, imposed, { owner, secretId });
          return {
            ok: true,
            value: null,
            options: commitBefore(app, at),
            commands: [
              ...(row === null ? [] : [{ kind: 'idempotency.insert' as const, row: row({ secretId }) }]),
              { kind: 'keyring.put', ring: decision.ring, retired: decision.retired, expectedVersion: ring.version },
              auditCommand(app, caller, now, {
                action: 'secret.revoked',
                target: owner,
                organizationId: owned.value.organizationId,
                detail: { secretId },
              }),
            ],
          };
        }),
      );
      if (typeof outcome === 'symbol' || !outcome.ok) return outcome;
      await inForce(app, at);
      app.telemetry.secretRevoked({ owner, secretId, actor: caller.actor, requestId: caller.requestId });
      return await tell(done);
    },
    replay: async () => {
      const owned = await ownerOf(app, caller, owner, 'read', archived);
      if (!owned.ok) return owned;
      const answer = await tell(replayed);
      // Another node may have committed it a moment ago.
      if (answer.ok && answer.value.revokedAt !== null) await inForce(app, answer.value.revokedAt);
      return answer;
    },
  });
}

/** A secret that left the ring long ago is not living any more, which says more than "not found". */
async function revokeRefusal(
  app: AppContext,
  decision: RingRefusal,
  imposed: boolean,
  { owner, secretId }: { owner: RingOwner; secretId: SecretId },
) {
  if (decision.code === 'secret_not_found' && (await app.store.reader.secret(owner, secretId)) !== null) {
    return refused('secret_not_living', 'the secret is dead already');
  }
  return ringRefusal(decision, imposed);
}
