/** Keys whose buckets are remembered; the one idle for longest is forgotten first, which refills it. */
const KEYS_MAX = 10_000;

/** Refills are fractions, whose sum may miss a whole token by a hair. */
const ROUNDING = 1e-9;

/** `requests` in every `windowSeconds`, with all of them available as a burst. */
export type RateLimitSetting = { readonly requests: number; readonly windowSeconds: number };

export type RateLimitState = {
  readonly setting: RateLimitSetting;
  readonly allowed: boolean;
  /** Whole requests left now. */
  readonly remaining: number;
  /** Seconds until the bucket is full again. */
  readonly resetSeconds: number;
  /** Seconds until the next request would pass; 0 when this one did. */
  readonly retryAfterSeconds: number;
};

export type RateLimiter = { take(key: string): RateLimitState };

/** A token bucket per key over a monotonic clock in milliseconds. */
export function createRateLimiter(
  setting: RateLimitSetting,
  monotonic: () => number,
  keysMax: number = KEYS_MAX,
): RateLimiter {
  const perMs = setting.requests / (setting.windowSeconds * 1_000);
  const buckets = new Map<string, { tokens: number; at: number }>();

  function bucketOf(key: string, now: number): { tokens: number; at: number } {
    const known = buckets.get(key);
    if (known !== undefined) {
      // Moved to the end, so that the first of the map is the one idle for longest.
      buckets.delete(key);
      buckets.set(key, known);
      known.tokens = Math.min(setting.requests, known.tokens + Math.max(0, now - known.at) * perMs);
      known.at = now;
      return known;
    }
    if (buckets.size >= keysMax) {
      const oldest = buckets.keys().next();
      if (oldest.done !== true) buckets.delete(oldest.value);
    }
    const fresh = { tokens: setting.requests, at: now };
    buckets.set(key, fresh);
    return fresh;
  }

  return {
    take(key) {
      const bucket = bucketOf(key, monotonic());
      const allowed = bucket.tokens >= 1 - ROUNDING;
      if (allowed) bucket.tokens = Math.max(0, bucket.tokens - 1);
      return {
        setting,
        allowed,
        remaining: Math.floor(bucket.tokens),
        resetSeconds: Math.ceil((setting.requests - bucket.tokens) / perMs / 1_000),
        retryAfterSeconds: allowed ? 0 : Math.max(1, Math.ceil((1 - bucket.tokens) / perMs / 1_000)),
      };
    },
  };
}

/** The fields of the IETF draft "RateLimit header fields for HTTP" (draft-ietf-httpapi-ratelimit-headers-10). */
export function draftRateLimitHeaders(state: RateLimitState): Readonly<Record<string, string>> {
  return {
    'ratelimit-policy': `"default";q=${state.setting.requests};w=${state.setting.windowSeconds}`,
    ratelimit: `"default";r=${state.remaining};t=${state.resetSeconds}`,
  };
}
