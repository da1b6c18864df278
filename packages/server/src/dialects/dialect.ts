import type { TSchema } from 'typebox';
import type { EndpointDefaults } from '../app/create-endpoint.ts';
import type { SecretSpelling } from '../app/minting.ts';
import type { ArchivedEndpoints } from '../app/own-endpoint.ts';
import type { Problem } from '../domain/error-registry.ts';
import type { DeliveryId, EndpointId } from '../domain/ids.ts';
import type { RotationPolicy } from '../domain/rotation-policy.ts';
import type { SecurityScheme } from '../http/openapi-document.ts';
import type { RateLimitState } from '../http/rate-limit.ts';
import type { AuthenticationWay, ScopeAliases } from './authentication.ts';
import type { DialectRoute } from './dialect-route.ts';
import type { IdCodec } from './id-codec.ts';

/** Where a dialect stands. At the root only one can; the operator's setting wins over what dialects say. */
export type Mount = { readonly prefix: string } | { readonly host: string } | 'root';

/** A refusal with its place in the registry of errors. */
export type ToldProblem = Problem & {
  /** The dialect's own status where it has one, else the registry's. */
  readonly status: number;
  readonly title: string;
};

export type ProblemWords = {
  readonly contentType: string;
  readonly schema: TSchema;
  /** Statuses that differ from those of the registry. */
  readonly statuses?: Readonly<Partial<Record<Problem['code'], number>>>;
  /** The JSON body of a refusal: for every code, and so for every error of the framework too. */
  encode(problem: ToldProblem, request: { readonly requestId: string; readonly path: string }): unknown;
};

/** One product's HTTP surface over the engine, as data. */
export type Dialect = {
  /** Lower-case letters and digits. */
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly version: string;
  /** Where it stands unless the operator moves it; `/` and its name unless given. */
  readonly mount: Mount;
  /** What its tokens begin with. A key works in every dialect; the prefix only helps people. */
  readonly tokenPrefix: string;
  /** Its own names of scopes, and what each stands for. Native names are known everywhere. */
  readonly scopeAliases: ScopeAliases;
  /** Asked in order. API keys alone unless given. */
  readonly authenticate: readonly AuthenticationWay[];
  /** What the documents say of ways of its own, by name; those of ready ways come by themselves. */
  readonly securitySchemes: Readonly<Record<string, SecurityScheme>>;
  /** Whether its documents tell of what only operators use: the header Hookring-Organization, the scope `operator`. */
  readonly documentsOperators: boolean;
  readonly ids: { readonly endpoint: IdCodec<EndpointId>; readonly delivery: IdCodec<DeliveryId> };
  readonly problems: ProblemWords;
  /** The engine's names of fields, and what this product calls them, for refusals: `{ eventTypes: 'events' }`. */
  readonly fieldNames: Readonly<Record<string, string>>;
  /** Lower-case header names; the first one that is there counts. */
  readonly idempotencyHeaders: readonly string[];
  readonly rateLimitHeaders: (state: RateLimitState) => Readonly<Record<string, string>>;
  /** Sent with every answer; lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  /** Copied onto an endpoint that it creates, which then needs the dialect no more. */
  readonly endpointDefaults: EndpointDefaults;
  /** What a rotation obeys: the policy of the dialect that asks, or that of the ring. */
  readonly rotationPolicyOf: 'dialect' | 'keyring';
  /** For products that let their callers rotate the ring of an organization; null: the ring's own policy. */
  readonly organizationKeyring: {
    readonly rotationPolicy: RotationPolicy;
    readonly secretSpelling: SecretSpelling;
  } | null;
  /** `hidden`: an archived endpoint answers like one that does not exist. */
  readonly archivedEndpoints: ArchivedEndpoints;
  /** Whether operations answer endpoints with the secrets of the ring that signs for them, never with material. */
  readonly secretsInEndpoints: boolean;
  readonly routes: readonly DialectRoute[];
};

/** What may be left out of a dialect. */
type Defaulted =
  | 'mount'
  | 'authenticate'
  | 'securitySchemes'
  | 'documentsOperators'
  | 'fieldNames'
  | 'idempotencyHeaders'
  | 'rateLimitHeaders'
  | 'headers'
  | 'scopeAliases'
  | 'rotationPolicyOf'
  | 'organizationKeyring'
  | 'archivedEndpoints'
  | 'secretsInEndpoints';
export type DialectDefinition = Omit<Dialect, Defaulted> & Partial<Pick<Dialect, Defaulted>>;
