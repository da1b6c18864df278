import { encodeBase64 } from '../core/base64.ts';
import { compileProfile } from '../core/compiled-profile.ts';
import { encodeHex } from '../core/hex.ts';
import {
  assertMessage,
  assertSigningSecrets,
  layHeaders,
  type Message,
  type MessageWithType,
  type SigningSecret as SigningSecretOf,
} from '../core/message.ts';
import type { SignatureProfile } from '../core/profile.ts';
import { joinContent } from '../core/read-request.ts';
import { renderContent } from '../core/template.ts';
import { SUBTLE_NAMES } from './subtle-names.ts';

export type SigningSecret = SigningSecretOf<CryptoKey>;

export type Signer = {
  readonly profile: SignatureProfile;
  /** In the order of the signatures. */
  readonly secretIds: readonly string[];
  /** The value of the signature header. */
  sign(message: Message): Promise<string>;
  /** All headers of the profile, names and values in turn. */
  headers(message: MessageWithType): Promise<string[]>;
};

function assertKey({ algorithm, key }: SigningSecret): void {
  const good = key.algorithm.name === SUBTLE_NAMES[algorithm] && key.usages.includes('sign');
  if (!good) throw new TypeError(`A key does not fit ${algorithm}`);
}

/** Prepares everything that does not change between messages. Signatures stand in the order of `secrets`. */
export function createSigner(profile: SignatureProfile, secrets: readonly SigningSecret[]): Signer {
  const compiled = compileProfile(profile);
  assertSigningSecrets(compiled, secrets);
  for (const secret of secrets) assertKey(secret);
  const kept = [...secrets];
  const secretIds = Object.freeze(kept.map((secret) => secret.id));
  const keyIds = secretIds.join(' ');
  const encode = compiled.profile.digest === 'hex' ? encodeHex : encodeBase64;

  async function sign(message: Message): Promise<string> {
    assertMessage(compiled, message);
    const timestamp = String(message.timestampSeconds);
    const before = renderContent(compiled.content.before, message.id, timestamp);
    const after = renderContent(compiled.content.after, message.id, timestamp);
    const content = joinContent(before, message.body, after);
    const signatures = await Promise.all(
      kept.map(async ({ algorithm, key }) => {
        const bytes = new Uint8Array(await crypto.subtle.sign(SUBTLE_NAMES[algorithm], key, content));
        return (compiled.prefixes[algorithm] ?? '') + encode(bytes);
      }),
    );
    if (compiled.leadPrefix !== null) signatures.unshift(compiled.leadPrefix + timestamp);
    return signatures.join(compiled.profile.joiner);
  }

  return {
    profile: compiled.profile,
    secretIds,
    sign,
    headers: async (message) => layHeaders(compiled, message, await sign(message), keyIds),
  };
}
