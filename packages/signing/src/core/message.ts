import type { CompiledProfile } from './compiled-profile.ts';
import { TIMESTAMP_SECONDS_MAX } from './timestamp.ts';

export type Message = {
  readonly id: string;
  /** Whole seconds since 1970, of this attempt. */
  readonly timestampSeconds: number;
  /** The exact bytes that are sent. */
  readonly body: Uint8Array;
};

export type MessageWithType = Message & { readonly eventType?: string };

const VISIBLE = /^[!-~]{1,256}$/;

/** True for text that can stand in a header and cannot be mistaken for its neighbours in the signed content. */
export function isGoodId(compiled: CompiledProfile, id: string): boolean {
  if (!VISIBLE.test(id)) return false;
  for (const separator of compiled.separatorsOfId) if (id.includes(separator)) return false;
  return true;
}

/** Throws on a message that must never be signed: ids and times are made by the caller's own code. */
export function assertMessage(compiled: CompiledProfile, message: Message): void {
  const { timestampSeconds } = message;
  if (!Number.isInteger(timestampSeconds) || timestampSeconds < 0 || timestampSeconds > TIMESTAMP_SECONDS_MAX) {
    throw new RangeError('timestampSeconds must be whole seconds since 1970');
  }
  const needsId = compiled.profile.headers.id !== null;
  if (needsId && !isGoodId(compiled, message.id)) {
    throw new RangeError('The id must be 1 to 256 visible ASCII characters without a separator of the signed content');
  }
}

export type SigningSecret<Key> = {
  readonly id: string;
  readonly algorithm: 'hmac-sha256' | 'ed25519';
  readonly key: Key;
};

export const SECRETS_MAX = 16;

/** Throws unless these secrets can sign under this profile. */
export function assertSigningSecrets(compiled: CompiledProfile, secrets: readonly SigningSecret<unknown>[]): void {
  if (secrets.length === 0) throw new RangeError('A signer needs at least one secret');
  if (secrets.length > SECRETS_MAX) throw new RangeError(`A signer takes at most ${SECRETS_MAX} secrets`);
  for (const { id, algorithm } of secrets) {
    if (!VISIBLE.test(id)) throw new RangeError('A secret id must be 1 to 256 visible ASCII characters');
    if (compiled.prefixes[algorithm] === null) throw new TypeError(`The profile has no element for ${algorithm}`);
  }
}

/** The full set of headers that the profile adds to a request: names and values in turn. */
export function layHeaders(
  compiled: CompiledProfile,
  message: MessageWithType,
  signature: string,
  keyIds: string,
): string[] {
  const { headers } = compiled.profile;
  const flat: string[] = [];
  if (headers.id !== null) flat.push(headers.id, message.id);
  if (headers.timestamp !== null) flat.push(headers.timestamp, String(message.timestampSeconds));
  flat.push(headers.signature, signature);
  if (headers.eventType !== null && message.eventType !== undefined) {
    if (!VISIBLE.test(message.eventType)) throw new RangeError('eventType must be 1 to 256 visible ASCII characters');
    flat.push(headers.eventType, message.eventType);
  }
  if (headers.keyIds !== null) flat.push(headers.keyIds, keyIds);
  return flat;
}
