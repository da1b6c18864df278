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
export { agentmessage } from './dialects/agentmessage/agentmessage.ts';
export { dinie } from './dialects/dinie/dinie.ts';
export { moonborn } from './dialects/moonborn/moonborn.ts';
export * from './dialects/public.ts';
export { signup, type ThesignupOptions, thesignup } from './dialects/signup/signup.ts';
