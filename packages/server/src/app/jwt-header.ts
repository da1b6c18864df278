/** A JWT with an RSA signature of 4096 bits and many claims stays far below; request headers end at twice as much. */
export const JWT_LENGTH_MAX = 8_192;

export type JwtHeader = { readonly alg: string; readonly kid: string | null };

/** Three parts of base64url that are not empty: a JWT without a signature is none. */
const JWT = /^([\w-]+)\.[\w-]+\.[\w-]+$/;

/** What a token says of itself when it looks like a signed JWT, else null. Nothing of it is proven. */
export function jwtHeaderOf(token: string): JwtHeader | null {
  if (token.length > JWT_LENGTH_MAX) return null;
  const encoded = JWT.exec(token)?.[1];
  if (encoded === undefined) return null;
  const header = jsonObjectOf(encoded);
  if (header === null || typeof header['alg'] !== 'string') return null;
  return { alg: header['alg'], kid: typeof header['kid'] === 'string' ? header['kid'] : null };
}

/** A claim of a token that looks like a JWT, not proven either. */
export function claimedBy(token: string, claim: string): unknown {
  const [, payload = ''] = token.split('.');
  return jsonObjectOf(payload)?.[claim];
}

function jsonObjectOf(encoded: string): Readonly<Record<string, unknown>> | null {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(encoded, 'base64url').toString('utf8'));
  } catch {
    return null;
  }
  // An object of JSON.
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : null;
}
