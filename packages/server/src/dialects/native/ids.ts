import { typeIdCodec } from '../id-codec.ts';

export const ids = {
  endpoint: typeIdCodec('ep'),
  delivery: typeIdCodec('dlv'),
  organization: typeIdCodec('org'),
  secret: typeIdCodec('sec'),
  key: typeIdCodec('key'),
} as const;
