import { describe, expect, it } from 'vitest';
import { standardWebhooks } from './built-in-profiles.ts';
import { compileProfile } from './compiled-profile.ts';

describe('compileProfile', () => {
  it('remembers a frozen profile', () => {
    expect(compileProfile(standardWebhooks)).toBe(compileProfile(standardWebhooks));
  });

  it('never remembers a profile that can still change', () => {
    const profile = { ...standardWebhooks, joiner: ' ' };
    expect(compileProfile(profile).profile.joiner).toBe(' ');
    profile.joiner = ';';
    expect(compileProfile(profile).profile.joiner).toBe(';');
    profile.joiner = '=';
    expect(() => compileProfile(profile)).toThrow(TypeError);
  });

  it('knows which characters an id may not hold', () => {
    expect(compileProfile(standardWebhooks).separatorsOfId).toEqual(['.']);
    const middle = { ...standardWebhooks, content: '{timestamp}:{id}/{body}' };
    expect(compileProfile(middle).separatorsOfId).toEqual([':', '/']);
  });
});
