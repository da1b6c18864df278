import * as node from '../src/node/index.ts';
import * as web from '../src/web/index.ts';

type Later<T> = T | Promise<T>;
type SecretInput = { readonly id: string; readonly algorithm: node.Algorithm; readonly text: string };

/** One shape for both entry points, so that one test body runs against each. */
export type EntryPoint = {
  readonly name: string;
  signer(profile: node.SignatureProfile, secrets: readonly SecretInput[]): Promise<AnySigner>;
  verify(options: node.ReceivedRequest & AnyVerifier): Later<node.Verification>;
  verifyOrThrow(options: node.ReceivedRequest & AnyVerifier): Promise<node.VerificationSuccess>;
  publicKeyText(text: string): Promise<string>;
  generateSecret(options: node.GenerateOptions): Later<node.GeneratedSecret>;
  /** Decodes a secret into a key and throws when that fails. */
  readKey(text: string, algorithm: node.Algorithm, decoding: node.SecretDecoding): Promise<unknown>;
};

type AnyVerifier = { readonly profile?: node.SignatureProfile; readonly secrets: readonly string[] };

type AnySigner = {
  sign(message: node.Message): Later<string>;
  headers(message: node.MessageWithType): Later<string[]>;
};

export const entryPoints: readonly EntryPoint[] = [
  {
    name: 'node',
    async signer(profile, secrets) {
      const keys = secrets.map(({ id, algorithm, text }) => ({
        id,
        algorithm,
        key: node.signingKey(text, algorithm, profile.secretDecoding),
      }));
      return node.createSigner(profile, keys);
    },
    verify: node.verify,
    verifyOrThrow: async (options) => node.verifyOrThrow(options),
    publicKeyText: async (text) => node.publicKeyText(text),
    generateSecret: node.generateSecret,
    readKey: async (text, algorithm, decoding) => node.signingKey(text, algorithm, decoding),
  },
  {
    name: 'web',
    async signer(profile, secrets) {
      const keys = await Promise.all(
        secrets.map(async ({ id, algorithm, text }) => ({
          id,
          algorithm,
          key: await web.signingKey(text, algorithm, profile.secretDecoding),
        })),
      );
      return web.createSigner(profile, keys);
    },
    verify: web.verify,
    verifyOrThrow: web.verifyOrThrow,
    publicKeyText: web.publicKeyText,
    generateSecret: web.generateSecret,
    readKey: web.signingKey,
  },
];
