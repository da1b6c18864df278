import { type IdByPrefix, type IdPrefix, parseId } from '../domain/ids.ts';

/** How one product writes an id. What `decode` refuses is no id there, which reads as "not found". */
export type IdCodec<Id extends string> = {
  encode(id: Id): string;
  decode(text: string): Id | null;
};

/** Ids as the engine knows them. */
export function typeIdCodec<P extends IdPrefix>(prefix: P): IdCodec<IdByPrefix[P]> {
  return { encode: (id) => id, decode: (text) => parseId(prefix, text) };
}
