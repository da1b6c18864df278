import type { SignatureProfile } from './profile.ts';
import { parseContent, parseElement } from './template.ts';

export type ProfileProblem = { readonly pointer: string; readonly detail: string };
export type ProfileValidation =
  | { readonly ok: true; readonly profile: SignatureProfile }
  | { readonly ok: false; readonly problems: readonly ProfileProblem[] };

const HEADER_NAME_CHARS_MAX = 64;
const JOINER_CHARS_MAX = 4;
const PROBLEMS_MAX = 20;

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
// These steer the connection or the message itself, or carry somebody else's credentials.
const RESERVED = new Set(
  `accept-encoding authorization connection cookie date expect forwarded host keep-alive proxy-authorization
  proxy-connection set-cookie te trailer transfer-encoding upgrade user-agent`.split(/\s+/),
);
// Signature characters (base64 and hex), which a joiner may not hold.
const SIGNATURE_CHARACTER = /[A-Za-z0-9+/=]/;
const JOINER = /^[ !-~]+$/;

type Fields = Readonly<Record<string, unknown>>;
type Report = (pointer: string, detail: string) => void;

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function refuseUnknown(fields: Fields, known: readonly string[], pointer: string, report: Report): void {
  for (const name of Object.keys(fields)) {
    const escaped = name.slice(0, HEADER_NAME_CHARS_MAX).replaceAll('~', '~0').replaceAll('/', '~1');
    if (!known.includes(name)) report(`${pointer}/${escaped}`, 'is not a known property');
  }
}

function oneOf<T extends string>(value: unknown, choices: readonly [T, ...T[]], pointer: string, report: Report): T {
  const found = choices.find((choice) => choice === value);
  if (found === undefined) report(pointer, `must be one of ${choices.join(', ')}`);
  return found ?? choices[0];
}

function headerName(value: unknown, pointer: string, report: Report): string | null {
  if (value === null || value === undefined) return null;
  if (typeof value !== 'string' || !TOKEN.test(value) || value.length > HEADER_NAME_CHARS_MAX) {
    report(pointer, `must be a header name of 1 to ${HEADER_NAME_CHARS_MAX} token characters`);
    return null;
  }
  const lower = value.toLowerCase();
  if (RESERVED.has(lower) || lower.startsWith('content-')) report(pointer, 'is a reserved header name');
  return value;
}

function readHeaders(value: unknown, report: Report): SignatureProfile['headers'] {
  const fields = isFields(value) ? value : {};
  if (!isFields(value)) report('/headers', 'must be an object');
  refuseUnknown(fields, ['id', 'timestamp', 'signature', 'eventType', 'keyIds'], '/headers', report);
  const signature = headerName(fields['signature'], '/headers/signature', report);
  if (fields['signature'] === undefined || fields['signature'] === null) report('/headers/signature', 'is required');
  const read = (name: string): string | null => headerName(fields[name], `/headers/${name}`, report);
  const rest = { id: read('id'), timestamp: read('timestamp'), eventType: read('eventType'), keyIds: read('keyIds') };
  const taken = new Set<string>([(signature ?? '').toLowerCase()]);
  for (const [name, header] of Object.entries(rest)) {
    if (header === null) continue;
    if (taken.has(header.toLowerCase())) report(`/headers/${name}`, 'is the name of another header of this profile');
    taken.add(header.toLowerCase());
  }
  return {
    id: rest.id,
    timestamp: rest.timestamp,
    signature: signature ?? '',
    eventType: rest.eventType,
    keyIds: rest.keyIds,
  };
}

type Templates = Pick<SignatureProfile, 'elements' | 'leadElement' | 'joiner'>;

function template(
  value: unknown,
  placeholder: 'signature' | 'timestamp',
  pointer: string,
  report: Report,
): string | null {
  if (value === null || value === undefined) return null;
  if (typeof value !== 'string') {
    report(pointer, 'must be a string or null');
    return null;
  }
  const parsed = parseElement(value, placeholder);
  if (!parsed.ok) report(pointer, parsed.detail);
  return parsed.ok ? value : null;
}

