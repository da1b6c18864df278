import type { Problem } from '../domain/error-registry.ts';
import type { RateLimitState } from './rate-limit.ts';

/** A refusal in the words of one product. */
export type EncodedProblem = {
  readonly status: number;
  /** JSON text. */
  readonly body: string;
  readonly contentType: string;
};

export type ProblemEncoder = (
  problem: Problem,
  request: { readonly requestId: string; readonly path: string },
) => EncodedProblem;

/** What the plumbing must know of one HTTP face: where it stands and how it says no. */
export type Surface = {
  readonly name: string;
  /** Empty, or `/` and a path without a trailing slash. */
  readonly prefix: string;
  readonly encodeProblem: ProblemEncoder;
  /** Lower-case names of the headers that may carry an idempotency key. */
  readonly idempotencyHeaders: readonly string[];
  /** What `WWW-Authenticate` says of a 401 (RFC 9110, 11.6.1), where its headers say nothing. */
  readonly challenge: string;
  readonly rateLimitHeaders: (state: RateLimitState) => Readonly<Record<string, string>>;
  /** Sent with every answer, refusals too; lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
};

export type SurfaceTable = {
  add(surface: Surface): void;
  /** The surface with the longest prefix of `path`, else the one that answers for the rest of the server. */
  of(path: string): Surface;
};

/** `fallback` speaks for paths under no prefix and for requests too broken to have a path. */
export function createSurfaceTable(fallback: Surface): SurfaceTable {
  const surfaces: Surface[] = [];
  return {
    add(surface) {
      if (surfaces.some((other) => other.prefix === surface.prefix)) {
        throw new TypeError(`two surfaces share the prefix "${surface.prefix}"`);
      }
      surfaces.push(surface);
      surfaces.sort((a, b) => b.prefix.length - a.prefix.length);
    },
    of(path) {
      return surfaces.find(({ prefix }) => isUnder(path, prefix)) ?? fallback;
    },
  };
}

function isUnder(path: string, prefix: string): boolean {
  return path.startsWith(prefix) && (prefix === '' || path.length === prefix.length || path[prefix.length] === '/');
}

/** The path of a request target, without its query; also of a whole URL (RFC 9112, 3.2.2). */
export function pathOf(target: string): string {
  const origin = originForm(target);
  const end = origin.search(/[?#]/);
  return end < 0 ? origin : origin.slice(0, end);
}

const SCHEME_AND_HOST = /^https?:\/\/[^/?#]*/i;

/** A request target from its path on; it always begins with a slash. */
export function originForm(target: string): string {
  if (target.startsWith('/')) return target;
  const rest = target.replace(SCHEME_AND_HOST, '');
  return rest.startsWith('/') ? rest : `/${rest}`;
}
