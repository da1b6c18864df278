import { expect } from 'vitest';
import type { ErrorCode } from '../public.ts';
import type { Answer, Ask, CheckedClient, Json } from './checked-client.ts';
import { createKey, createOrganization, revokeKey } from './native-steps.ts';
import type { RunningDialects } from './running-dialects.ts';

/** What a row speaks of, made before the first of them. */
export type BadInputScene = {
  /** An endpoint that is there. */
  readonly id: string;
  /** One of another organization. */
  readonly foreignId: string;
  readonly tokens: Readonly<Record<'reader' | 'expired' | 'revoked' | 'foreign', string>>;
};

export type BadInput = {
  readonly name: string;
  readonly method: string;
  /** Below the dialect's prefix; `{id}` and `{foreignId}` are those of the scene. */
  readonly path: string;
  readonly ask?: Ask | ((scene: BadInputScene) => Ask);
  readonly status: number;
  /** As the product writes it. */
  readonly code: string;
};

/** What the rows that all products share must know of one. */
export type BadInputProduct = {
  /** Filled before the first test runs. */
  readonly world: { readonly running: RunningDialects; readonly ask: CheckedClient };
  /** For the names of organizations and keys. */
  readonly name: string;
  /** Where endpoints are created and listed. */
  readonly collection: string;
  /** One of them, with `{id}`. */
  readonly endpoint: string;
  /** Where its secret is rotated by POST, with `{id}`. */
  readonly rotation: string;
  /** The field of an endpoint's address. */
  readonly urlField: string;
  /** A body that would create an endpoint, beside its address. */
  readonly creation: Readonly<Record<string, unknown>>;
  /** The id in the answer to a creation. */
  readonly idOf: (created: Json) => string;
  /** The code in a refusal. */
  readonly codeOf: (answer: Answer) => unknown;
  /** What the product calls an error of the engine. */
  readonly words: (code: ErrorCode) => string;
  /** What else must hold of every refusal: the schema of the product's page. */
  readonly check?: (answer: Answer) => void;
};

/** A bearer of every scope that an endpoint needs. */
const ALL = ['endpoints:read', 'endpoints:write', 'secrets:rotate', 'deliveries:read', 'deliveries:write'];
const EXPIRY_MS = 60_000;

export async function makeScene(product: BadInputProduct): Promise<BadInputScene> {
  const { running } = product.world;
  const neighbour = `neighbour-of-${product.name}`;
  await createOrganization(running, neighbour);
  const foreign = await createKey(running, { scopes: ALL, organization: neighbour });
  const soon = new Date(running.clock.now() + EXPIRY_MS).toISOString();
  const expired = await createKey(running, { scopes: ALL, expiresAt: soon });
  const revoked = await createKey(running, { scopes: ALL });
  for (const { token } of [expired, revoked]) {
    expect((await product.world.ask('GET', product.collection, { token })).status).toBe(200);
  }
  await revokeKey(running, revoked.id);
  running.advance(EXPIRY_MS);
  const reader = await createKey(running, { scopes: ['endpoints:read', 'deliveries:read'] });
  return {
    id: await create(product),
    foreignId: await create(product, foreign.token),
    tokens: { reader: reader.token, expired: expired.token, revoked: revoked.token, foreign: foreign.token },
  };
}

async function create(product: BadInputProduct, token?: string): Promise<string> {
  const { ask, running } = product.world;
  const json = { ...product.creation, [product.urlField]: `${running.receiver.url}/bad-input` };
  const answer = await ask('POST', product.collection, { json, ...(token === undefined ? {} : { token }) });
  expect(answer.status).toBe(201);
  return product.idOf(answer.json);
}
