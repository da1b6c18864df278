import { type IdByPrefix, type IdPrefix, idFromUuid, parseId, uuidOf } from '../domain/ids.ts';

/** How one product writes an id. What `decode` refuses is no id there, which reads as "not found". */
export type IdCodec<Id extends string> = {
  /** What it names, for refusals: `endpoint`. */
  readonly noun: string;
  /** What an id looks like, for the OpenAPI document. */
  readonly example: string;
  encode(id: Id): string;
  decode(text: string): Id | null;
};

const NOUNS: Readonly<Record<IdPrefix, string>> = {
  org: 'organization',
  ep: 'endpoint',
  sec: 'secret',
  evt: 'event',
  dlv: 'delivery',
  att: 'attempt',
  key: 'API key',
  aud: 'line of the audit log',
};
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const HEX = /^[0-9a-f]{32}$/;
const EXAMPLE_UUID = '0190a1b2-c3d4-7e5f-a7b8-c9d0e1f2a3b4';

/** Ids as the engine knows them, or the same with a prefix of the product's own: `whe_…` for an endpoint. */
export function typeIds<P extends IdPrefix>(prefix: P, written: string = prefix): IdCodec<IdByPrefix[P]> {
  checkWritten(written);
  const suffixOf = (id: string): string => id.slice(prefix.length);
  const codec: IdCodec<IdByPrefix[P]> = {
    noun: NOUNS[prefix],
    example: '',
    encode: (id) => `${written}${suffixOf(id)}`,
    decode: (text) =>
      text.startsWith(`${written}_`) ? parseId(prefix, `${prefix}${text.slice(written.length)}`) : null,
  };
  return { ...codec, example: codec.encode(exampleOf(prefix)) };
}

/** The UUID of an id, in lower case with hyphens; capitals are read too. */
export function uuids<P extends IdPrefix>(prefix: P): IdCodec<IdByPrefix[P]> {
  return {
    noun: NOUNS[prefix],
    example: EXAMPLE_UUID,
    encode: uuidOf,
    decode: (text) => (UUID.test(text) ? fromHex(prefix, text.replaceAll('-', '').toLowerCase()) : null),
  };
}

/** A prefix of the product's own, `_`, and the UUID as 32 lower-case hex digits; hyphens are read too. */
export function hexIds<P extends IdPrefix>(prefix: P, written: string): IdCodec<IdByPrefix[P]> {
  checkWritten(written);
  const start = `${written}_`;
  return {
    noun: NOUNS[prefix],
    example: `${start}${EXAMPLE_UUID.replaceAll('-', '')}`,
    encode: (id) => `${start}${uuidOf(id).replaceAll('-', '')}`,
    decode(text) {
      if (!text.startsWith(start)) return null;
      const rest = text.slice(start.length);
      const digits = UUID.test(rest) ? rest.replaceAll('-', '').toLowerCase() : rest;
      return HEX.test(digits) ? fromHex(prefix, digits) : null;
    },
  };
}

function fromHex<P extends IdPrefix>(prefix: P, digits: string): IdByPrefix[P] {
  return idFromUuid(prefix, Buffer.from(digits, 'hex'));
}

function exampleOf<P extends IdPrefix>(prefix: P): IdByPrefix[P] {
  return fromHex(prefix, EXAMPLE_UUID.replaceAll('-', ''));
}

function checkWritten(written: string): void {
  if (!/^[A-Za-z][A-Za-z0-9]*$/.test(written)) {
    throw new TypeError(`"${written}" is no prefix of ids: letters and digits, and the "_" comes by itself`);
  }
}
