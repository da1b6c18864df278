const MESSAGES = {
  header_missing: 'A signature header is missing',
  header_repeated: 'A signature header is there more than once',
  header_too_long: 'A signature header is too long',
  id_invalid: 'The id is empty, too long or holds a character that ids may not hold',
  timestamp_invalid: 'The timestamp is not a plain number of seconds',
  timestamp_too_old: 'The timestamp is further in the past than the tolerance allows',
  timestamp_too_new: 'The timestamp is further in the future than the tolerance allows',
  too_many_signatures: 'The signature header lists too many signatures',
  no_known_signature: 'The signature header holds no signature of a known scheme',
  signature_mismatch: 'No signature matches',
  body_not_raw: 'The body must be the bytes or the text as received, before any parsing',
  secret_missing: 'No secret was given',
  secret_invalid: 'A secret cannot be read',
  too_many_secrets: 'Too many secrets were given',
} as const;

export type VerificationCode = keyof typeof MESSAGES;
export const VERIFICATION_CODES: readonly VerificationCode[] = Object.freeze(
  // Object.keys forgets the literal type of a constant object's keys.
  Object.keys(MESSAGES) as VerificationCode[],
);

export type VerificationFailure = { readonly ok: false; readonly code: VerificationCode; readonly message: string };

export type VerificationSuccess = {
  readonly ok: true;
  /** Position of the matching entry in the signature list; entries of unknown schemes count, the timestamp does not. */
  readonly signatureIndex: number;
  /** Position of the matching secret in `secrets`. */
  readonly secretIndex: number;
  /** Seconds since 1970, as signed; null where the profile signs none. */
  readonly timestamp: number | null;
  /** The id, when the profile signs one. */
  readonly id: string | null;
};

export type Verification = VerificationSuccess | VerificationFailure;

/** `detail` may name a header or a position. It never quotes a header's value or a secret. */
export function failure(code: VerificationCode, detail?: string): VerificationFailure {
  return { ok: false, code, message: detail === undefined ? MESSAGES[code] : `${MESSAGES[code]}: ${detail}` };
}

export class WebhookVerificationError extends Error {
  override readonly name = 'WebhookVerificationError';
  readonly code: VerificationCode;

  constructor(refused: VerificationFailure) {
    super(refused.message);
    this.code = refused.code;
  }
}

export type SecretProblem =
  | 'empty'
  | 'bad_alphabet'
  | 'bad_padding'
  | 'wrong_prefix'
  | 'wrong_length'
  | 'not_well_formed'
  | 'public_key_mismatch'
  | 'too_short'
  | 'too_long';

const SECRET_MESSAGES: Readonly<Record<SecretProblem, string>> = {
  empty: 'it is empty',
  bad_alphabet: 'it holds a character that its encoding does not know',
  bad_padding: 'it is cut off or padded wrongly',
  wrong_prefix: 'its prefix belongs to another kind of key',
  wrong_length: 'it has the wrong number of bytes for its kind',
  not_well_formed: 'it is not well-formed Unicode',
  public_key_mismatch: 'its public half does not belong to its private half',
  too_short: 'it is too short',
  too_long: 'it is too long',
};

export function describeSecretProblem(reason: SecretProblem): string {
  return SECRET_MESSAGES[reason];
}

/** Thrown where a secret was promised to be good. The message never holds the secret. */
export class SecretFormatError extends Error {
  override readonly name = 'SecretFormatError';
  readonly reason: SecretProblem;

  constructor(reason: SecretProblem) {
    super(`The secret cannot be used: ${SECRET_MESSAGES[reason]}`);
    this.reason = reason;
  }
}
