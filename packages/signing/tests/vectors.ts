import { readFileSync } from 'node:fs';
import type { Algorithm, SecretDecoding, SecretProblem, SignatureProfile, VerificationCode } from '@hookring/signing';

export type SignatureVector = {
  readonly name: string;
  readonly profile: string;
  readonly algorithm: Algorithm;
  readonly secret: string;
  readonly publicKey?: string;
  readonly id: string;
  readonly timestamp: number;
  readonly body?: string;
  readonly bodyBase64?: string;
  readonly signature: string;
};

export type RotationVector = {
  readonly name: string;
  readonly profile: string;
  readonly secrets: readonly { readonly id: string; readonly algorithm: Algorithm; readonly text: string }[];
  readonly id: string;
  readonly timestamp: number;
  readonly body: string;
  readonly signature: string;
};

export type VerificationVector = {
  readonly name: string;
  readonly profile: string;
  readonly secrets: readonly string[];
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  readonly body: string;
  readonly nowSeconds: number;
  readonly toleranceSeconds?: number;
  readonly expect:
    | { readonly ok: true; readonly signatureIndex: number; readonly secretIndex: number }
    | { readonly ok: false; readonly code: VerificationCode };
};

export type HeaderVector = {
  readonly name: string;
  readonly profile: string;
  readonly header: string;
  readonly expect:
    | {
        readonly ok: true;
        readonly timestamp: string | null;
        readonly entries: readonly { readonly index: number; readonly algorithm: Algorithm }[];
      }
    | { readonly ok: false; readonly code: VerificationCode };
};

export type SecretVector = {
  readonly name: string;
  readonly algorithm: Algorithm;
  readonly decoding: SecretDecoding;
  readonly text: string;
  readonly keyHex?: string;
  readonly publicKey?: string;
  readonly problem?: SecretProblem;
};

function load(name: string): unknown {
  return JSON.parse(readFileSync(new URL(`../../../vectors/${name}`, import.meta.url), 'utf8'));
}

type Listed<T> = { readonly vectors: readonly T[] };

// The files are the repository's own; a shape that drifts makes the tests that read it fail.
export const signatureVectors = (load('signatures.json') as Listed<SignatureVector>).vectors;
export const rotationVectors = (load('rotation.json') as Listed<RotationVector>).vectors;
export const verificationVectors = (load('verification.json') as Listed<VerificationVector>).vectors;
export const headerVectors = (load('signature-headers.json') as Listed<HeaderVector>).vectors;
export const secretVectors = (load('secrets.json') as Listed<SecretVector>).vectors;
export const timestampVectors = load('timestamps.json') as {
  readonly valid: readonly { readonly text: string; readonly seconds: number }[];
  readonly invalid: readonly string[];
};
const { profiles } = load('profiles.json') as { readonly profiles: Readonly<Record<string, SignatureProfile>> };
export const profileVectors = profiles;

export function profileNamed(name: string): SignatureProfile {
  const profile = profiles[name];
  if (profile === undefined) throw new Error(`No profile ${name} in vectors/profiles.json`);
  return profile;
}

export function bodyOf(vector: { readonly body?: string; readonly bodyBase64?: string }): Uint8Array {
  return vector.bodyBase64 === undefined ? Buffer.from(vector.body ?? '') : Buffer.from(vector.bodyBase64, 'base64');
}
