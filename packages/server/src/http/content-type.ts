import { type Refusal, refused } from '../app/outcome.ts';

export const JSON_MEDIA_TYPE = 'application/json';

export type ContentType = {
  /** Lower case, without parameters. */
  readonly mediaType: string;
  /** Lower case; null when it is not named. */
  readonly charset: string | null;
};

const TOKEN = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
const MEDIA_TYPE = new RegExp(`^(${TOKEN}/${TOKEN})[ \\t]*(?:;|$)`);
const CHARSET = new RegExp(`;[ \\t]*charset="?(${TOKEN})"?[ \\t]*(?:;|$)`, 'i');

/** Null when the header has no media type in it. */
export function parseContentType(header: string): ContentType | null {
  // What nearly every request sends.
  if (header === JSON_MEDIA_TYPE) return PLAIN_JSON;
  const match = MEDIA_TYPE.exec(header.trim());
  if (match === null) return null;
  return { mediaType: (match[1] ?? '').toLowerCase(), charset: CHARSET.exec(header)?.[1]?.toLowerCase() ?? null };
}

const PLAIN_JSON: ContentType = { mediaType: JSON_MEDIA_TYPE, charset: null };

/** Whether a JSON body of one of these media types may be read; JSON is UTF-8 whatever a client says. */
export function checkContentType(header: string | undefined, accepted: readonly string[]): Refusal | null {
  if (header === JSON_MEDIA_TYPE && accepted.includes(JSON_MEDIA_TYPE)) return null;
  const type = header === undefined ? null : parseContentType(header);
  const isAccepted =
    type !== null && accepted.includes(type.mediaType) && (type.charset === null || isUtf8(type.charset));
  if (isAccepted) return null;
  return refused('unsupported_media_type', `send the body as ${accepted.join(' or ')} in UTF-8`);
}

function isUtf8(charset: string): boolean {
  return charset === 'utf-8' || charset === 'utf8' || charset === 'us-ascii';
}

/** A body that was compressed would have to be unpacked before its size is known; senders of events have no need to. */
export function checkContentEncoding(header: string | string[] | undefined): Refusal | null {
  if (header === undefined || header === '' || header === 'identity') return null;
  return refused('unsupported_media_type', 'send the body without a Content-Encoding');
}
