import type { SessionJwtSettings } from '../app/session-jwts.ts';
import type { Parsed } from './setting.ts';
import { parsed, problem } from './setting.ts';

/** As many as HS256 makes of it anyway (RFC 7518, section 3.2). */
const SECRET_BYTES_MIN = 32;
const SECRET_BYTES_MAX = 1_024;
const URL_LENGTH_MAX = 2_048;
const NAME_LENGTH_MAX = 2_048;
const LOOPBACK = /^(?:localhost|127(?:\.[0-9]{1,3}){3}|\[::1\])$/;

export function parseJwtSecret(text: string): Parsed<string> {
  const bytes = Buffer.byteLength(text);
  if (bytes >= SECRET_BYTES_MIN && bytes <= SECRET_BYTES_MAX) return parsed(text);
  return problem(`has ${bytes} bytes; it needs ${SECRET_BYTES_MIN} to ${SECRET_BYTES_MAX}`);
}

/** Keys that came over plain HTTP could be anyone's. */
export function parseJwksUrl(text: string): Parsed<string> {
  const url = URL.parse(text);
  if (url === null || text.length > URL_LENGTH_MAX) return problem('must be a URL');
  const isSafe = url.protocol === 'https:' || (url.protocol === 'http:' && LOOPBACK.test(url.hostname));
  if (!isSafe) return problem('must be an https: URL (http: is for this machine only)');
  if (url.username !== '' || url.password !== '') return problem('must not hold a user name or a password');
  return parsed(url.href);
}

/** An issuer or an audience: compared with the claim character by character. */
export function parseJwtName(text: string): Parsed<string> {
  const isPlain = text.length <= NAME_LENGTH_MAX && /^[^\p{Cc}]+$/u.test(text);
  return isPlain ? parsed(text) : problem(`must be at most ${NAME_LENGTH_MAX} characters on one line`);
}

type JwtConfig = {
  readonly jwtSecret: string | null;
  readonly jwtJwksUrl: string | null;
  readonly jwtIssuer: string | null;
  readonly jwtAudience: string | null;
};

/** Two kinds of key at once could be mistaken for each other; null when all is well. */
export function jwtProblem({ jwtSecret = null, jwtJwksUrl = null }: Partial<JwtConfig>): string | null {
  if (jwtSecret === null || jwtJwksUrl === null) return null;
  return 'HOOKRING_JWT_JWKS_URL and HOOKRING_JWT_SECRET are both set: JWTs are checked with one of them.';
}

/** Settings that nothing reads, so that none is silently ignored. */
export function jwtWarnings(config: Partial<JwtConfig>): readonly string[] {
  const { jwtSecret = null, jwtJwksUrl = null, jwtIssuer = null, jwtAudience = null } = config;
  if (jwtSecret !== null || jwtJwksUrl !== null) return [];
  const unread = [
    ...(jwtIssuer === null ? [] : ['HOOKRING_JWT_ISSUER']),
    ...(jwtAudience === null ? [] : ['HOOKRING_JWT_AUDIENCE']),
  ];
  return unread.map((name) => `${name} does nothing without HOOKRING_JWT_SECRET or HOOKRING_JWT_JWKS_URL.`);
}

/** Whose JWTs are believed; null: nobody's. */
export function sessionJwtSettings(config: JwtConfig): SessionJwtSettings | null {
  const { jwtSecret: secret, jwtJwksUrl: url, jwtIssuer: issuer, jwtAudience: audience } = config;
  if (secret !== null) return { key: { kind: 'secret', secret }, issuer, audience };
  if (url !== null) return { key: { kind: 'jwks', url: new URL(url) }, issuer, audience };
  return null;
}
