import type { TokenHash } from '../app/access.ts';
import type { AppContext } from '../app/context.ts';
import type { EndpointDefaults } from '../app/create-endpoint.ts';
import type { SecretSpelling } from '../app/minting.ts';
import type { ArchivedEndpoints } from '../app/own-endpoint.ts';
import type { RotationPolicy } from '../domain/rotation-policy.ts';
import type { ScopeAliases } from '../domain/scope.ts';

/** How operations behave when they are called through one dialect. */
export type Conduct = {
  /** The dialect's name. */
  readonly dialect: string;
  readonly scopeAliases: ScopeAliases;
  /** How it hashes API keys that were imported, beside plain SHA-256; null: in no other way. */
  readonly keyHash: TokenHash | null;
  /** Copied onto an endpoint that it creates. */
  readonly endpointDefaults: EndpointDefaults;
  /** What its rotations obey; null: the ring's own policy. */
  readonly endpointRotations: RotationPolicy | null;
  readonly organizationRotations: RotationPolicy | null;
  readonly organizationSecretSpelling: SecretSpelling;
  /** `hidden`: an archived endpoint answers like one that does not exist. */
  readonly archivedEndpoints: ArchivedEndpoints;
  /** Whether endpoints come with the secrets of the ring that signs for them. */
  readonly secretsInEndpoints: boolean;
};

/** Reaches what a dialect's routes are run with, and what dialects themselves cannot. */
export const INSIDE: unique symbol = Symbol('inside');

/** What every handler of a dialect is given. */
export type DialectServices = {
  /** Epoch milliseconds. */
  now(): number;
  readonly [INSIDE]: { readonly app: AppContext; readonly conduct: Conduct };
};
