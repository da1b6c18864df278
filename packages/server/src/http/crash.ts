import type { FastifyRequest } from 'fastify';
import type { Problem } from '../domain/error-registry.ts';
import { StoreUnavailable } from '../store/port.ts';
import { pathOf } from './surface.ts';

const RETRY_AFTER_SECONDS = 1;
/** Of a store whose disk is full or cannot be written. */
const STORE_RETRY_AFTER_SECONDS = 5;

export type CrashFacts = {
  readonly requestId: string;
  readonly method: string;
  /** As it was asked for. */
  readonly path: string;
  /** The limit of the route. */
  readonly bodyBytesMax: number;
};

export function crashFacts(request: FastifyRequest): CrashFacts {
  const { id, method, routeOptions } = request;
  return { requestId: id, method, path: askedPath(request), bodyBytesMax: routeOptions.bodyLimit };
}

/** The path in the caller's words: on a host of its own, a surface's paths are asked for without its prefix. */
export function askedPath(request: FastifyRequest): string {
  return pathOf(request.originalUrl);
}

/** Takes what a caller must not see. */
export type CrashSink = (error: unknown, facts: Pick<CrashFacts, 'requestId' | 'path'>) => void;

/** What a caller is told of an exception: nothing of it, unless it says something about the request. */
export function problemOf(error: unknown, facts: CrashFacts, onCrash: CrashSink): Problem {
  if (error instanceof StoreUnavailable) return unavailable(error);
  const code = codeOf(error);
  if (code === BODY_TOO_LARGE) return tooLarge(facts.bodyBytesMax);
  const known = FRAMEWORK[code];
  if (known !== undefined) return known;
  onCrash(error, facts);
  return {
    code: 'internal_error',
    detail: 'something in this server is broken; the request id finds it in the log',
  };
}

function unavailable(error: StoreUnavailable): Problem {
  const retry = { retryAfterSeconds: RETRY_AFTER_SECONDS };
  switch (error.reason) {
    case 'queue_full':
      return { code: 'overloaded', detail: 'nothing of this request was stored; send it again', ...retry };
    case 'closed':
      return { code: 'shutting_down', detail: 'this node is stopping; send the request again', ...retry };
    case 'commit_failed':
    case 'disk_low':
      return {
        code: 'store_unavailable',
        detail: 'nothing of this request was stored; send it again later',
        retryAfterSeconds: STORE_RETRY_AFTER_SECONDS,
      };
  }
}

const BODY_TOO_LARGE = 'FST_ERR_CTP_BODY_TOO_LARGE';

function tooLarge(bytesMax: number): Problem {
  return { code: 'payload_too_large', detail: `the body is over ${bytesMax} bytes, the limit of this operation` };
}

const UNREADABLE: Problem = { code: 'invalid_request', detail: 'the body did not arrive as its headers said' };
const UNKNOWN_TYPE: Problem = { code: 'unsupported_media_type', detail: 'the Content-Type header is not a media type' };

/** What the framework says about a request before a route has seen it. */
const FRAMEWORK: Readonly<Record<string, Problem>> = {
  FST_ERR_CTP_INVALID_MEDIA_TYPE: UNKNOWN_TYPE,
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: UNREADABLE,
  FST_ERR_CTP_EMPTY_TYPE: UNKNOWN_TYPE,
  ECONNRESET: UNREADABLE,
  ERR_STREAM_PREMATURE_CLOSE: UNREADABLE,
};

/** Whether the framework refused a request by itself, before any code of this server ran. */
export function isOfFramework(error: unknown): boolean {
  return codeOf(error).startsWith('FST_ERR_');
}

function codeOf(error: unknown): string {
  return typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string'
    ? error.code
    : '';
}
