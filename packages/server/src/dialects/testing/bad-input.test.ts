import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { dinie } from '../dinie/dinie.ts';
import { nativeDialect } from '../native/native.ts';
import { type BadInputProduct, badInputCases, commonBadInput } from './bad-input.ts';
import { type CheckedClient, checkedClient } from './checked-client.ts';
import { type RunningDialects, runDialects } from './running-dialects.ts';

// Filled by beforeAll; a test never runs before it.
const natively = {} as { running: RunningDialects; ask: CheckedClient };
const throughDinie = {} as { running: RunningDialects; ask: CheckedClient };

beforeAll(async () => {
  const running = await runDialects([dinie]);
  Object.assign(natively, { running, ask: checkedClient(running, nativeDialect([])) });
  Object.assign(throughDinie, { running, ask: checkedClient(running, dinie) });
});
afterAll(async () => {
  await natively.running.stop();
});
afterEach(() => {
  expect(natively.running.crashes.splice(0)).toEqual([]);
});

const PRODUCTS: readonly BadInputProduct[] = [
  {
    world: natively,
    name: 'native',
    collection: '/endpoints',
    endpoint: '/endpoints/{id}',
    rotation: '/endpoints/{id}/rotate',
    urlField: 'url',
    creation: {},
    idOf: ({ endpoint }) => endpoint.id,
    codeOf: ({ json }) => json.code,
    words: (code) => code,
  },
  {
    world: throughDinie,
    name: 'dinie',
    collection: '/webhooks/endpoints',
    endpoint: '/webhooks/endpoints/{id}',
    rotation: '/webhooks/endpoints/{id}/secret/rotate',
    urlField: 'url',
    creation: {},
    idOf: ({ id }) => id,
    codeOf: ({ json }) => json.code,
    words: (code) => code,
  },
];

for (const product of PRODUCTS) {
  describe(product.name, () => {
    badInputCases(product, commonBadInput(product));
  });
}

describe('the rows that all products share', () => {
  it('have names of their own, so that a failure says which it was', () => {
    const [product] = PRODUCTS;
    if (product === undefined) throw new Error('there is one');
    const names = commonBadInput(product).map(({ name }) => name);
    expect(names.length).toBeGreaterThan(70);
    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
  });
});
