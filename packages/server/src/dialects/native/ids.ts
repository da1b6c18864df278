import { typeIds } from '../public.ts';

export const ids = {
  endpoint: typeIds('ep'),
  delivery: typeIds('dlv'),
  organization: typeIds('org'),
  secret: typeIds('sec'),
  key: typeIds('key'),
} as const;
