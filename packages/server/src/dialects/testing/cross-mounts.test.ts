import { describe, expect, it } from 'vitest';
import { acmeDialect } from './acme.ts';
import { BUILT_IN, PRODUCTS, type Product, signersOf } from './cross-products.ts';
import { createCrossWorld } from './cross-world.ts';
import { runDialects } from './running-dialects.ts';

describe('a dialect', () => {
  it.each(BUILT_IN.map((product) => [product.name, product] as const))(
    '%s may stand at the root, and the others stay where they are',
    async (name, product) => {
      const dialects = BUILT_IN.flatMap(({ dialect }) => dialect ?? []);
      const rooted = await runDialects(dialects, { rootDialect: name });
      try {
        const bearer = { authorization: `Bearer ${rooted.bootstrapKey}` };
        const payload = JSON.stringify(product.creation(rooted.receiver.url));
        const headers = { ...bearer, 'content-type': 'application/json' };
        const made = await rooted.http.inject({ method: 'POST', url: product.collection, headers, payload });
        expect(made.statusCode).toBe(201);
        for (const other of PRODUCTS) {
          const prefix = other.name === 'native' ? '/hookring/v1' : other.name === name ? '' : `/${other.name}`;
          const list = await rooted.http.inject({ url: `${prefix}${other.collection}`, headers: bearer });
          expect([other.name, list.statusCode]).toEqual([other.name, 200]);
          const [endpoint] = other.listOf(list.json());
          const url = `${prefix}${other.rotation(other.idOf(endpoint))}`;
          const rotated = await rooted.http.inject({ method: 'POST', url, headers: bearer });
          expect([other.name, rotated.statusCode]).toEqual([other.name, 200]);
          const lost = await rooted.http.inject({ url: `${prefix}/nothing`, headers: bearer });
          expect([other.name, lost.statusCode, other.codeOf(lost.json())]).toEqual([
            other.name,
            ...(other.words.not_found ?? []),
          ]);
        }
        const document = await rooted.http.inject({ url: '/openapi.json' });
        expect(Object.keys(document.json().paths)).toContain(product.collection);
      } finally {
        await rooted.stop();
      }
    },
  );

  it("of a user's own answers by its host name, and knows the endpoints of the others", async () => {
    const acme = acmeDialect({ mount: { host: 'hooks.acme.example' } });
    const dialects = BUILT_IN.flatMap(({ dialect }) => dialect ?? []);
    const running = await runDialects([...dialects, acme]);
    try {
      const world = createCrossWorld(running, dialects);
      const dinie = BUILT_IN.at(-1) as Product;
      const tenant = await world.newTenant();
      await world.create(dinie, tenant);
      const authorization = `Bearer ${tenant.token}`;
      const at = async (host: string | null, method: 'GET' | 'POST', url: string) =>
        await running.http.inject({ method, url, headers: { authorization, ...(host === null ? {} : { host }) } });

      for (const host of ['hooks.acme.example', 'hooks.acme.example:8484', 'HOOKS.acme.example']) {
        const list = await at(host, 'GET', '/hooks');
        expect([host, list.statusCode, list.json().hooks.length]).toEqual([host, 200, 1]);
      }
      const own = 'hooks.acme.example';
      const [hook] = (await at(own, 'GET', '/hooks')).json().hooks;
      expect(hook).toMatchObject({ target: running.receiver.url, topics: ['loan.created'] });
      const renewed = await at(own, 'POST', `/hooks/${hook.id}/renew`);
      const request = await world.deliver('loan.created', tenant);
      expect(signersOf(dinie, { renewed: renewed.json().key }, request)).toEqual(['renewed', 'unknown']);

      // On its own host there is nobody else, and elsewhere it stands below its name.
      for (const path of ['/nothing', '/v1/endpoints', '/dinie/webhooks/endpoints']) {
        const lost = await at(own, 'GET', path);
        expect([path, lost.statusCode, lost.json().oops]).toEqual([path, 404, 'not_found']);
      }
      for (const host of [null, 'hooks.acme.example.evil', 'example']) {
        const elsewhere = await at(host, 'GET', '/hooks');
        expect([host, elsewhere.statusCode, elsewhere.json().code]).toEqual([host, 404, 'not_found']);
      }
      expect((await at(null, 'GET', '/acme/hooks')).statusCode).toBe(200);
      expect(running.crashes).toEqual([]);
    } finally {
      await running.stop();
    }
  });
});
