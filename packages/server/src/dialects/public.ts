/**
 * Everything that a dialect is written with. The dialects that come with the server import nothing else of the
 * server, so whatever they do, a dialect of one's own can do too.
 */

export type { EndpointDefaults } from '../app/create-endpoint.ts';
export type { EndpointCap } from '../app/endpoint-cap.ts';
export type { EndpointSettings } from '../app/endpoint-settings.ts';
export type { MasterKeyStatus } from '../app/master-keys.ts';
export type { SecretSpelling, ShownSecret } from '../app/minting.ts';
export { invalid, type Outcome, Refusal, refused } from '../app/outcome.ts';
export type { DryRun as RotationPlan } from '../app/rotate.ts';
export { apiKeyState } from '../domain/api-key.ts';
export type { Attempt } from '../domain/attempt.ts';
export { AUDIT_ACTIONS, type AuditAction } from '../domain/audit-action.ts';
export { type Delivery, type DeliveryState, SHOWN_STATUSES, type ShownStatus } from '../domain/delivery.ts';
export type { EndpointHealth, EndpointStatus } from '../domain/endpoint.ts';
export type { Envelope } from '../domain/envelope.ts';
export { ERRORS, type ErrorCode, type FieldError, type Problem } from '../domain/error-registry.ts';
export type { Event } from '../domain/event.ts';
export { patternMatches } from '../domain/event-type.ts';
export { excerptText } from '../domain/excerpt.ts';
export { fieldPath, pointerNames } from '../domain/field-path.ts';
export type { ApiKeyId, DeliveryId, EndpointId, EventKey, OrganizationId, SecretId } from '../domain/ids.ts';
export {
  BATCH_BYTES_MAX,
  BATCH_EVENTS_MAX,
  CLIENT_EVENT_ID_LENGTH_MAX,
  CURSOR_LENGTH_MAX,
  KEY_HINT_LENGTH_MAX,
  SECRETS_PAGE_ITEMS_DEFAULT,
} from '../domain/limits.ts';
export type { Organization } from '../domain/organization.ts';
export { NATIVE_ROTATION_POLICY, PRODUCT_ROTATION_POLICY, type RotationPolicy } from '../domain/rotation-policy.ts';
export { SCOPES, type Scope, scopesOf } from '../domain/scope.ts';
export { type Secret, type SecretState, secretState } from '../domain/secret.ts';
export type { IncomingEvent } from '../engine/engine.ts';
export { JSON_MEDIA_TYPE, parseContentType } from '../http/content-type.ts';
export { etagOf, ifMatch } from '../http/etag.ts';
export { decodeCursor, encodeCursor } from '../http/pagination.ts';
export type { RateLimitState } from '../http/rate-limit.ts';
export type { RouteReply } from '../http/route.ts';
export { refuseFields } from '../http/validation.ts';
export type {
  FollowedAttempt,
  FollowedPage,
  Page,
  PageRequest,
  ShownAttempt,
  ShownDelivery,
  StoredEvent,
} from '../store/port.ts';
export {
  type Authenticate,
  type Authenticated,
  type AuthenticationRequest,
  type AuthenticationWay,
  accessTokens,
  apiKeys,
  type NotAuthenticated,
  sessionJwts,
} from './authentication.ts';
export { clientCredentialsRoute } from './client-credentials.ts';
export { defineDialect } from './define-dialect.ts';
export type { Dialect, DialectDefinition, Mount, ProblemWords, ToldProblem } from './dialect.ts';
export { type DialectRoute, keyRoute, publicRoute } from './dialect-route.ts';
export { type EventInput, readEventInput } from './event-input.ts';
export { hexIds, type IdCodec, typeIds, uuids } from './id-codec.ts';
export { type Operation, perform } from './operation.ts';
export { type OperationRoute, route } from './operation-route.ts';
export * from './operations/audit.ts';
export * from './operations/deliveries.ts';
export type { EndpointView, ShownEndpoint } from './operations/endpoint-view.ts';
export * from './operations/endpoints.ts';
export * from './operations/events.ts';
export * from './operations/keyrings.ts';
export * from './operations/keys.ts';
export * from './operations/maintenance.ts';
export * from './operations/master-keys.ts';
export * from './operations/organizations.ts';
export { cursorPages, idPages, newestOnly, type PageStyle } from './page-style.ts';
export { nullable, pageOf, STRICT, Time, words } from './schema-parts.ts';
export { shownSecretText } from './shown-secret.ts';
export { parseTime, showTime, showTimeOrNull } from './time.ts';
