import type { Algorithm } from '../core/profile.ts';

export const SUBTLE_NAMES: Readonly<Record<Algorithm, string>> = { 'hmac-sha256': 'HMAC', ed25519: 'Ed25519' };
