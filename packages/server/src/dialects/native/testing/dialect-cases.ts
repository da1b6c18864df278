import { describe, expect, it } from 'vitest';
import { createKey, type NativeWorld } from './native-world.ts';

export function dialectCases(world: NativeWorld): void {
  describe('dialects', () => {
    it('are listed for any key, with where they stand and how they call their scopes', async () => {
      const { token } = await createKey(world, ['audit:read']);
      const { status, json } = await world.ask('GET', '/dialects', { token });
      expect(status).toBe(200);
      expect(json.items).toEqual([
        {
          name: 'native',
          title: 'Hookring',
          version: '1',
          prefix: '/v1',
          host: null,
          tokenPrefix: 'hk_live_',
          scopes: expect.arrayContaining(['endpoints:read', 'operator']),
        },
        {
          name: 'acme',
          title: 'Acme',
          version: '7',
          prefix: '/acme',
          host: null,
          tokenPrefix: 'ac_live_',
          scopes: ['hooks:read', 'hooks:write'],
        },
      ]);
    });
  });
}
