import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Sealed } from '../domain/secret.ts';
import { openMasterKeys } from './master-key.ts';
import { createVault, type VaultError } from './vault.ts';

const key = (id: string, fill: number) => ({ id, key: new Uint8Array(32).fill(fill) });

async function vaultOf(...configured: readonly ReturnType<typeof key>[]) {
  return createVault(await openMasterKeys({ configured, databasePath: 'unused' }));
}

function reasonOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    return (error as VaultError).reason;
  }
  return 'none';
}

describe('vault', async () => {
  const vault = await vaultOf(key('a', 1));
  const sealed = vault.seal('whsec_text', 'ep_1', 'sec_1');

  it('opens any text that it sealed', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.string(), fc.string(), (text, owner, id) => {
        expect(vault.unseal(vault.seal(text, owner, id), owner, id)).toBe(text);
      }),
    );
  });

  it('seals the same text differently each time, in base64url that shows nothing of it', () => {
    expect(vault.seal('whsec_text', 'ep_1', 'sec_1')).not.toBe(sealed);
    expect(sealed).toMatch(/^sealed\.[A-Za-z0-9_-]+$/);
    expect(Buffer.from(sealed.slice(7), 'base64url').includes('whsec')).toBe(false);
  });

  it('opens nothing of which any one bit of any byte was changed', () => {
    const bytes = Buffer.from(sealed.slice(7), 'base64url');
    for (let index = 0; index < bytes.length; index += 1) {
      for (let bit = 0; bit < 8; bit += 1) {
        const changed = Buffer.from(bytes);
        changed[index] = (changed[index] ?? 0) ^ (1 << bit);
        const text: Sealed = `sealed.${changed.toString('base64url')}`;
        expect(['malformed', 'unknown_key', 'not_authentic']).toContain(
          reasonOf(() => vault.unseal(text, 'ep_1', 'sec_1')),
        );
      }
    }
  });

  it('opens nothing that was cut short, lengthened or written in another way', () => {
    for (let length = 0; length < sealed.length; length += 1) {
      const cut = sealed.slice(0, length) as Sealed;
      expect(reasonOf(() => vault.unseal(cut, 'ep_1', 'sec_1'))).not.toBe('none');
    }
    for (const changed of [`${sealed}A`, `${sealed}=`, `${sealed} `, sealed.replace('sealed.', 'sealed..')]) {
      expect(reasonOf(() => vault.unseal(changed as Sealed, 'ep_1', 'sec_1'))).not.toBe('none');
    }
  });

  it('opens nothing that was moved to another owner or id', () => {
    for (const [owner, id] of [
      ['ep_2', 'sec_1'],
      ['ep_1', 'sec_2'],
      ['sec_1', 'ep_1'],
      ['ep_1s', 'ec_1'],
      ['', 'ep_1sec_1'],
    ]) {
      expect(reasonOf(() => vault.unseal(sealed, owner ?? '', id ?? ''))).toBe('not_authentic');
    }
  });

  it('says whether a key is missing or another one of the same id', async () => {
    const other = await vaultOf(key('b', 1));
    expect(reasonOf(() => other.unseal(sealed, 'ep_1', 'sec_1'))).toBe('unknown_key');
    const impostor = await vaultOf(key('a', 2));
    expect(reasonOf(() => impostor.unseal(sealed, 'ep_1', 'sec_1'))).toBe('not_authentic');
  });

  it('seals under the first key, opens under all, and knows what is stale', async () => {
    const both = await vaultOf(key('b', 2), key('a', 1));
    expect(both.unseal(sealed, 'ep_1', 'sec_1')).toBe('whsec_text');
    expect([both.isStale(sealed), vault.isStale(sealed)]).toEqual([true, false]);
    const renewed = both.seal('whsec_text', 'ep_1', 'sec_1');
    expect(both.isStale(renewed)).toBe(false);
    expect(reasonOf(() => vault.unseal(renewed, 'ep_1', 'sec_1'))).toBe('unknown_key');
  });
});
