import { describe, expect, it } from 'vitest';
import { hearing, populate, SUSPENDED, statusChange } from '../contract/fixtures.ts';
import { type Applied, type Store, StoreUnavailable } from '../port.ts';
import { type CutProxy, startCutProxy } from './testing/cut-proxy.ts';
import { withNodes } from './testing/nodes.ts';

/** One store whose connections can be cut, and one that is next to the server. */
async function withCut(
  test: (parts: { far: Store; near: Store; proxy: CutProxy }) => Promise<void>,
  isSilent = true,
): Promise<void> {
  await withNodes(async (nodes) => {
    const proxy = await startCutProxy(nodes.url);
    try {
      const far = await nodes.open({ isSilent, url: proxy.url });
      await test({ far, near: await nodes.open({ isSilent: true }), proxy });
      await far.close();
    } finally {
      await proxy.close();
    }
  });
}

async function refusalOf(applied: Promise<Applied>): Promise<unknown> {
  return await applied.then(
    (answer) => answer,
    (error: unknown) => (error instanceof StoreUnavailable ? error.reason : error),
  );
}

describe('a change whose connection breaks', () => {
  it('at the commit is refused, and known to this node as soon as it reads what changed', () =>
    withCut(async ({ far, near, proxy }) => {
      const { endpoint: one } = await populate(far, 1);
      await far.currency.renew();
      const heard = hearing(far);
      proxy.cutNext('COMMIT', 'after');
      expect(await refusalOf(far.apply([statusChange(one, SUSPENDED)]))).toBe('commit_failed');
      expect([proxy.cuts, heard]).toEqual([1, []]);
      // It did happen.
      expect((await near.reader.endpointById(one.id))?.endpoint.status.kind).toBe('suspended');
      expect(await far.currency.renew()).toBe(true);
      expect(heard).toEqual([
        expect.objectContaining({ kind: 'endpoint', endpoint: { ...one, status: SUSPENDED, version: 2 } }),
      ]);
      expect(await refusalOf(far.apply([statusChange(one, SUSPENDED)]))).toEqual({
        kind: 'conflict',
        command: 'endpoint.put',
      });
    }));

  it('before the commit arrived is refused all the same, and is not tried again behind the back of the caller', () =>
    withCut(async ({ far, near, proxy }) => {
      const { endpoint: one } = await populate(far, 1);
      proxy.cutNext('COMMIT', 'before');
      expect(await refusalOf(far.apply([statusChange(one, SUSPENDED)]))).toBe('commit_failed');
      expect((await near.reader.endpointById(one.id))?.endpoint.status.kind).toBe('active');
      expect(await refusalOf(far.apply([statusChange(one, SUSPENDED)]))).toEqual({ kind: 'applied' });
    }));

  it('earlier is tried again, and applied once', () =>
    withCut(async ({ far, near, proxy }) => {
      const { endpoint: one } = await populate(far, 1);
      for (const [index, cut] of (['before', 'after'] as const).entries()) {
        const version = index + 1;
        // Of a row that is written before the commit. A connection that knows the statement sends its name alone.
        proxy.cutNext(`cut ${cut}`, cut);
        const change = { ...one, url: `https://example.com/cut ${cut}`, version: version + 1 };
        const put = { kind: 'endpoint.put', endpoint: change, expectedVersion: version, resetHealth: false } as const;
        expect(await refusalOf(far.apply([put]))).toEqual({ kind: 'applied' });
        const stored = await near.reader.endpointById(one.id);
        expect(stored?.endpoint).toMatchObject({ url: change.url, version: version + 1 });
      }
      expect(proxy.cuts).toBe(2);
    }, false));
});
