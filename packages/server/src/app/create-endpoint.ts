import type { SignatureProfile } from '@hookring/signing';
import { type Endpoint, UNTRIED } from '../domain/endpoint.ts';
import type { Envelope } from '../domain/envelope.ts';
import type { EndpointId } from '../domain/ids.ts';
import { boundPolicy } from '../domain/policy-choice.ts';
import type { RotationPolicy } from '../domain/rotation-policy.ts';
import type { SecretAlgorithm } from '../domain/secret.ts';
import type { EndpointWithHealth } from '../store/port.ts';
import { auditCommand, originOf } from './audit.ts';
import { type Caller, type IdempotencyRequest, missingScope } from './caller.ts';
import type { AppContext } from './context.ts';
import { type EndpointCap, roomUnderCap, underCap } from './endpoint-cap.ts';
import { changeSettings, type EndpointSettings } from './endpoint-settings.ts';
import { idempotent } from './idempotency.ts';
import { firstSecret, type SecretSpelling, type ShownSecret, secretAgain } from './minting.ts';
import { done, type Outcome, Refusal, replayed } from './outcome.ts';
import { type ArchivedEndpoints, ownEndpoint, tellOfEndpoint } from './own-endpoint.ts';
import { profileForRing, refusalOfAlgorithm } from './ring-owner.ts';
import { type Decision, decideAndApply } from './submit.ts';

/** What a dialect gives an endpoint that it creates; copied onto it. */
export type EndpointDefaults = {
  readonly signatureProfile: SignatureProfile;
  readonly envelope: Envelope | null;
  readonly retrySchedule: readonly number[] | null;
  readonly rotationPolicy: RotationPolicy;
  readonly catalogue: readonly string[] | null;
  readonly secretSpelling: SecretSpelling;
};

export type CreateEndpointInput = {
  readonly settings: EndpointSettings & { readonly url: string };
  readonly keyring: 'own' | 'organization';
  readonly algorithm: SecretAlgorithm;
  readonly defaults: EndpointDefaults;
  readonly cap?: EndpointCap | null;
  /** Of a repeated request, whose endpoint may have been archived. */
  readonly archived: ArchivedEndpoints;
};

export type CreatedEndpoint = EndpointWithHealth & {
  /** Shown once; null when the organization's ring signs. */
  readonly secret: ShownSecret | null;
};

type Reference = {
  readonly endpointId: EndpointId;
  readonly secretId: ShownSecret['id'] | null;
  readonly recoverUntil: number;
};

export async function createEndpoint(
  app: AppContext,
  caller: Caller,
  input: CreateEndpointInput,
  request: IdempotencyRequest | null,
): Promise<Outcome<CreatedEndpoint>> {
  const refusal = missingScope(caller, 'endpoints:write');
  if (refusal !== null) return refusal;
  const { cap = null, archived } = input;
  return await idempotent<CreatedEndpoint, Reference>(app, caller, request, {
    perform: async (row) => {
      const now = app.clock.now();
      const applied = changeSettings(app, caller, blankEndpoint(app, caller, input, now), input.settings);
      if (!applied.ok) return applied;
      const endpoint = applied.value;
      const isOfOrganization = input.keyring === 'organization';
      const unfit = isOfOrganization ? null : refusalOfAlgorithm(endpoint.signatureProfile, input.algorithm);
      if (unfit !== null) return unfit;
      const first = isOfOrganization
        ? null
        : firstSecret(app, {
            owner: endpoint.id,
            actor: caller.actor,
            policy: endpoint.rotationPolicy,
            now,
            spelling: input.defaults.secretSpelling,
            algorithm: input.algorithm,
            decoding: endpoint.signatureProfile.secretDecoding,
          });
      const secret = first?.shown ?? null;
      const { recoveryMinutes } = boundPolicy(endpoint.rotationPolicy, app.settings.rotationLimits);
      const recoverUntil = now + recoveryMinutes * 60_000;
      const reference = { endpointId: endpoint.id, secretId: secret?.id ?? null, recoverUntil };
      const decide = async (): Promise<Decision<CreatedEndpoint>> => {
        const fit = isOfOrganization ? await profileForRing(app, endpoint) : done([]);
        if (!fit.ok) return fit;
        const room = await roomUnderCap(app, caller.organizationId, cap);
        if (Refusal.is(room)) return room;
        return {
          ok: true,
          options: room,
          value: { endpoint, health: UNTRIED, secret },
          commands: [
            ...fit.value,
            ...(row === null ? [] : [{ kind: 'idempotency.insert' as const, row: row(reference) }]),
            { kind: 'endpoint.insert', endpoint },
            ...(first === null ? [] : [{ kind: 'keyring.insert' as const, ring: first.ring }]),
            auditCommand(app, caller, now, {
              action: 'endpoint.created',
              target: endpoint.id,
              detail: { origin: originOf(endpoint.url) },
            }),
          ],
        };
      };
      const apply = async () => await decideAndApply(app, decide);
      // No rotation of the organization's ring comes between the look at its secrets and the new profile.
      const inTurn = isOfOrganization ? () => app.queue.run(caller.organizationId, apply) : apply;
      const outcome = await underCap(app, caller.organizationId, cap, inTurn);
      if (typeof outcome !== 'symbol' && outcome.ok) tellOfEndpoint(app, caller, endpoint);
      return outcome;
    },
    replay: async ({ endpointId, secretId, recoverUntil }) => {
      const found = await ownEndpoint(app, caller, endpointId, archived);
      if (!found.ok) return found;
      const secret = secretId === null ? null : await secretAgain(app, endpointId, secretId, recoverUntil);
      return replayed({ ...found.value, secret });
    },
  });
}

function blankEndpoint(app: AppContext, caller: Caller, input: CreateEndpointInput, now: number): Endpoint {
  const { defaults } = input;
  return {
    id: app.ids.next('ep'),
    organizationId: caller.organizationId,
    url: input.settings.url,
    eventTypes: null,
    description: '',
    status: { kind: 'active' },
    headers: [],
    metadata: {},
    keyring: input.keyring,
    retrySchedule: defaults.retrySchedule,
    sendDeadlineSeconds: null,
    concurrency: null,
    ratePerSecond: null,
    signatureProfile: defaults.signatureProfile,
    envelope: defaults.envelope,
    rotationPolicy: defaults.rotationPolicy,
    catalogue: defaults.catalogue,
    extra: {},
    version: 1,
    createdAt: now,
    updatedAt: now,
  };
}
