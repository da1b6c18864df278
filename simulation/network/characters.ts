import type { Random } from '../random.ts';

/** What a receiver does with a request that reached it. */
export type Reaction =
  | { readonly kind: 'answers'; readonly afterMs: number; readonly status: number; readonly retryAfter: string | null }
  /** It took the request as a 2xx would say, but no answer comes before the deadline. */
  | { readonly kind: 'hangs' }
  | { readonly kind: 'resets'; readonly afterMs: number };

export const CHARACTERS = [
  'prompt',
  'slow',
  'flapping',
  'hanging',
  'resetting',
  'trickling',
  'throttling',
  'gone',
  'redirecting',
  'failing',
] as const;
export type Character = (typeof CHARACTERS)[number];

/** Of a hundred endpoints. */
export const SHARES: Readonly<Record<Character, number>> = {
  prompt: 66,
  slow: 12,
  flapping: 5,
  hanging: 3,
  resetting: 3,
  trickling: 3,
  throttling: 3,
  gone: 1,
  redirecting: 2,
  failing: 2,
};

const FLAP_MS = 20_000;

function answers(afterMs: number, status: number, retryAfter: string | null = null): Reaction {
  return { kind: 'answers', afterMs, status, retryAfter };
}

/** `now` is the time of the world; `since` when the endpoint was made. */
export function reactionOf(
  character: Character,
  random: Random,
  now: number,
  since: number,
  deadlineMs: number,
): Reaction {
  switch (character) {
    case 'prompt':
      return answers(random.between(1, 6), 200);
    case 'slow':
      return answers(random.between(100, 900), 202);
    case 'flapping':
      return Math.floor((now + since) / FLAP_MS) % 2 === 0 ? answers(random.between(1, 20), 204) : answers(2, 503);
    case 'hanging':
      return random.chance(0.02) ? answers(random.between(1, 50), 200) : { kind: 'hangs' };
    case 'resetting':
      return random.chance(0.4)
        ? { kind: 'resets', afterMs: random.between(1, 40) }
        : answers(random.between(1, 10), 200);
    case 'trickling':
      return answers(random.between(Math.floor(deadlineMs / 4), deadlineMs - 1), 200);
    case 'throttling':
      return random.chance(0.15) ? answers(1, 429, String(random.between(1, 8))) : answers(random.between(1, 5), 200);
    case 'gone':
      return now - since > 60_000 ? answers(1, 410) : answers(3, 200);
    case 'redirecting':
      return answers(2, random.pick([301, 302, 307, 308]));
    case 'failing':
      return answers(random.between(1, 30), random.pick([400, 404, 500, 502, 503]));
  }
}
