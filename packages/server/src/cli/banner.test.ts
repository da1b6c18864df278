import { describe, expect, it } from 'vitest';
import { banner } from './banner.ts';

const URL = 'http://127.0.0.1:8484';
const config = { bootstrapKey: null, rootDialect: null, role: 'all' } as const;
const acme = { name: 'acme', mount: 'root' } as const;

describe('the banner', () => {
  it('says nothing of places while all is where it usually is', () => {
    const text = banner({ url: URL, firstKey: 'hk_live_x', nativePrefix: '/v1' }, { config, dialects: [] });
    expect(text).not.toContain('root');
    expect(text).toContain(`curl -sS ${URL}/v1/events`);
  });

  it.each([
    ['acme', { ...config, rootDialect: null }],
    ['dinie', { ...config, rootDialect: 'dinie' }],
  ])('names %s when it stands at the root, whoever put it there', (name, own) => {
    const moved = { url: URL, firstKey: null, nativePrefix: '/hookring/v1' };
    const text = banner(moved, { config: own, dialects: [{ name: 'other', mount: { prefix: '/other' } }, acme] });
    expect(text).toContain(`At its root stands ${name}: ${URL}/docs\n`);
    expect(text).toContain(`curl -sS ${URL}/hookring/v1/events`);
    expect(text).not.toContain(`${URL}/v1`);
  });

  it('promises no API of a worker', () => {
    const setup = { config: { ...config, role: 'worker' as const }, dialects: [] };
    const text = banner({ url: URL, firstKey: null, nativePrefix: '/v1' }, setup);
    expect(text).toContain(`${URL} has /healthz, /readyz and /metrics, and no API`);
    expect(text).not.toContain('curl');
  });
});
