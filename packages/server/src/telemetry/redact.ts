import { stdSerializers } from 'pino';

export const REDACTED = '[redacted]';
const DEPTH_MAX = 8;
/** An error of a library may hold the request that failed, and that half the program: a socket, a server, a parser. */
const VALUES_MAX = 1_000;
const TOO_MUCH = '[too much]';

/** How the names of fields end that hold a secret, without case and separators. */
const SECRET_ENDINGS = [
  'apikey',
  'authorization',
  'bootstrapkey',
  'cookie',
  'credential',
  'credentials',
  'masterkey',
  'masterkeys',
  'passphrase',
  'passwd',
  'password',
  'privatekey',
  'secret',
  'secretkey',
  'secretvalue',
  'token',
];

/**
 * What a secret looks like wherever it turns up. The last line of defence, over the finished line, where quotes inside
 * texts are escaped. Rather too much is left out than too little.
 */
const SECRET_TEXTS: readonly (readonly [RegExp, string])[] = [
  [/\b(whsec|whsk)_[A-Za-z0-9+/=_-]{8,}/g, `$1_${REDACTED}`],
  [/\b([a-z]{2,12}_(?:live|test))_[A-Za-z0-9_-]{8,}/g, `$1_${REDACTED}`],
  [/\bsealed\.[A-Za-z0-9_.-]{8,}/g, `sealed.${REDACTED}`],
  // JSON Web Tokens and parts of them.
  [/\beyJ[A-Za-z0-9_-]{6,}(?:\.[A-Za-z0-9_-]*){0,2}/g, REDACTED],
  [/\b(Bearer|Basic|Digest|Token)(\s+)[A-Za-z0-9+/=._~-]{6,}/gi, `$1$2${REDACTED}`],
  // Headers that were written out.
  [
    /\b((?:proxy-)?authorization|(?:set-)?cookie|x-[a-z-]{0,30}(?:key|token|secret))(\s*[:=]\s*)[^",;\\]+/gi,
    `$1$2${REDACTED}`,
  ],
  // Passwords, and all values of queries: nobody knows which of them opens something.
  [/(:\/\/[^/\s:@"]*):[^/\s"]*@/g, `$1:${REDACTED}@`],
  [/([?&][^\s=&"\\?#]{1,200}=)[^\s&"\\#]+/g, `$1${REDACTED}`],
  // Forms and settings.
  [
    /\b(\w{0,40}(?:secret|token|password|passwd|passphrase|credentials?|(?:api|master|private|bootstrap)_?keys?)=)[^\s&",;\\]+/gi,
    `$1${REDACTED}`,
  ],
  // Keys of 32 bytes or more in base64, and of 20 or more in hex.
  [/(?<![A-Za-z0-9+/=_-])[A-Za-z0-9+/_-]{43,}={1,2}/g, REDACTED],
  [/\b[0-9a-fA-F]{40,}\b/g, REDACTED],
  // API keys, whatever prefix a dialect gives them. Ids are shorter.
  [/(?<![A-Za-z0-9])(?=[A-Za-z]*[0-9])(?=[a-z0-9]*[A-Z])[A-Za-z0-9]{32,}/g, REDACTED],
];

/** Takes the secrets out of a finished line; `known` are those that this process was given, whatever they look like. */
export function redactor(known: readonly string[]): (line: string) => string {
  // As they stand inside JSON. The longest first: one may be a part of another.
  const texts = known.map((text) => JSON.stringify(text).slice(1, -1)).toSorted((a, b) => b.length - a.length);
  return (line) => {
    let clean = line;
    for (const text of texts) clean = clean.replaceAll(text, REDACTED);
    return redactText(clean);
  };
}

function redactText(line: string): string {
  let clean = line;
  for (const [pattern, replacement] of SECRET_TEXTS) clean = clean.replace(pattern, replacement);
  return clean;
}

export function isSecretName(name: string): boolean {
  const plain = name.toLowerCase().replace(/[^a-z]/g, '');
  return SECRET_ENDINGS.some((ending) => plain.endsWith(ending));
}

/** A copy without the values of secret fields, at any depth; errors become plain objects on the way. Never throws. */
export function redactFields(value: unknown): unknown {
  return copyOf(value, 0, { left: VALUES_MAX });
}

/** How many more values are looked at. */
type Budget = { left: number };

function copyOf(value: unknown, depth: number, budget: Budget): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (depth >= DEPTH_MAX) return '[too deep]';
  try {
    return copyOfObject(value, depth, budget);
  } catch {
    // A getter or a `toJSON` that fails.
    return '[unreadable]';
  }
}

function copyOfObject(value: object, depth: number, budget: Budget): unknown {
  if (value instanceof Error) return copyOf(plainError(value), depth + 1, budget);
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`;
  if (Array.isArray(value)) return copyOfArray(value, depth, budget);
  if (value instanceof Map || value instanceof Set) return copyOf([...value], depth, budget);
  if ('toJSON' in value && typeof value.toJSON === 'function') return copyOf(value.toJSON(), depth + 1, budget);
  const copy: Record<string, unknown> = {};
  for (const [name, field] of Object.entries(value)) {
    budget.left -= 1;
    if (budget.left < 0) {
      copy[name] = TOO_MUCH;
      break;
    }
    copy[name] =
      isSecretName(name) && field !== null && field !== undefined ? REDACTED : copyOf(field, depth + 1, budget);
  }
  return copy;
}

/** Pino marks an error while it reads it, which one that is frozen does not allow. */
function plainError(error: Error): unknown {
  if (Object.isExtensible(error)) return stdSerializers.err(error);
  return { type: error.name, message: error.message, stack: error.stack };
}

/** Headers also come as lists of names and values: what follows a secret name is a secret. */
function copyOfArray(list: readonly unknown[], depth: number, budget: Budget): unknown[] {
  const copy: unknown[] = [];
  let before: unknown;
  for (const entry of list) {
    budget.left -= 1;
    if (budget.left < 0) {
      copy.push(TOO_MUCH);
      break;
    }
    const isSecret = typeof entry === 'string' && typeof before === 'string' && isSecretName(before);
    copy.push(isSecret ? REDACTED : copyOf(entry, depth + 1, budget));
    before = entry;
  }
  return copy;
}
