import { Buffer } from 'node:buffer';

/** A receiver's bytes as text: what is not UTF-8 is replaced, and NUL goes, which many readers choke on. */
export function excerptText(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8').replaceAll('\0', '');
}
