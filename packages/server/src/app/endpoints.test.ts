import { describe, expect, it } from 'vitest';
import type { EndpointId } from '../domain/ids.ts';
import { METADATA_ENTRIES_MAX, METADATA_VALUE_LENGTH_MAX } from '../domain/limits.ts';
import { createEndpoint } from './create-endpoint.ts';
import type { EndpointCap } from './endpoint-cap.ts';
import { archiveEndpoint, countEndpoints, listEndpoints, type PatchEndpointInput, patchEndpoint } from './endpoints.ts';
import { type AppWorld, codeOf, inAppWorld, NEW_ENDPOINT, valueOf } from './testing/app-world.ts';

const THREE_ACTIVE: EndpointCap = { max: 3, of: 'active' };
const THREE_UNARCHIVED: EndpointCap = { max: 3, of: 'unarchived' };
const FULL = 'endpoint_limit_reached';

function acting({ app, caller }: AppWorld) {
  const me = caller();
  const create = (cap: EndpointCap | null = null) => createEndpoint(app, me, { ...NEW_ENDPOINT, cap }, null);
  return {
    me,
    create,
    id: async () => valueOf(await create()).endpoint.id,
    patch: (id: EndpointId, change: PatchEndpointInput, cap: EndpointCap | null = null) =>
      patchEndpoint(app, me, id, change, null, { cap, archived: 'shown' }),
  };
}

describe('a cap on endpoints', () => {
  it(
    'is kept when many are created at once, and only where one is given',
    inAppWorld(async (given) => {
      const { create, me } = acting(given);
      const outcomes = await Promise.all(Array.from({ length: 10 }, () => create(THREE_ACTIVE)));
      expect(outcomes.filter(({ ok }) => ok)).toHaveLength(3);
      expect(outcomes.map(codeOf).filter((code) => code !== null)).toEqual(Array.from({ length: 7 }, () => FULL));
      expect(outcomes.at(-1)).toMatchObject({
        problem: { detail: 'there are 3 active endpoints, and there may be at most 3' },
      });
      expect(codeOf(await create())).toBeNull();
      expect(valueOf(await countEndpoints(given.app, me, 'shown'))).toBe(4);
    }),
  );

  it(
    'counts active endpoints, or all that are not archived',
    inAppWorld(async (given) => {
      const { create, id, patch, me } = acting(given);
      const [one, two] = [await id(), await id(), await id()];
      await patch(one, { status: 'suspended' });
      expect(codeOf(await create(THREE_UNARCHIVED))).toBe(FULL);
      expect(codeOf(await create(THREE_ACTIVE))).toBeNull();
      expect(codeOf(await create(THREE_ACTIVE))).toBe(FULL);
      await archiveEndpoint(given.app, me, two, null, 'shown');
      expect(codeOf(await create(THREE_UNARCHIVED))).toBe(FULL);
      await archiveEndpoint(given.app, me, one, null, 'shown');
      expect(codeOf(await create(THREE_UNARCHIVED))).toBeNull();
    }),
  );

  it(
    'lets a repeated request have its answer again',
    inAppWorld(async ({ app, caller }) => {
      const request = { route: 'POST /endpoints', key: 'k', body: Buffer.from('{}') };
      const input = { ...NEW_ENDPOINT, cap: { max: 1, of: 'active' } as const };
      const first = await createEndpoint(app, caller(), input, request);
      const again = await createEndpoint(app, caller(), input, request);
      expect([valueOf(again).endpoint.id, again.ok && again.replayed]).toEqual([valueOf(first).endpoint.id, true]);
      expect(codeOf(await createEndpoint(app, caller(), input, { ...request, key: 'k2' }))).toBe(FULL);
    }),
  );

  it(
    'of active ones holds when several are resumed at once, and stops no other change',
    inAppWorld(async (given) => {
      const { id, patch } = acting(given);
      const ids = await Promise.all(Array.from({ length: 5 }, id));
      for (const one of ids.slice(1)) await patch(one, { status: 'suspended' });
      const outcomes = await Promise.all(
        ids.slice(1).map((one) => patch(one, { status: 'active', description: 'resumed' }, THREE_ACTIVE)),
      );
      expect(outcomes.map(codeOf)).toEqual([null, null, FULL, FULL]);
      const [active, last] = [ids[0], ids[ids.length - 1]];
      if (active === undefined || last === undefined) throw new Error('five endpoints');
      expect(
        codeOf(await patch(active, { status: 'active', description: 'old' }, { max: 0, of: 'active' })),
      ).toBeNull();
      expect(valueOf(await patch(last, { description: 'new' }, THREE_ACTIVE)).endpoint.description).toBe('new');
      await patch(active, { status: 'suspended' });
      await patch(last, { status: 'suspended' });
      expect(codeOf(await patch(last, { status: 'active' }, { max: 0, of: 'unarchived' }))).toBeNull();
    }),
  );
});

describe('what a dialect keeps beside an endpoint', () => {
  it(
    'is merged by name, and null takes one away',
    inAppWorld(async (given) => {
      const { id, patch } = acting(given);
      const one = await id();
      await patch(one, { extra: { apiVersion: '2026-04-01', color: 'red' } });
      await patch(one, { extra: { color: 'blue', size: 'l' } });
      const { endpoint } = valueOf(await patch(one, { extra: { size: null } }));
      expect(endpoint.extra).toEqual({ apiVersion: '2026-04-01', color: 'blue' });
    }),
  );

  it(
    'has the limits of metadata',
    inAppWorld(async (given) => {
      const { id, patch } = acting(given);
      const one = await id();
      const long = await patch(one, { extra: { a: 'x'.repeat(METADATA_VALUE_LENGTH_MAX + 1) } });
      expect(long).toMatchObject({ problem: { errors: [{ pointer: '/extra/a', code: 'too_long' }] } });
      const entry = (_: unknown, index: number) => [`k${index}`, 'v'];
      const many = Object.fromEntries(Array.from({ length: METADATA_ENTRIES_MAX }, entry));
      expect(codeOf(await patch(one, { extra: many }))).toBeNull();
      expect(await patch(one, { extra: { another: 'v' } })).toMatchObject({
        problem: { errors: [{ pointer: '/extra', code: 'too_many' }] },
      });
    }),
  );
});

describe('a list of endpoints', () => {
  it(
    'goes on after an endpoint by its id, with archived ones or without',
    inAppWorld(async ({ app, caller, ...given }) => {
      const { id, me } = acting({ app, caller, ...given });
      const [old, middle, young] = [await id(), await id(), await id()];
      await archiveEndpoint(app, me, middle, null, 'shown');
      const list = async (after: string | null, archived: 'shown' | 'hidden' = 'shown') =>
        valueOf(await listEndpoints(app, me, { after, itemsMax: 10 }, archived)).items.map((item) => item.endpoint.id);
      expect(await list(null)).toEqual([young, middle, old]);
      expect(await list(null, 'hidden')).toEqual([young, old]);
      expect(await list(middle, 'hidden')).toEqual([old]);
      expect([
        valueOf(await countEndpoints(app, me, 'shown')),
        valueOf(await countEndpoints(app, me, 'hidden')),
      ]).toEqual([3, 2]);
      expect(codeOf(await countEndpoints(app, caller('endpoints:write'), 'shown'))).toBe('missing_scope');
    }),
  );
});
