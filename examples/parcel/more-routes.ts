import {
  createEndpoint,
  cursorPages,
  type DialectRoute,
  keyRoute,
  listEndpoints,
  perform,
  Refusal,
  refused,
  resendDelivery,
  rotateEndpointSecret,
  route,
  shownSecretText,
  Type,
  typeIds,
} from 'hookring';

const hookId = typeIds('ep', 'hook');
const dropId = typeIds('dlv', 'drop');
const STRICT = { additionalProperties: false };
const Name = Type.Object({ id: Type.String() }, STRICT);

const list = route({
  method: 'GET',
  path: '/hooks',
  operation: listEndpoints,
  operationId: 'listHooks',
  summary: 'List hooks, newest first',
  tag: 'hooks',
  page: cursorPages({ itemsDefault: 10, itemsMax: 50 }),
  status: 200,
  response: Type.Object({ hooks: Type.Array(Name), next: Type.Union([Type.String(), Type.Null()]) }, STRICT),
  decode: ({ page }) => ({ page }),
  encode: ({ items }, { next }) => ({ hooks: items.map(({ endpoint }) => ({ id: hookId.encode(endpoint.id) })), next }),
});

const sample = route({
  method: 'POST',
  path: '/samples',
  operation: createEndpoint,
  operationId: 'sample',
  summary: 'A hook on the sample plan, which has two hooks at most',
  tag: 'hooks',
  request: { body: Type.Object({ target: Type.String() }, STRICT) },
  status: 201,
  response: Name,
  refusals: [409],
  // Past it the refusal is `endpoint_limit_reached`; the key is told later, by a roll.
  decode: ({ body }) => ({ settings: { url: body.target }, cap: { max: 2, of: 'unarchived' } }),
  encode: ({ endpoint }) => ({ id: hookId.encode(endpoint.id) }),
});

const resend = route({
  method: 'POST',
  path: '/drops/{id}/resend',
  operation: resendDelivery,
  operationId: 'resendDrop',
  summary: 'Send a drop again',
  tag: 'drops',
  ids: { id: dropId },
  status: 202,
  response: Type.Object({ id: Type.String(), status: Type.String() }, STRICT),
  decode: ({ ids }) => ({ deliveryId: ids.id, waiting: 'refused' }),
  encode: ({ delivery, shown }) => ({ id: dropId.encode(delivery.id), status: shown }),
});

const rollBoth = keyRoute({
  method: 'POST',
  path: '/hooks/{a}/and/{b}/roll',
  operationId: 'rollBoth',
  summary: 'New keys for two hooks',
  tag: 'hooks',
  scopes: ['secrets:rotate'],
  idempotent: true,
  request: { params: Type.Object({ a: Type.String(), b: Type.String() }) },
  responses: { 200: Type.Object({ keys: Type.Array(Type.String()) }, STRICT) },
  async handle(context, { params }) {
    const keys: string[] = [];
    for (const text of [params.a, params.b]) {
      const endpointId = hookId.decode(text);
      if (endpointId === null) return refused('not_found', 'no such hook');
      const rolled = await perform(context, rotateEndpointSecret, { endpointId });
      if (!rolled.ok) return rolled;
      const key = shownSecretText(rolled.value.secret);
      if (Refusal.is(key)) return key;
      keys.push(key);
    }
    return { ok: true, status: 200, body: { keys } };
  },
});

export const moreRoutes: readonly DialectRoute[] = [list, sample, resend, rollBoth];
