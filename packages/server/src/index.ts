/** What a `hookring.config.ts` and a dialect of one's own may import. */
export {
  nativeWebhooks,
  type SignatureProfile,
  type StripeStyleOptions,
  standardWebhooks,
  stripeStyle,
} from '@hookring/signing';
export { type Static, Type } from 'typebox';
export { type ConfigFile, defineConfig } from './config/file.ts';
export { moonborn } from './dialects/moonborn/moonborn.ts';
export * from './dialects/public.ts';
export { type ThesignupOptions, thesignup } from './dialects/signup/signup.ts';
