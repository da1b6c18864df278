import { expect } from 'vitest';
import type { Dialect } from '../public.ts';
import { type Answer, type Ask, checkedClient, type Json } from './checked-client.ts';
import type { Product } from './cross-products.ts';
import { createKey, createOrganization } from './native-steps.ts';
import type { Received } from './receiver.ts';
import type { RunningDialects } from './running-dialects.ts';
import { burst } from './traffic.ts';

export const ALL_SCOPES = [
  'endpoints:read',
  'endpoints:write',
  'secrets:rotate',
  'deliveries:read',
  'deliveries:write',
  'organization:admin',
];

/** An organization of its own for one test, and a key of it. */
export type Tenant = {
  readonly organizationId: string;
  /** The first secret of its ring. */
  readonly organizationSecret: string;
  readonly token: string;
};

/** Several products over one engine, each asked in the same words. */
export type CrossWorld = {
  readonly running: RunningDialects;
  newTenant(): Promise<Tenant>;
  ask(product: Product, tenant: Tenant, method: string, path: string, more?: Ask): Promise<Answer>;
  create(product: Product, tenant: Tenant): Promise<{ readonly id: string; readonly secret: string }>;
  /** The tenant's only endpoint as a product shows it. */
  only(product: Product, tenant: Tenant): Promise<Json>;
  /** Answers the new secret, spelled as the product spells them. */
  rotate(product: Product, tenant: Tenant, id: string): Promise<string>;
  /** Sends an event and answers the request that came of it. */
  deliver(type: string, tenant: Tenant): Promise<Received>;
};

let tenants = 0;

export function createCrossWorld(running: RunningDialects, dialects: readonly Dialect[]): CrossWorld {
  const clients = new Map(
    [running.native, ...dialects].map((dialect) => [dialect.name, checkedClient(running, dialect)] as const),
  );

  async function ask(product: Product, tenant: Tenant, method: string, path: string, more: Ask = {}): Promise<Answer> {
    const client = clients.get(product.name);
    if (client === undefined) throw new Error(`${product.name} does not run here`);
    return await client(method, path, { token: tenant.token, ...more });
  }

  return {
    running,
    ask,
    async newTenant() {
      tenants += 1;
      const { id, secret } = await createOrganization(running, `across-${tenants}`);
      const { token } = await createKey(running, { scopes: ALL_SCOPES, organization: id });
      return { organizationId: id, organizationSecret: secret.value, token };
    },
    async create(product, tenant) {
      const json = product.creation(running.receiver.url);
      const answer = await ask(product, tenant, 'POST', product.collection, { json });
      expect(answer.status).toBe(201);
      return { id: product.idOf(product.endpointOf(answer.json)), secret: product.secretOf(answer.json) };
    },
    async only(product, tenant) {
      const endpoints = product.listOf((await ask(product, tenant, 'GET', product.collection)).json);
      expect([product.name, endpoints.length]).toEqual([product.name, 1]);
      return endpoints[0];
    },
    async rotate(product, tenant, id) {
      const answer = await ask(product, tenant, 'POST', product.rotation(id));
      expect([product.name, answer.status]).toEqual([product.name, 200]);
      expect(product.secretOf(answer.json)).toMatch(product.spelling);
      return product.secretOf(answer.json);
    },
    async deliver(type, { organizationId }) {
      const payload = { across: true };
      const [request] = await burst({ running }, { type, payload, organization: organizationId, count: 1 });
      if (request === undefined) throw new Error('nothing arrived');
      return request;
    },
  };
}

/** What a request is beside its signature: the names of its headers. Its envelope must be that of the creator. */
export function shapeOf(creator: Product, { headers, body }: Received): readonly string[] {
  const json = JSON.parse(body.toString());
  expect(creator.payloadOf(json)).toMatchObject({ across: true });
  expect(creator.envelope === null ? null : Object.keys(json)).toEqual(creator.envelope);
  return Object.keys(headers).sort();
}

export function expectRefused(product: Product, answer: Answer, code: keyof Product['words']): void {
  const { name, words, contentType } = product;
  expect([name, answer.status, product.codeOf(answer.json)]).toEqual([name, ...(words[code] ?? [])]);
  expect(String(answer.headers['content-type']).split(';')[0]).toBe(contentType);
}
