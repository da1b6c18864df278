import type { ErrorCode } from '../domain/error-registry.ts';

/** What to do next about a refusal, by its code. */
const HINTS: Partial<Readonly<Record<ErrorCode, string>>> = {
  missing_credentials: "Give a key with --key or HOOKRING_API_KEY; on the server's own machine none is needed.",
  invalid_credentials: "Make a new key on the server's machine: hookring keys create --org default",
  expired_credentials: "Make a new key on the server's machine: hookring keys create --org default",
  missing_scope:
    'See what a key may do with "hookring keys list"; make one with the scope: hookring keys create --scope …',
  secret_is_active: 'Replace it instead: hookring rotate <endpoint> --grace 0',
  rotation_in_progress:
    'Wait until the older secret has expired ("hookring secrets list <endpoint>"), or repeat with --force.',
  endpoint_archived: 'An archived endpoint never comes back: create a new one.',
  event_id_conflict: 'This id was used for another event in the last 7 days: choose another, or leave it out.',
  event_owed: 'See who it is owed to: hookring deliveries list --event <event>',
  payload_erased: 'Only a new event can be sent: the payload of this one is gone.',
  idempotency_key_reused: 'Use a new --idempotency-key for another request.',
  rate_limited: 'Wait a moment and repeat it.',
  overloaded: 'The server cannot take more at the moment: repeat it, and see "hookring doctor".',
  conflict: 'Somebody else changed it at the same time: repeat the command.',
};

const LISTS: readonly (readonly [RegExp, string])[] = [
  [/\/endpoints\/\{\}\/secrets\/\{\}/, 'hookring secrets list <endpoint>'],
  [/\/endpoints\/\{\}/, 'hookring endpoints list'],
  [/\/deliveries\/\{\}/, 'hookring deliveries list'],
  [/\/events\/\{\}/, 'hookring events list'],
  [/\/keys\/\{\}/, 'hookring keys list'],
  [/\/organizations\/\{\}/, 'hookring orgs list'],
];

/** For a URL that was refused, whatever the code. */
export const URL_HINT =
  'Endpoints are https URLs on the public internet. HOOKRING_ALLOW_PRIVATE and HOOKRING_ALLOW_HTTP of the server open more.';

export function hintFor(code: string, path: string): string | null {
  if (!code.endsWith('not_found')) return Object.hasOwn(HINTS, code) ? (HINTS[code as ErrorCode] ?? null) : null; // hasOwn has proved it.
  const list = LISTS.find(([pattern]) => pattern.test(path));
  // A list is always there; what is not is the organization that it was asked for.
  if (list === undefined) return 'See what there is: hookring orgs list';
  return `See what there is: ${list[1]} (another organization's need --org)`;
}
