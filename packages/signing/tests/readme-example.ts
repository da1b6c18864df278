import { verify } from '@hookring/signing';

export function statusFor(headers: Headers, body: Uint8Array, secrets: string[]): 204 | 400 {
  const result = verify({ secrets, headers, body, now: Date.now() });
  return result.ok ? 204 : 400;
}
