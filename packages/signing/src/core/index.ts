export { decodeBase64, encodeBase64 } from './base64.ts';
export { nativeWebhooks, type StripeStyleOptions, standardWebhooks, stripeStyle } from './built-in-profiles.ts';
export {
  SecretFormatError,
  type SecretProblem,
  VERIFICATION_CODES,
  type Verification,
  type VerificationCode,
  type VerificationFailure,
  type VerificationSuccess,
  WebhookVerificationError,
} from './errors.ts';
export type { GeneratedSecret, GenerateOptions, RandomBytes } from './generate-options.ts';
export { decodeHex, encodeHex } from './hex.ts';
export type { Message, MessageWithType } from './message.ts';
export type { Algorithm, DigestEncoding, SecretDecoding, SignatureProfile } from './profile.ts';
export type { RawBody, ReceivedRequest } from './read-request.ts';
export type { HeaderSource } from './request-headers.ts';
export {
  checkImportedSecret,
  HMAC_SECRET_BYTES_MAX,
  HMAC_SECRET_BYTES_MIN,
  type HmacSpelling,
  type ImportCheck,
} from './secret-text.ts';
export { type ParsedSignatureHeader, parseSignatureHeader, type SignatureCandidate } from './signature-header.ts';
export { parseTimestamp } from './timestamp.ts';
export { defineProfile, type ProfileProblem, type ProfileValidation, validateProfile } from './validate-profile.ts';
