export * from '../core/index.ts';
export { generateSecret, publicKeyText, signingKey } from './keys.ts';
export { createSigner, type Signer, type SigningSecret } from './signer.ts';
export {
  createVerifier,
  type VerificationSecret,
  type Verifier,
  type VerifierOptions,
  type VerifyOptions,
  verify,
  verifyOrThrow,
} from './verify.ts';
