import { createEndpoint as create } from '../../app/create-endpoint.ts';
import type { EndpointCap } from '../../app/endpoint-cap.ts';
import type { EndpointSettings } from '../../app/endpoint-settings.ts';
import {
  archiveEndpoint as archive,
  countEndpoints as count,
  listEndpoints as list,
  patchEndpoint as patch,
  readEndpoint as read,
} from '../../app/endpoints.ts';
import type { ShownSecret } from '../../app/minting.ts';
import { done } from '../../app/outcome.ts';
import { sendTest } from '../../app/test-send.ts';
import type { EndpointStatus } from '../../domain/endpoint.ts';
import type { Envelope } from '../../domain/envelope.ts';
import type { EndpointId } from '../../domain/ids.ts';
import type { SecretAlgorithm } from '../../domain/secret.ts';
import type { TestResult } from '../../engine/engine.ts';
import type { Page, PageRequest } from '../../store/port.ts';
import { type Operation, operation } from '../operation.ts';
import { type EndpointView, mapOutcome, viewEndpoint, withOwnExtra } from './endpoint-view.ts';

export type CreatedEndpointView = EndpointView & {
  /** Shown once; null when its organization's ring signs. */
  readonly secret: ShownSecret | null;
};

/** Subscribes a URL. What the input leaves open is as the dialect's `endpointDefaults` say. */
export const createEndpoint: Operation<
  {
    readonly settings: EndpointSettings & { readonly url: string };
    /** `own` unless given. */
    readonly keyring?: 'own' | 'organization';
    /** `hmac-sha256` unless given. */
    readonly algorithm?: SecretAlgorithm;
    /** How many the organization may have; `endpoint_limit_reached` past it. */
    readonly cap?: EndpointCap | null;
  },
  CreatedEndpointView
> = operation({
  name: 'createEndpoint',
  scopes: ['endpoints:write'],
  idempotent: true,
  async run(
    { app, caller, idempotency, conduct },
    { settings, keyring = 'own', algorithm = 'hmac-sha256', cap = null },
  ) {
    const { endpointDefaults: defaults, archivedEndpoints: archived } = conduct;
    const input = { settings: withOwnExtra(conduct, settings), keyring, algorithm, cap, defaults, archived };
    const outcome = await create(app, caller, input, idempotency);
    return await mapOutcome(outcome, async (made) => ({
      ...(await viewEndpoint({ app, conduct }, made)),
      secret: made.secret,
    }));
  },
});

export const readEndpoint: Operation<{ readonly endpointId: EndpointId }, EndpointView> = operation({
  name: 'readEndpoint',
  scopes: ['endpoints:read'],
  async run({ app, caller, conduct }, { endpointId }) {
    const outcome = await read(app, caller, endpointId, conduct.archivedEndpoints);
    return await mapOutcome(outcome, async (found) => await viewEndpoint({ app, conduct }, found));
  },
});

/** Newest first; `total` only when it was asked for. */
export const listEndpoints: Operation<
  { readonly page: PageRequest; readonly withTotal?: boolean },
  Page<EndpointView> & { readonly total: number | null }
> = operation({
  name: 'listEndpoints',
  scopes: ['endpoints:read'],
  async run({ app, caller, conduct }, { page, withTotal = false }) {
    const { archivedEndpoints: archived } = conduct;
    const [outcome, total] = await Promise.all([
      list(app, caller, page, archived),
      withTotal ? count(app, caller, archived) : done(null),
    ]);
    if (!total.ok) return total;
    return await mapOutcome(outcome, async ({ items, nextCursor }) => ({
      items: await Promise.all(items.map(async (found) => await viewEndpoint({ app, conduct }, found))),
      nextCursor,
      total: total.value,
    }));
  },
});

export type EndpointChange = EndpointSettings & { readonly status?: EndpointStatus['kind'] };

/** Changes what is named. A new URL keeps the secrets. */
export const updateEndpoint: Operation<
  {
    readonly endpointId: EndpointId;
    readonly change: EndpointChange;
    /** The version that the caller saw; any unless given. */
    readonly expectedVersion?: number | null;
    /** Binds a change that makes the endpoint active. */
    readonly cap?: EndpointCap | null;
  },
  EndpointView
> = operation({
  name: 'updateEndpoint',
  scopes: ['endpoints:write'],
  async run({ app, caller, conduct }, { endpointId, change, expectedVersion = null, cap = null }) {
    const wanted = withOwnExtra(conduct, change);
    const options = { cap, archived: conduct.archivedEndpoints };
    const outcome = await patch(app, caller, endpointId, wanted, expectedVersion, options);
    return await mapOutcome(outcome, async (found) => await viewEndpoint({ app, conduct }, found));
  },
});

/** Ends an endpoint for good: what is queued is cancelled, its history stays. */
export const archiveEndpoint: Operation<
  { readonly endpointId: EndpointId; readonly expectedVersion?: number | null },
  EndpointView
> = operation({
  name: 'archiveEndpoint',
  scopes: ['endpoints:write'],
  async run({ app, caller, conduct }, { endpointId, expectedVersion = null }) {
    const outcome = await archive(app, caller, endpointId, expectedVersion, conduct.archivedEndpoints);
    return await mapOutcome(outcome, async (archived) => await viewEndpoint({ app, conduct }, archived));
  },
});

/** Sends one synthetic event at once and tells what the receiver said; it counts for nothing. */
export const testEndpoint: Operation<
  {
    readonly endpointId: EndpointId;
    /** `webhook.test` unless given. */
    readonly type?: string;
    /** JSON text in UTF-8; the service's own unless given. */
    readonly payload?: Uint8Array | null;
    /** Instead of the endpoint's; null: none. */
    readonly envelope?: Envelope | null;
  },
  TestResult & { readonly url: string }
> = operation({
  name: 'testEndpoint',
  scopes: ['endpoints:write'],
  idempotent: true,
  run: async ({ app, caller, idempotency, conduct }, { endpointId, payload = null, ...content }) =>
    await sendTest(app, caller, endpointId, { ...content, payload }, idempotency, conduct.archivedEndpoints),
});
