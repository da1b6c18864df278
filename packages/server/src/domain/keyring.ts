import type { RingOwner, Secret } from './secret.ts';

/** The secrets of one endpoint or organization that may still be alive, in the order in which they sign. */
export type Keyring = {
  readonly owner: RingOwner;
  /** Grows with every change; a change is applied only to the version it was decided on. */
  readonly version: number;
  readonly secrets: readonly Secret[];
};
