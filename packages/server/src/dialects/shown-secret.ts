import type { ShownSecret } from '../app/minting.ts';
import { type Refusal, refused } from '../app/outcome.ts';

/**
 * The text of a secret, for an answer that must have it; a refusal when it was shown before and may not be shown again,
 * or when there is none.
 */
export function shownSecretText(secret: ShownSecret | null): string | Refusal {
  return secret?.value ?? refused('secret_shown_before', 'the secret was shown before; rotate to get a new one');
}
