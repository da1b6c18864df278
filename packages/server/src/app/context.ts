import type { Clock, Timers } from '../domain/clock.ts';
import type { EndpointUrlRules } from '../domain/endpoint-url.ts';
import type { IdSource } from '../domain/ids.ts';
import type { OperatorRotationLimits } from '../domain/policy-choice.ts';
import type { Directory } from '../engine/directory.ts';
import type { Engine } from '../engine/engine.ts';
import type { MasterKeys } from '../store/master-key.ts';
import type { Removed, Store } from '../store/port.ts';
import type { Vault } from '../store/vault.ts';
import type { AccessTokens } from './access-tokens.ts';
import type { KeyedQueue } from './keyed-queue.ts';
import type { SessionJwts } from './session-jwts.ts';

/** One function per business event; the telemetry layer writes log and metric together. */
export type AppTelemetry = {
  readonly secretRotated: (fields: {
    owner: string;
    secretId: string;
    retiredId: string | null;
    actor: string;
    reason: string | null;
    requestId: string;
  }) => void;
  readonly secretRevoked: (fields: { owner: string; secretId: string; actor: string; requestId: string }) => void;
  readonly endpointChanged: (fields: { endpointId: string; status: string; actor: string; requestId: string }) => void;
  readonly keyChanged: (fields: {
    keyId: string;
    organizationId: string;
    change: 'created' | 'imported' | 'revoked';
    actor: string;
    requestId: string;
  }) => void;
  /** What one request brought, so that its id leads to those of its events. */
  readonly eventsSent: (
    caller: { readonly requestId: string; readonly organizationId: string; readonly actor: string },
    events: readonly { readonly id: string; readonly duplicate: boolean }[],
  ) => void;
  readonly retentionRemoved: (removed: Removed) => void;
  readonly eventsPruned: (fields: Removed & { readonly before: number; readonly actor: string }) => void;
  readonly payloadErased: (fields: { readonly eventKey: string; readonly actor: string }) => void;
  readonly accessRefused: (fields: { code: string; requestId: string }) => void;
};

function ignore(): void {}

export const SILENT_APP_TELEMETRY: AppTelemetry = {
  secretRotated: ignore,
  secretRevoked: ignore,
  endpointChanged: ignore,
  keyChanged: ignore,
  eventsSent: ignore,
  retentionRemoved: ignore,
  eventsPruned: ignore,
  payloadErased: ignore,
  accessRefused: ignore,
};

export type AppSettings = {
  readonly urlRules: EndpointUrlRules;
  /** SHA-256 of the bootstrap key, lower-case hex; null when none is configured. */
  readonly bootstrapKeyHash: string | null;
  /** SHA-256 of the token that the command line on this machine uses. */
  readonly localTokenHash: string | null;
  /** How long events are kept, unless an operator says otherwise for once. */
  readonly retentionDays: number;
  /** The operator's limits on every rotation. */
  readonly rotationLimits: OperatorRotationLimits;
};

/** What use cases need. Built once, by service.ts. */
export type AppContext = {
  readonly store: Store;
  readonly engine: Engine;
  readonly directory: Directory;
  readonly vault: Vault;
  readonly masterKeys: MasterKeys;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly ids: IdSource;
  readonly fillRandom: (bytes: Uint8Array) => void;
  /** Keyed digest for request fingerprints. */
  readonly digest: (bytes: Uint8Array) => string;
  readonly queue: KeyedQueue;
  /** Null when the operator configured no issuer. */
  readonly sessionJwts: SessionJwts | null;
  readonly accessTokens: AccessTokens;
  readonly settings: AppSettings;
  readonly telemetry: AppTelemetry;
};
