import type { Algorithm, SignatureProfile } from './profile.ts';
import { type ContentTemplate, parseContent, separatorsOfId } from './template.ts';
import { defineProfile } from './validate-profile.ts';

/** A profile with its templates taken apart, ready for signing and parsing. */
export type CompiledProfile = {
  readonly profile: SignatureProfile;
  readonly content: ContentTemplate;
  readonly signsId: boolean;
  readonly signsTimestamp: boolean;
  readonly separatorsOfId: readonly string[];
  /** The text before the signature, per algorithm; null where the profile has none. */
  readonly prefixes: Readonly<Record<Algorithm, string | null>>;
  readonly leadPrefix: string | null;
};

const compiled = new WeakMap<SignatureProfile, CompiledProfile>();

function prefixOf(template: string | null): string | null {
  return template === null ? null : template.slice(0, template.lastIndexOf('{'));
}

function build(profile: SignatureProfile): CompiledProfile {
  const content = parseContent(profile.content);
  if (!content.ok) throw new TypeError('Not a signature profile: its content template is broken');
  const parts = [...content.value.before, ...content.value.after];
  return {
    profile,
    content: content.value,
    signsId: parts.some((part) => part.kind === 'id'),
    signsTimestamp: parts.some((part) => part.kind === 'timestamp'),
    separatorsOfId: separatorsOfId(content.value),
    prefixes: {
      'hmac-sha256': prefixOf(profile.elements['hmac-sha256']),
      ed25519: prefixOf(profile.elements.ed25519),
    },
    leadPrefix: prefixOf(profile.leadElement),
  };
}

/** Throws a TypeError for a profile that `validateProfile` would refuse. */
export function compileProfile(profile: SignatureProfile): CompiledProfile {
  const known = compiled.get(profile);
  if (known !== undefined) return known;
  const checked = defineProfile(profile);
  const made = build(checked);
  compiled.set(checked, made);
  // Only a frozen profile can be remembered: any other may change after this.
  const frozen = [profile, profile.headers, profile.elements].every((part) => Object.isFrozen(part));
  if (frozen) compiled.set(profile, made);
  return made;
}
