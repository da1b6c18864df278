import type { SecretId } from '../../packages/server/src/domain/ids.ts';

/**
 * A customer who holds the secrets of a ring: what it was given, and what its receivers verify with by now. It acts within
 * every grace that it is given, so a request that it cannot verify is the sender's fault, unless a rotation left no
 * time to act.
 */
export class Keyholder {
  /** Everything that it was ever given. */
  readonly texts = new Map<SecretId, string>();
  readonly #deployed = new Set<SecretId>();
  /** Rotations that cut what is deployed before the new secret can be. */
  hardRotations = 0;
  /** It never learnt what became of a rotation. Until the next one that it takes over. */
  isUnsure = false;
  /** A rotation is under way, or was answered and is not deployed. */
  isBusy = false;
  readonly #known = new Map<string, boolean>();

  give(id: SecretId, text: string): void {
    this.texts.set(id, text);
  }

  deploy(id: SecretId): void {
    this.#deployed.add(id);
    this.#known.clear();
  }

  /** Its receivers forget all others. */
  keepOnly(id: SecretId): void {
    this.#deployed.clear();
    this.deploy(id);
  }

  get deployed(): ReadonlySet<SecretId> {
    return this.#deployed;
  }

  /** Whether one of these keys is among those that its receivers verify with. */
  knowsOneOf(keyIds: string): boolean {
    const known = this.#known.get(keyIds);
    if (known !== undefined) return known;
    const knows = keyIds.split(' ').some((id) => this.#deployed.has(id as SecretId)); // Strings that are ids, or are not found.
    this.#known.set(keyIds, knows);
    return knows;
  }
}
