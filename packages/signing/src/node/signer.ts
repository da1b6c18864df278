import { createHmac, type KeyObject, sign as signBytes } from 'node:crypto';
import { type CompiledProfile, compileProfile } from '../core/compiled-profile.ts';
import {
  assertMessage,
  assertSigningSecrets,
  layHeaders,
  type Message,
  type MessageWithType,
  type SigningSecret as SigningSecretOf,
} from '../core/message.ts';
import type { DigestEncoding, SignatureProfile } from '../core/profile.ts';
import { joinContent } from '../core/read-request.ts';
import { renderContent } from '../core/template.ts';

export type SigningSecret = SigningSecretOf<KeyObject>;

export type Signer = {
  readonly profile: SignatureProfile;
  /** In the order of the signatures. */
  readonly secretIds: readonly string[];
  /** The value of the signature header. */
  sign(message: Message): string;
  /** All headers of the profile, names and values in turn, as undici takes them. */
  headers(message: MessageWithType): string[];
};

type Content = { readonly before: string; readonly body: Uint8Array; readonly after: string };
type Element = (content: Content) => string;

function assertKey({ algorithm, key }: SigningSecret): void {
  const good =
    algorithm === 'hmac-sha256'
      ? key.type === 'secret' && (key.symmetricKeySize ?? 0) > 0
      : key.type === 'private' && key.asymmetricKeyType === 'ed25519';
  if (!good) throw new TypeError(`A key does not fit ${algorithm}`);
}

function hmacElement(start: string, key: KeyObject, digest: DigestEncoding): Element {
  // Two updates cost no more than one joined buffer, and copy nothing.
  return ({ before, body, after }) => {
    const hmac = createHmac('sha256', key).update(before).update(body);
    if (after !== '') hmac.update(after);
    return start + hmac.digest(digest);
  };
}

function ed25519Element(start: string, key: KeyObject, digest: DigestEncoding): Element {
  return ({ before, body, after }) => start + signBytes(null, joinContent(before, body, after), key).toString(digest);
}

function elementsOf(compiled: CompiledProfile, secrets: readonly SigningSecret[]): readonly Element[] {
  const { profile, prefixes, leadPrefix } = compiled;
  return secrets.map((secret, index) => {
    assertKey(secret);
    const joined = index > 0 || leadPrefix !== null;
    const start = (joined ? profile.joiner : '') + (prefixes[secret.algorithm] ?? '');
    const make = secret.algorithm === 'ed25519' ? ed25519Element : hmacElement;
    return make(start, secret.key, profile.digest);
  });
}

/** Prepares everything that does not change between messages. Signatures stand in the order of `secrets`. */
export function createSigner(profile: SignatureProfile, secrets: readonly SigningSecret[]): Signer {
  const compiled = compileProfile(profile);
  assertSigningSecrets(compiled, secrets);
  const elements = elementsOf(compiled, secrets);
  const secretIds = Object.freeze(secrets.map((secret) => secret.id));
  const keyIds = secretIds.join(' ');
  const { before, after } = compiled.content;

  function sign(message: Message): string {
    assertMessage(compiled, message);
    const timestamp = String(message.timestampSeconds);
    const content: Content = {
      before: renderContent(before, message.id, timestamp),
      body: message.body,
      after: renderContent(after, message.id, timestamp),
    };
    let value = compiled.leadPrefix === null ? '' : compiled.leadPrefix + timestamp;
    for (const element of elements) value += element(content);
    return value;
  }

  return {
    profile: compiled.profile,
    secretIds,
    sign,
    headers: (message) => layHeaders(compiled, message, sign(message), keyIds),
  };
}
