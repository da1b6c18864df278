import type { CompiledProfile } from './compiled-profile.ts';
import { failure, type VerificationFailure } from './errors.ts';
import { isGoodId } from './message.ts';
import { type HeaderSource, readHeader } from './request-headers.ts';
import { parseWith, type SignatureCandidate } from './signature-header.ts';
import { renderContent } from './template.ts';
import { parseTimestamp } from './timestamp.ts';

export type RawBody = string | Uint8Array | ArrayBuffer;

const TOLERANCE_SECONDS_DEFAULT = 300;

export type ReceivedRequest = {
  readonly headers: HeaderSource;
  /** As received, before any parsing. A string is encoded as UTF-8. */
  readonly body: RawBody;
  /** Milliseconds since 1970, such as `Date.now()`. */
  readonly now: number;
  /** How far the timestamp may be off, in both directions. Default 300. */
  readonly toleranceSeconds?: number;
};

/** A request whose headers are sound; only the signatures are still to be checked. */
export type ReadableRequest = {
  readonly ok: true;
  readonly id: string | null;
  readonly timestamp: number | null;
  /** The signed content is these three, one after the other. */
  readonly before: string;
  readonly body: Uint8Array;
  readonly after: string;
  readonly candidates: readonly SignatureCandidate[];
};

const utf8 = new TextEncoder();

function bodyBytes(body: unknown): Uint8Array | null {
  if (typeof body === 'string') return utf8.encode(body);
  if (body instanceof Uint8Array) return body;
  if (ArrayBuffer.isView(body)) return new Uint8Array(body.buffer, body.byteOffset, body.byteLength);
  return body instanceof ArrayBuffer ? new Uint8Array(body) : null;
}

/** Throws on a clock or tolerance that would switch the replay check off. */
function assertClock(request: ReceivedRequest, toleranceSeconds: number): void {
  if (!Number.isFinite(request.now)) throw new RangeError('now must be milliseconds since 1970');
  if (!Number.isFinite(toleranceSeconds) || toleranceSeconds < 0) {
    throw new RangeError('toleranceSeconds must be a number of seconds, zero or more');
  }
}

type Time = { readonly ok: true; readonly seconds: number } | VerificationFailure;

function checkTime(text: string, request: ReceivedRequest, toleranceSeconds: number): Time {
  const seconds = parseTimestamp(text);
  if (seconds === null) return failure('timestamp_invalid');
  const nowSeconds = Math.floor(request.now / 1000);
  if (nowSeconds - seconds > toleranceSeconds) return failure('timestamp_too_old');
  if (seconds - nowSeconds > toleranceSeconds) return failure('timestamp_too_new');
  return { ok: true, seconds };
}

/** Everything about a request that needs no key. */
export function readRequest(
  compiled: CompiledProfile,
  request: ReceivedRequest,
): ReadableRequest | VerificationFailure {
  const toleranceSeconds = request.toleranceSeconds ?? TOLERANCE_SECONDS_DEFAULT;
  assertClock(request, toleranceSeconds);
  const { headers } = compiled.profile;
  const body = bodyBytes(request.body);
  if (body === null) return failure('body_not_raw');

  let id: string | null = null;
  if (compiled.signsId && headers.id !== null) {
    const found = readHeader(request.headers, headers.id);
    if (!found.ok) return found;
    if (!isGoodId(compiled, found.value)) return failure('id_invalid');
    id = found.value;
  }

  const list = readHeader(request.headers, headers.signature);
  if (!list.ok) return list;
  const parsed = parseWith(compiled, list.value);
  if (!parsed.ok) return parsed;

  let timestampText = '';
  let timestamp: number | null = null;
  if (compiled.signsTimestamp) {
    if (headers.timestamp === null) {
      if (parsed.timestamp === null) return failure('timestamp_invalid', 'the signature header holds none');
      timestampText = parsed.timestamp;
    } else {
      const found = readHeader(request.headers, headers.timestamp);
      if (!found.ok) return found;
      timestampText = found.value;
    }
    const time = checkTime(timestampText, request, toleranceSeconds);
    if (!time.ok) return time;
    timestamp = time.seconds;
  }

  if (parsed.candidates.length === 0) return failure('no_known_signature');
  const before = renderContent(compiled.content.before, id ?? '', timestampText);
  const after = renderContent(compiled.content.after, id ?? '', timestampText);
  return { ok: true, id, timestamp, before, body, after, candidates: parsed.candidates };
}

/** The signed content in one piece. */
export function joinContent(before: string, body: Uint8Array, after: string): Uint8Array<ArrayBuffer> {
  const head = utf8.encode(before);
  const tail = utf8.encode(after);
  const whole = new Uint8Array(head.length + body.length + tail.length);
  whole.set(head);
  whole.set(body, head.length);
  whole.set(tail, head.length + body.length);
  return whole;
}
