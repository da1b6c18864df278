import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type AddressMatcher, checkEndpointUrl } from './endpoint-url.ts';
import { URL_LENGTH_MAX } from './limits.ts';

const CLOSED: AddressMatcher = { isEmpty: true, matches: () => false };
const LOOPBACK_OPEN: AddressMatcher = {
  isEmpty: false,
  matches: (address) => address.startsWith('127.') || address === '::1',
};
const strict = { allowHttp: false, allowPrivate: CLOSED };

function codeOf(text: string, rules: Parameters<typeof checkEndpointUrl>[1] = strict): string | null {
  const check = checkEndpointUrl(text, rules);
  return check.ok ? null : check.code;
}

describe('checkEndpointUrl', () => {
  it.each([
    ['https://example.com', 'https://example.com/'],
    ['HTTPS://Example.COM:443/a/../b?x=1', 'https://example.com/b?x=1'],
    ['https://example.com:8443/hook', 'https://example.com:8443/hook'],
    ['https://example.com./hook', 'https://example.com/hook'],
    ['https://bücher.example/ä', 'https://xn--bcher-kva.example/%C3%A4'],
    ['https://ex%61mple.com/', 'https://example.com/'],
    ['https://under_score.example.com/', 'https://under_score.example.com/'],
    ['https://example.com/@user', 'https://example.com/@user'],
    ['http://localhost:3000/hook', 'http://localhost:3000/hook'],
    ['http://localhost.:3000/hook', 'http://localhost:3000/hook'],
  ])('accepts %s as %s', (text, url) => {
    expect(checkEndpointUrl(text, strict)).toEqual({ ok: true, url });
  });

  it.each([
    ['http://example.com/', 'url_scheme'],
    ['ftp://example.com/', 'url_scheme'],
    ['javascript:alert(1)', 'url_scheme'],
    ['file:///etc/passwd', 'url_scheme'],
    ['example.com/hook', 'url_scheme'],
    ['', 'url_scheme'],
    ['https:example.com', 'url_invalid'],
    ['https:///example.com', 'url_invalid'],
    ['https://', 'url_invalid'],
    ['https://exa mple.com/', 'url_invalid'],
    [' https://example.com/', 'url_invalid'],
    ['https://example.com/\n', 'url_invalid'],
    ['ht\ttps://example.com/', 'url_invalid'],
    ['https://example.com\\@127.0.0.1/', 'url_invalid'],
    ['https://example.com:99999/', 'url_invalid'],
    ['https://user@example.com/', 'url_credentials'],
    ['https://user:pass@example.com/', 'url_credentials'],
    ['https://@example.com/', 'url_credentials'],
    ['https://example.com/#part', 'url_fragment'],
    ['https://example.com/#', 'url_fragment'],
    ['https://example.com:22/', 'url_port'],
    ['https://example.com:0/', 'url_port'],
    ['https://example.com:6667/', 'url_port'],
    ['https://8.8.8.8/', 'url_ip_literal'],
    ['https://[2606:4700::1111]/', 'url_ip_literal'],
    ['https://metadata.google.internal/', 'url_host'],
    ['https://printer.local/', 'url_host'],
    ['https://db.internal./', 'url_host'],
    ['https://intranet/', 'url_host'],
    ['https://a..b.example/', 'url_host'],
    ['https://example.com../', 'url_host'],
    ['https://-dash.example/', 'url_host'],
    ['https://wild.*.example/', 'url_host'],
    [`https://${'a'.repeat(64)}.example/`, 'url_host'],
    [`https://${'abcdefgh.'.repeat(30)}example/`, 'url_host'],
  ])('refuses %j with %s', (text, code) => {
    expect(codeOf(text)).toBe(code);
  });

  it('counts the length as sent and as written', () => {
    const path = 'a'.repeat(URL_LENGTH_MAX - 'https://example.com/'.length);
    expect(codeOf(`https://example.com/${path}`)).toBeNull();
    expect(codeOf(`https://example.com/${path}a`)).toBe('url_too_long');
    expect(codeOf(`https://example.com/${'ä'.repeat(1_000)}`)).toBe('url_too_long');
  });

  it('lets http through where the operator allows it', () => {
    expect(codeOf('http://example.com/', { ...strict, allowHttp: true })).toBeNull();
    expect(codeOf('ftp://example.com/', { ...strict, allowHttp: true })).toBe('url_scheme');
  });

  it('lets a literal through, also over http, only inside an opened range', () => {
    const rules = { allowHttp: false, allowPrivate: LOOPBACK_OPEN };
    expect(checkEndpointUrl('http://127.1:9999/x', rules)).toEqual({ ok: true, url: 'http://127.0.0.1:9999/x' });
    expect(codeOf('http://[::1]:9999/x', rules)).toBeNull();
    expect(codeOf('https://10.0.0.1/', rules)).toBe('url_ip_literal');
    expect(codeOf('http://127.0.0.1:22/', rules)).toBe('url_port');
  });

  it('lets private names through once a range is open, metadata names never', () => {
    const rules = { allowHttp: false, allowPrivate: LOOPBACK_OPEN };
    expect(codeOf('https://receiver:8443/', rules)).toBeNull();
    expect(codeOf('https://host.docker.internal/', rules)).toBeNull();
    expect(codeOf('http://receiver:8080/', rules)).toBe('url_scheme');
    expect(codeOf('https://metadata.google.internal/', rules)).toBe('url_host');
    expect(codeOf('https://METADATA.google.internal./', rules)).toBe('url_host');
  });

  it('writes an accepted URL in a form that it accepts unchanged', () => {
    const host = fc.stringMatching(/^[a-z0-9.-]{1,30}$/).map((name) => `${name}.example`);
    fc.assert(
      fc.property(
        fc.oneof(
          fc.webUrl({ withQueryParameters: true }),
          host.map((h) => `https://${h}/x`),
        ),
        (text) => {
          const first = checkEndpointUrl(text, strict);
          if (first.ok) expect(checkEndpointUrl(first.url, strict)).toEqual(first);
        },
      ),
      { numRuns: 50 },
    );
  });

  it('never throws and never accepts a literal or credentials, whatever the text', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string().map((rest) => `https://${rest}`),
      fc.ipV4().map((ip) => `https://${ip}/`),
    );
    fc.assert(
      fc.property(text, (sent) => {
        const check = checkEndpointUrl(sent, strict);
        if (!check.ok) return;
        const url = new URL(check.url);
        expect([url.username, url.password, url.hash]).toEqual(['', '', '']);
        expect(url.hostname).not.toMatch(/^\[|^[\d.]+$/);
      }),
    );
  });
});
