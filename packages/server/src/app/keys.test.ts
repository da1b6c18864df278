import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { type CreateKeyInput, createKey, listKeys, revokeKey } from './keys.ts';
import { codeOf, inAppWorld, valueOf } from './testing/app-world.ts';

const TOKEN = 'old_live_0123456789';
const IMPORTED: CreateKeyInput = {
  name: 'from the old system',
  scopes: ['events:write'],
  dialect: 'native',
  tokenHash: createHash('sha256').update(TOKEN).digest('hex'),
  hint: 'old_..6789',
  expiresAt: null,
};

describe('a key that is imported by the hash of its token', () => {
  it(
    'is kept as it came, and no token is shown',
    inAppWorld(async ({ app, caller }) => {
      const { key, token } = valueOf(await createKey(app, caller(), IMPORTED, null));
      expect([token, key.tokenHash, key.hint]).toEqual([null, IMPORTED.tokenHash, IMPORTED.hint]);
      expect((await app.store.reader.apiKeyByHash(IMPORTED.tokenHash))?.id).toBe(key.id);
    }),
  );

  it(
    'is taken once, also when it comes many times at once, and tells its own organization which it is',
    inAppWorld(async ({ app, caller }) => {
      const outcomes = await Promise.all(Array.from({ length: 5 }, () => createKey(app, caller(), IMPORTED, null)));
      const [first] = outcomes.filter(({ ok }) => ok);
      if (first === undefined) throw new Error('none was imported');
      const { id } = valueOf(first).key;
      const others = outcomes.filter((outcome) => outcome !== first);
      for (const outcome of others) {
        expect(outcome).toMatchObject({
          problem: {
            code: 'conflict',
            detail: `this token hash was imported before, as ${id}`,
            errors: [{ pointer: '/tokenHash', code: 'already_imported' }],
          },
        });
      }
      expect(others).toHaveLength(4);
      expect(valueOf(await listKeys(app, caller(), { after: null, itemsMax: 9 })).items).toHaveLength(1);
      await revokeKey(app, caller(), id, null);
      expect(await createKey(app, caller(), IMPORTED, null)).toMatchObject({
        problem: { code: 'conflict', detail: expect.stringContaining('revoked'), errors: [{ code: 'taken' }] },
      });
    }),
  );

  it(
    'says to its own organization when it was imported with other scopes, which it keeps',
    inAppWorld(async ({ app, caller }) => {
      const scopes = ['events:write', 'events:read'] as const;
      const { key } = valueOf(await createKey(app, caller(), { ...IMPORTED, scopes }, null));
      const pointers = async (...again: readonly CreateKeyInput['scopes'][number][]) => {
        const outcome = await createKey(app, caller(), { ...IMPORTED, scopes: again }, null);
        return outcome.ok ? null : outcome.problem.errors?.map(({ pointer, code }) => `${pointer} ${code}`);
      };
      const same = ['/tokenHash already_imported'];
      expect(await pointers('events:read', 'events:write', 'events:read')).toEqual(same);
      for (const other of [['events:read'], ['events:read', 'audit:read'], [...scopes, 'audit:read']] as const) {
        expect(await pointers(...other)).toEqual([...same, '/scopes other_scopes']);
      }
      expect((await app.store.reader.apiKey(key.organizationId, key.id))?.scopes).toEqual(scopes);
    }),
  );

  it(
    'tells another organization nothing but that the hash is taken',
    inAppWorld(async ({ world, app, caller }) => {
      const { id } = valueOf(await createKey(app, caller(), IMPORTED, null)).key;
      const organizationId = world.ids.next('org');
      await world.addOrganization(organizationId);
      const neighbour = { ...caller(), organizationId };
      const before = await createKey(app, neighbour, IMPORTED, null);
      expect(before).toMatchObject({
        problem: { code: 'conflict', detail: 'this token hash is taken', errors: [{ code: 'taken' }] },
      });
      await revokeKey(app, caller(), id, null);
      expect(await createKey(app, neighbour, IMPORTED, null)).toEqual(before);
    }),
  );

  it.each([
    [{ tokenHash: 'AB'.repeat(32) }, '/tokenHash'],
    [{ tokenHash: 'ab'.repeat(31) }, '/tokenHash'],
    [{ hint: '' }, '/hint'],
    [{ hint: 'x'.repeat(17) }, '/hint'],
    [{ hint: 'naïve' }, '/hint'],
  ])('is refused with %j', async (changes, pointer) => {
    await inAppWorld(async ({ app, caller }) => {
      const outcome = await createKey(app, caller(), { ...IMPORTED, ...changes }, null);
      expect(outcome).toMatchObject({ problem: { code: 'validation_failed', errors: [{ pointer }] } });
    })();
  });

  it(
    'answers a repeated request with the same key',
    inAppWorld(async ({ app, caller }) => {
      const request = { route: 'POST /keys', key: 'k', body: Buffer.from('{}') };
      const first = valueOf(await createKey(app, caller(), IMPORTED, request));
      expect(valueOf(await createKey(app, caller(), IMPORTED, request))).toEqual(first);
      expect(codeOf(await createKey(app, caller(), IMPORTED, { ...request, key: 'k2' }))).toBe('conflict');
    }),
  );
});
