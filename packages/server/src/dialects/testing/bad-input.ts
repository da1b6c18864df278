import { beforeAll, describe, expect, it } from 'vitest';
import { type BadInput, type BadInputProduct, type BadInputScene, makeScene } from './bad-input-scene.ts';

export type { BadInput, BadInputProduct } from './bad-input-scene.ts';
export { commonBadInput } from './common-bad-input.ts';

/**
 * Runs each row as a test: its status, its content type and shape (the checked client looks at those), its code, and
 * that every endpoint of the organization reads the same afterwards, here and natively.
 *
 *     badInputCases(product, [...commonBadInput(product), ...ROWS]);
 */
export function badInputCases(product: BadInputProduct, rows: readonly BadInput[]): void {
  const { world, codeOf, check, collection } = product;
  const endpoints = product.endpoint.replace('{id}', '');

  describe('a refused request', () => {
    let scene: BadInputScene;
    let natively: (path: string) => Promise<string>;

    async function state(): Promise<readonly string[]> {
      const texts = [await world.ask('GET', `${endpoints}${scene.id}`), await world.ask('GET', collection)];
      const native = await natively('/endpoints?limit=200');
      return [...texts.map(({ text }) => text), native];
    }

    beforeAll(async () => {
      const { running } = world;
      natively = async (path) => {
        const answer = await running.http.inject({
          url: `${running.prefixOf(running.native)}${path}`,
          headers: { authorization: `Bearer ${running.bootstrapKey}` },
        });
        if (answer.statusCode !== 200) throw new Error(answer.body);
        return answer.body;
      };
      scene = await makeScene(product);
    });

    it.each(rows)('changes nothing: $name', async ({ method, path, ask = {}, status, code }) => {
      const before = await state();
      const place = path.replace('{id}', scene.id).replace('{foreignId}', scene.foreignId);
      const answer = await world.ask(method, place, typeof ask === 'function' ? ask(scene) : ask);
      expect([answer.status, codeOf(answer)]).toEqual([status, code]);
      check?.(answer);
      expect(await state()).toEqual(before);
    });
  });
}