/** Every entry of the list must say by its first characters which kind it is. */
function checkPrefixes(found: Templates, report: Report): void {
  const prefixes: (readonly [pointer: string, prefix: string])[] = [];
  const add = (pointer: string, text: string | null): void => {
    if (text !== null) prefixes.push([pointer, text.slice(0, text.lastIndexOf('{'))]);
  };
  add('/elements/hmac-sha256', found.elements['hmac-sha256']);
  add('/elements/ed25519', found.elements.ed25519);
  add('/leadElement', found.leadElement);
  for (const [index, [pointer, prefix]] of prefixes.entries()) {
    if (found.joiner !== '' && prefix.includes(found.joiner)) report(pointer, 'must not hold the joiner');
    for (const [, other] of prefixes.slice(0, index)) {
      if (prefix.startsWith(other) || other.startsWith(prefix))
        report(pointer, 'begins like another entry of the list');
    }
  }
}

function readTemplates(fields: Fields, report: Report): Templates {
  const elements = isFields(fields['elements']) ? fields['elements'] : {};
  if (!isFields(fields['elements'])) report('/elements', 'must be an object');
  refuseUnknown(elements, ['hmac-sha256', 'ed25519'], '/elements', report);
  const hmac = template(elements['hmac-sha256'], 'signature', '/elements/hmac-sha256', report);
  const ed25519 = template(elements['ed25519'], 'signature', '/elements/ed25519', report);
  if (elements['hmac-sha256'] == null && elements['ed25519'] == null)
    report('/elements', 'needs at least one algorithm');
  const leadElement = template(fields['leadElement'], 'timestamp', '/leadElement', report);
  const given = fields['joiner'];
  const good =
    typeof given === 'string' &&
    given.length <= JOINER_CHARS_MAX &&
    JOINER.test(given) &&
    !SIGNATURE_CHARACTER.test(given);
  if (!good) report('/joiner', `must be 1 to ${JOINER_CHARS_MAX} printable ASCII characters that no signature holds`);
  const found = { elements: { 'hmac-sha256': hmac, ed25519 }, leadElement, joiner: good ? given : '' };
  checkPrefixes(found, report);
  return found;
}

function readContent(
  value: unknown,
  headers: SignatureProfile['headers'],
  lead: string | null,
  report: Report,
): string {
  if (typeof value !== 'string') {
    report('/content', 'must be a string');
    return '';
  }
  const parsed = parseContent(value);
  if (!parsed.ok) {
    report('/content', parsed.detail);
    return '';
  }
  const parts = [...parsed.value.before, ...parsed.value.after];
  const signs = (kind: 'id' | 'timestamp'): boolean => parts.some((part) => part.kind === kind);
  if (headers.timestamp !== null && lead !== null)
    report('/leadElement', 'the timestamp has a header of its own already');
  const sendsTimestamp = headers.timestamp !== null || lead !== null;
  if (signs('timestamp') && !sendsTimestamp) report('/content', 'signs a timestamp that no header carries');
  // A timestamp that is sent but not signed would look like a replay guard and be none.
  if (!signs('timestamp') && sendsTimestamp) report('/content', 'must sign the timestamp that is sent');
  if (signs('id') && headers.id === null) report('/content', 'signs an id that no header carries');
  return value;
}

/** Checks data from outside. What it answers is a frozen copy. */
export function validateProfile(value: unknown): ProfileValidation {
  const problems: ProfileProblem[] = [];
  const report: Report = (pointer, detail) => {
    if (problems.length < PROBLEMS_MAX) problems.push({ pointer, detail });
  };
  if (!isFields(value)) return { ok: false, problems: [{ pointer: '', detail: 'must be an object' }] };
  const known = ['headers', 'elements', 'leadElement', 'joiner', 'content', 'digest', 'secretDecoding'];
  refuseUnknown(value, known, '', report);
  const headers = readHeaders(value['headers'], report);
  const templates = readTemplates(value, report);
  const content = readContent(value['content'], headers, templates.leadElement, report);
  const digest = oneOf(value['digest'], ['base64', 'hex'], '/digest', report);
  const secretDecoding = oneOf(value['secretDecoding'], ['base64', 'utf8', 'hex'], '/secretDecoding', report);
  if (problems.length > 0) return { ok: false, problems };
  const profile = {
    headers: Object.freeze(headers),
    elements: Object.freeze(templates.elements),
    leadElement: templates.leadElement,
    joiner: templates.joiner,
    content,
    digest,
    secretDecoding,
  };
  return { ok: true, profile: Object.freeze(profile) };
}

/** For profiles written in code: a bad one is a broken program. */
export function defineProfile(value: SignatureProfile): SignatureProfile {
  const checked = validateProfile(value);
  if (checked.ok) return checked.profile;
  const listed = checked.problems.map((problem) => `${problem.pointer} ${problem.detail}`).join('; ');
  throw new TypeError(`Not a signature profile: ${listed}`);
}
