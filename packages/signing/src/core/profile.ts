export type Algorithm = 'hmac-sha256' | 'ed25519';
export type DigestEncoding = 'base64' | 'hex';
export type SecretDecoding = 'base64' | 'utf8' | 'hex';

/**
 * How a product writes a signature down: plain data, safe to store as JSON.
 * `elements`, `leadElement` and `content` are templates over `{id}`, `{timestamp}`, `{body}` and `{signature}`.
 */
export type SignatureProfile = {
  readonly headers: {
    readonly id: string | null;
    readonly timestamp: string | null;
    readonly signature: string;
    /** Carries the event's type; not signed. */
    readonly eventType: string | null;
    /** Carries the ids of the secrets that signed, in the order of the signatures; not signed. */
    readonly keyIds: string | null;
  };
  /** One entry of the signature list per algorithm, such as `v1,{signature}`. */
  readonly elements: { readonly 'hmac-sha256': string | null; readonly ed25519: string | null };
  /** Stands before the signatures in the same header, such as `t={timestamp}`. */
  readonly leadElement: string | null;
  readonly joiner: string;
  /** What is signed, such as `{id}.{timestamp}.{body}`. */
  readonly content: string;
  readonly digest: DigestEncoding;
  /** How the text of an HMAC secret becomes key bytes. */
  readonly secretDecoding: SecretDecoding;
};
