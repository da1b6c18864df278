import type { Problem } from '../domain/error-registry.ts';
import type { RateLimitState } from './rate-limit.ts';

/** A refusal in the words of one product. */
export type EncodedProblem = {
  readonly status: number;
  /** JSON text. */
  readonly body: string;
  readonly contentType: string;
  readonly headers?: Readonly<Record<string, string>>;
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
  readonly rateLimitHeaders: (state: RateLimitState) => Readonly<Record<string, string>>;
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

/** The path of a request target, without its query. */
export function pathOf(target: string): string {
  const end = target.search(/[?#]/);
  return end < 0 ? target : target.slice(0, end);
}
